//! Waiting for signals: rt_sigsuspend, rt_sigtimedwait.

use base::{Error, Result};
use mem::user::{UserPtr, UserSlice};
use proc::EventSet;

use crate::call::Call;
use crate::layout::{SIGNAL_SET_SIZE, SignalInformation, TimeSpecification};

/// rt_sigsuspend(2): ends only by a handler.
pub(crate) fn rt_sigsuspend(call: &mut Call<'_>, mask: UserSlice) -> Result<usize> {
    if mask.length != SIGNAL_SET_SIZE {
        return Err(Error::InvalidArgument);
    }
    let set = EventSet(UserPtr::<u64>::from(mask.address).read()?);
    Err(call.task.suspend_until_event(set))
}

/// rt_sigtimedwait(2).
pub(crate) fn rt_sigtimedwait(
    call: &mut Call<'_>,
    set: UserPtr<u64>,
    information: UserPtr<SignalInformation>,
    timeout: UserPtr<TimeSpecification>,
    size: usize,
) -> Result<usize> {
    if size != SIGNAL_SET_SIZE {
        return Err(Error::InvalidArgument);
    }
    let wanted = EventSet(set.read()?);
    let deadline = match timeout.non_null() {
        Some(timeout) => Some(base::time::now() + timeout.read()?.to_duration()?),
        None => None,
    };
    let info = call.task.wait_for_event(wanted, deadline)?;
    if let Some(information) = information.non_null() {
        information.write(&SignalInformation::of(&info))?;
    }
    Ok(info.event.number().into())
}

/// restart_syscall(2): the kernel never asks programs to make this call, since an interrupted call
/// is simply made again; one that does is told what Linux tells it.
pub(crate) fn restart_syscall(_call: &mut Call<'_>) -> Result<usize> {
    Err(Error::Interrupted)
}
