//! `siginfo_t`: from the kernel's account of an event to the record a handler reads, and back for
//! programs that send their own (rt_sigqueueinfo).
//!
//! The union's words hold, by kind: sender and user, then the value; for a child also its status and
//! times; for a fault the address; for a timer its number and overrun (sigaction(2), "The siginfo_t
//! argument to a SA_SIGINFO handler"); for a file what it is ready for and the descriptor.

use base::{Error, Result};
use proc::{Cause, ChildChange, Event, EventInfo, FaultReason};

use super::event;
use crate::layout::*;

/// Two C ints in one word, first one low.
fn pair(first: i32, second: i32) -> u64 {
    u64::from(first as u32) | u64::from(second as u32) << 32
}

/// Nanoseconds in clock ticks.
fn ticks(nanoseconds: u64) -> u64 {
    nanoseconds / (1_000_000_000 / TICKS_PER_SECOND)
}

fn child_code(change: ChildChange) -> i32 {
    match change {
        ChildChange::Exited => 1,
        ChildChange::Killed => 2,
        ChildChange::Dumped => 3,
        ChildChange::Stopped => 5,
        ChildChange::Continued => 6,
    }
}

fn fault_code(reason: FaultReason) -> i32 {
    match reason {
        // SEGV_MAPERR, BUS_ADRALN, ILL_ILLOPC, TRAP_BRKPT.
        FaultReason::Unmapped
        | FaultReason::Misaligned
        | FaultReason::IllegalInstruction
        | FaultReason::Breakpoint => 1,
        // SEGV_ACCERR, BUS_ADRERR.
        FaultReason::Protection | FaultReason::NoObject => 2,
    }
}

impl SignalInformation {
    /// The record of an event.
    pub fn of(info: &EventInfo) -> SignalInformation {
        let sender = pair(info.sender as i32, info.user as i32);
        let mut union = [0; 14];
        let code = match info.cause {
            Cause::Process => SI_USER,
            Cause::Thread => SI_TKILL,
            Cause::Queued => SI_QUEUE,
            Cause::Kernel => SI_KERNEL,
            Cause::Timer { .. } => SI_TIMER,
            Cause::Fault(reason) => fault_code(reason),
            Cause::Child(change) => child_code(change),
            Cause::File { code, .. } => code,
            Cause::Raw(code) => code,
        };
        match info.cause {
            Cause::Process | Cause::Thread => union[0] = sender,
            Cause::Queued | Cause::Raw(_) => {
                union[0] = sender;
                union[1] = info.value;
            }
            Cause::Kernel => {}
            Cause::Timer {
                identifier,
                overrun,
            } => {
                union[0] = pair(identifier, overrun);
                union[1] = info.value;
            }
            Cause::File { handle, .. } => {
                union[0] = info.value;
                union[1] = pair(handle, 0);
            }
            Cause::Fault(_) => union[0] = info.address as u64,
            Cause::Child(_) => {
                union[0] = sender;
                union[1] = pair(info.status, 0);
                union[2] = ticks(info.times.0);
                union[3] = ticks(info.times.1);
            }
        }
        SignalInformation {
            number: info.event.number().into(),
            errno: 0,
            code,
            pad: 0,
            union,
        }
    }

    /// The event of a record that a program made itself. Codes of the kernel and of kill are not its
    /// to use, except towards itself.
    pub fn to_event(&self, number: i32, to_itself: bool) -> Result<EventInfo> {
        if (self.code >= 0 || self.code == SI_TKILL) && !to_itself {
            return Err(Error::NotPermitted);
        }
        let cause = match self.code {
            SI_QUEUE => Cause::Queued,
            code => Cause::Raw(code),
        };
        Ok(EventInfo {
            cause,
            sender: self.union[0] as u32,
            user: (self.union[0] >> 32) as u32,
            value: self.union[1],
            ..EventInfo::kernel(event(number)?)
        })
    }

    /// What waitid tells of a child.
    pub fn of_child(change: ChildChange, pid: u32, user: u32, status: i32) -> SignalInformation {
        let mut union = [0; 14];
        union[0] = pair(pid as i32, user as i32);
        union[1] = pair(status, 0);
        SignalInformation {
            number: Event::CHILD_CHANGED.number().into(),
            errno: 0,
            code: child_code(change),
            pad: 0,
            union,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kill_tells_sender_and_user() {
        let info = EventInfo::from_process(Event::TERMINATE, 7, 1000);
        let record = SignalInformation::of(&info);
        assert_eq!((record.number, record.code), (15, SI_USER));
        assert_eq!(record.union[0], 7 | 1000 << 32);
    }

    #[test]
    fn faults_tell_the_address() {
        let info = EventInfo::fault(Event::SEGMENT_FAULT, FaultReason::Protection, 0x1234);
        let record = SignalInformation::of(&info);
        assert_eq!(
            (record.number, record.code, record.union[0]),
            (11, 2, 0x1234)
        );
    }

    #[test]
    fn nobody_may_pretend_to_be_the_kernel() {
        let forged = SignalInformation {
            code: SI_KERNEL,
            ..SignalInformation::default()
        };
        assert_eq!(forged.to_event(10, false), Err(Error::NotPermitted));
        let queued = SignalInformation {
            code: SI_QUEUE,
            ..SignalInformation::default()
        };
        assert!(queued.to_event(10, false).is_ok());
        assert_eq!(queued.to_event(65, false), Err(Error::InvalidArgument));
    }
}
