//! Why an event happened.

use super::Event;

/// What a memory access or an instruction did wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FaultReason {
    /// Nothing is mapped at the address.
    Unmapped,
    /// Something is, but it does not allow this access.
    Protection,
    /// The mapped object has nothing there (beyond its end), or reading it failed.
    NoObject,
    /// The address is not aligned for the access.
    Misaligned,
    /// The processor does not know the instruction.
    IllegalInstruction,
    /// A breakpoint instruction.
    Breakpoint,
}

/// What a child did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChildChange {
    /// It ended by itself.
    Exited,
    /// An event ended it.
    Killed,
    /// An event ended it, with a core-worthy default action.
    Dumped,
    /// It stopped.
    Stopped,
    /// It goes on.
    Continued,
}

/// Who or what raised an event. The tag is as wide as what follows it, so that a copy is made of whole words.
#[repr(u64)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    /// Another process, by kill.
    Process,
    /// Another process, to one thread.
    Thread,
    /// Another process, with a value, queued.
    Queued,
    /// The kernel itself (a terminal, a broken pipe).
    Kernel,
    /// A timer of the process: its number and how often it ran over.
    Timer {
        /// The timer's identifier.
        identifier: i32,
        /// Expirations that found the event still pending.
        overrun: i32,
    },
    /// The program's own fault.
    Fault(FaultReason),
    /// A child's change.
    Child(ChildChange),
    /// A file that the process asked to hear of: which handle it asked by. The value says what the file is ready for,
    /// as the process's ABI counts it.
    File {
        /// Why, as the process's ABI has it.
        code: i32,
        /// The handle.
        handle: i32,
    },
    /// A code that only the sender's ABI understands (rt_sigqueueinfo).
    Raw(i32),
}

/// An event with its circumstances. Only the fields that belong to its cause mean something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EventInfo {
    /// Which event.
    pub event: Event,
    /// Who or what raised it.
    pub cause: Cause,
    /// The sending process, or the child, as the receiver's namespace numbers it (0: the kernel or out of sight).
    pub sender: u32,
    /// The sender's real user id.
    pub user: u32,
    /// The value that was queued with it.
    pub value: u64,
    /// The address that faulted.
    pub address: usize,
    /// A child's exit status, or the event that stopped, continued or ended it.
    pub status: i32,
    /// A child's processor time in user mode and in the kernel, in nanoseconds.
    pub times: (u64, u64),
}

impl EventInfo {
    /// An event raised by the kernel.
    pub fn kernel(event: Event) -> EventInfo {
        EventInfo {
            event,
            cause: Cause::Kernel,
            sender: 0,
            user: 0,
            value: 0,
            address: 0,
            status: 0,
            times: (0, 0),
        }
    }

    /// A program's own fault at an address.
    pub fn fault(event: Event, reason: FaultReason, address: usize) -> EventInfo {
        EventInfo {
            cause: Cause::Fault(reason),
            address,
            ..EventInfo::kernel(event)
        }
    }

    /// Sent by a process: its id in the receiver's namespace and its user.
    pub fn from_process(event: Event, sender: u32, user: u32) -> EventInfo {
        EventInfo {
            cause: Cause::Process,
            sender,
            user,
            ..EventInfo::kernel(event)
        }
    }
}
