//! wait4 and waitid.

use base::{Error, Result};
use mem::user::UserPtr;
use object::StatusFlags;
use proc::{ChildChange, Event, ExitStatus, WaitOptions, WaitResult, WaitSelector, WaitStatus};

use super::limits::usage_record;
use crate::arguments::Fd;
use crate::call::Call;
use crate::layout::{ResourceUsage, SignalInformation};

const WNOHANG: u32 = 1;
const WUNTRACED: u32 = 2;
const WEXITED: u32 = 4;
const WCONTINUED: u32 = 8;
const WNOWAIT: u32 = 0x0100_0000;
/// `__WNOTHREAD`: only children of this thread; children belong to the process here, and programs
/// that use it have one thread.
const WNOTHREAD: u32 = 0x2000_0000;
/// `__WALL`.
const WALL: u32 = 0x4000_0000;
/// `__WCLONE`.
const WCLONE: u32 = 0x8000_0000;

fn options(bits: u32) -> WaitOptions {
    const SAME: [(u32, WaitOptions); 7] = [
        (WNOHANG, WaitOptions::NO_HANG),
        (WUNTRACED, WaitOptions::STOPPED),
        (WEXITED, WaitOptions::ENDED),
        (WCONTINUED, WaitOptions::CONTINUED),
        (WNOWAIT, WaitOptions::NO_REAP),
        (WALL, WaitOptions::CLONES_TOO),
        (WCLONE, WaitOptions::CLONES_ONLY),
    ];
    let set = SAME.iter().filter(|(bit, _)| bits & bit != 0);
    set.fold(WaitOptions::empty(), |all, (_, option)| all | *option)
}

/// The status word that `WIFEXITED` and its kin take apart (wait(2)).
pub(crate) fn status_word(status: WaitStatus) -> i32 {
    let number = |event: Event| i32::from(event.number());
    match status {
        WaitStatus::Ended(ExitStatus::Exited(code)) => (code & 0xff) << 8,
        WaitStatus::Ended(ExitStatus::Killed { event, core }) => {
            number(event) | i32::from(core) << 7
        }
        WaitStatus::Stopped(event) => number(event) << 8 | 0x7f,
        WaitStatus::Continued => 0xffff,
    }
}

/// wait4(2).
pub(crate) fn wait4(
    call: &mut Call<'_>,
    pid: i32,
    status: UserPtr<i32>,
    bits: u32,
    usage: UserPtr<ResourceUsage>,
) -> Result<usize> {
    if bits & !(WNOHANG | WUNTRACED | WCONTINUED | WNOTHREAD | WALL | WCLONE) != 0 {
        return Err(Error::InvalidArgument);
    }
    let selector = match pid {
        i32::MIN => return Err(Error::NoSuchProcess),
        -1 => WaitSelector::Any,
        0 => WaitSelector::OwnGroup,
        1.. => WaitSelector::Process(pid as u32),
        _ => WaitSelector::Group(pid.unsigned_abs()),
    };
    let Some(result) = proc::wait(call.task, &selector, options(bits) | WaitOptions::ENDED)? else {
        return Ok(0);
    };
    if let Some(status) = status.non_null() {
        status.write(&status_word(result.status))?;
    }
    if let Some(usage) = usage.non_null() {
        usage.write(&usage_record(&result.usage))?;
    }
    Ok(result.process as usize)
}

fn information(result: &WaitResult) -> SignalInformation {
    let (change, status) = match result.status {
        WaitStatus::Ended(ExitStatus::Exited(code)) => (ChildChange::Exited, code & 0xff),
        WaitStatus::Ended(ExitStatus::Killed { event, core: false }) => {
            (ChildChange::Killed, event.number().into())
        }
        WaitStatus::Ended(ExitStatus::Killed { event, core: true }) => {
            (ChildChange::Dumped, event.number().into())
        }
        WaitStatus::Stopped(event) => (ChildChange::Stopped, event.number().into()),
        WaitStatus::Continued => (ChildChange::Continued, Event::CONTINUE.number().into()),
    };
    SignalInformation::of_child(change, result.process, result.user, status)
}

/// waitid(2).
pub(crate) fn waitid(
    call: &mut Call<'_>,
    kind: i32,
    identifier: i32,
    result: UserPtr<SignalInformation>,
    bits: u32,
    usage: UserPtr<ResourceUsage>,
) -> Result<usize> {
    const ABOUT: u32 = WEXITED | WUNTRACED | WCONTINUED;
    if bits & !(WNOHANG | ABOUT | WNOWAIT | WNOTHREAD | WALL | WCLONE) != 0 || bits & ABOUT == 0 {
        return Err(Error::InvalidArgument);
    }
    let positive = || u32::try_from(identifier).map_err(|_| Error::InvalidArgument);
    let mut options = options(bits);
    let mut does_not_block = false;
    let selector = match kind {
        0 => WaitSelector::Any,
        3 => {
            positive()?;
            let (process, flags) = super::descriptor::process_and_flags(call, Fd(identifier))?;
            if flags.contains(StatusFlags::NONBLOCK) && !options.contains(WaitOptions::NO_HANG) {
                options |= WaitOptions::NO_HANG;
                does_not_block = true;
            }
            WaitSelector::Exactly(process)
        }
        1 => match positive()? {
            0 => return Err(Error::InvalidArgument),
            id => WaitSelector::Process(id),
        },
        2 => match positive()? {
            0 => WaitSelector::OwnGroup,
            id => WaitSelector::Group(id),
        },
        _ => return Err(Error::InvalidArgument),
    };
    let found = proc::wait(call.task, &selector, options)?;
    if found.is_none() && does_not_block {
        return Err(Error::WouldBlock);
    }
    if let Some(result) = result.non_null() {
        let record = found
            .as_ref()
            .map_or_else(SignalInformation::default, information);
        result.write(&record)?;
    }
    if let (Some(usage), Some(found)) = (usage.non_null(), &found) {
        usage.write(&usage_record(&found.usage))?;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_words_are_what_the_macros_expect() {
        assert_eq!(status_word(WaitStatus::Ended(ExitStatus::Exited(7))), 0x700);
        let killed = ExitStatus::Killed {
            event: Event::KILL,
            core: false,
        };
        assert_eq!(status_word(WaitStatus::Ended(killed)), 9);
        let dumped = ExitStatus::Killed {
            event: Event::ABORT,
            core: true,
        };
        assert_eq!(status_word(WaitStatus::Ended(dumped)), 0x86);
        assert_eq!(
            status_word(WaitStatus::Stopped(Event::TERMINAL_STOP)),
            0x147f
        );
        assert_eq!(status_word(WaitStatus::Continued), 0xffff);
    }
}
