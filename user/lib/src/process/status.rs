//! How processes end, and waiting for it.

use crate::io;
use crate::sys;
use core::fmt;
use scarlet_abi::event;
use scarlet_abi::process::{ANY_CHILD, CONTINUED, STOPPED, TERMINATED, WaitFlags, WaitStatus};

/// How a process ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExitStatus {
    /// With this status.
    Code(i32),
    /// By this event.
    Event(u32),
}

impl ExitStatus {
    /// Whether it ended with status 0.
    pub fn success(&self) -> bool {
        *self == ExitStatus::Code(0)
    }

    /// The status, if it ended with one.
    pub fn code(&self) -> Option<i32> {
        match self {
            ExitStatus::Code(code) => Some(*code),
            ExitStatus::Event(_) => None,
        }
    }

    /// As a shell's `$?`: an event counts from 128.
    pub fn shell_status(&self) -> i32 {
        match self {
            ExitStatus::Code(code) => *code,
            ExitStatus::Event(event) => 128 + *event as i32,
        }
    }
}

impl fmt::Display for ExitStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExitStatus::Code(code) => write!(formatter, "status {code}"),
            ExitStatus::Event(number) => {
                match event::NAMES.iter().find(|(known, _, _)| known == number) {
                    Some((_, word, _)) => write!(formatter, "event {word}"),
                    None => write!(formatter, "event {number}"),
                }
            }
        }
    }
}

/// News of a child.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WaitOutcome {
    /// It ended.
    Ended(ExitStatus),
    /// An event stopped it.
    Stopped(u32),
    /// It continued.
    Continued,
}

fn wait(selector: isize, flags: WaitFlags) -> io::Result<Option<(u32, WaitOutcome)>> {
    let mut record = WaitStatus::default();
    if sys::wait(selector, flags.bits(), &mut record)? == 0 {
        return Ok(None);
    }
    let outcome = match record.kind {
        TERMINATED => WaitOutcome::Ended(ExitStatus::Event(record.value)),
        STOPPED => WaitOutcome::Stopped(record.value),
        CONTINUED => WaitOutcome::Continued,
        _ => WaitOutcome::Ended(ExitStatus::Code(record.value as i32)),
    };
    Ok(Some((record.process, outcome)))
}

/// Waits for news of any child; `None` only with `NO_HANG`.
pub fn wait_any(flags: WaitFlags) -> io::Result<Option<(u32, WaitOutcome)>> {
    wait(ANY_CHILD, flags)
}

/// Waits for news of one child; `None` only with `NO_HANG`.
pub fn wait_for(process: u32, flags: WaitFlags) -> io::Result<Option<WaitOutcome>> {
    Ok(wait(process as isize, flags)?.map(|(_, outcome)| outcome))
}
