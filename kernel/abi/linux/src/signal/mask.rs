//! A signal mask for the length of one call (ppoll, pselect, epoll_pwait).

use base::{Error, Result};
use mem::user::{UserPtr, UserSlice};
use proc::EventSet;

use crate::call::Call;
use crate::layout::SIGNAL_SET_SIZE;

/// Runs `wait` with the program's mask in force, if it gave one. After an interruption the mask
/// stays until the signal has been looked at, because it may be one that only this mask lets in; the
/// old mask then comes back with the handler's return.
pub(crate) fn with_temporary_mask<R>(
    call: &mut Call<'_>,
    mask: UserSlice,
    wait: impl FnOnce(&mut Call<'_>) -> Result<R>,
) -> Result<R> {
    if mask.address == 0 {
        return wait(call);
    }
    if mask.length != SIGNAL_SET_SIZE {
        return Err(Error::InvalidArgument);
    }
    let set = EventSet(UserPtr::<u64>::from(mask.address).read()?);
    call.task.block_temporarily(set);
    let result = wait(call);
    if !matches!(result, Err(Error::Interrupted)) {
        call.task.end_temporary_mask();
    }
    result
}
