//! close, close_range, dup, dup3: what happens to the numbers, not to the files.

use alloc::sync::Arc;

use base::{Error, Result};

use crate::arguments::{Fd, flags_argument};
use crate::call::Call;

/// `O_CLOEXEC`, the same on every architecture.
pub(crate) const O_CLOEXEC: u32 = 0o2000000;

flags_argument! {
    /// The one flag of dup3.
    pub struct CloseOnExec: u32 {
        /// The new descriptor is closed by exec.
        const CLOSE_ON_EXEC = O_CLOEXEC;
    }
}

flags_argument! {
    /// `CLOSE_RANGE_*`.
    pub struct CloseRangeFlags: u32 {
        /// First stop sharing the table with other processes.
        const UNSHARE = 1 << 1;
        /// Only mark them to be closed by exec.
        const CLOSE_ON_EXEC = 1 << 2;
    }
}

/// close(2).
pub(crate) fn close(call: &mut Call<'_>, file: Fd) -> Result<usize> {
    let handle = call.handles().remove(file.slot()?)?;
    super::locks::closed(call, &handle);
    drop(handle);
    Ok(0)
}

/// close_range(2).
pub(crate) fn close_range(
    call: &mut Call<'_>,
    first: u32,
    last: u32,
    flags: CloseRangeFlags,
) -> Result<usize> {
    if first > last {
        return Err(Error::InvalidArgument);
    }
    if flags.contains(CloseRangeFlags::UNSHARE) {
        let own = Arc::new(call.handles().fork()?);
        drop(call.process().set_handles(own));
    }
    let handles = call.handles();
    let range = first as usize..=last as usize;
    if flags.contains(CloseRangeFlags::CLOSE_ON_EXEC) {
        for (slot, _) in handles.iter().filter(|(slot, _)| range.contains(slot)) {
            // Another thread may close it in between: then there is nothing to mark.
            let _ = handles.set_close_on_exec(slot, true);
        }
    } else {
        handles.take_where(
            |slot, _| range.contains(&slot),
            |handle| super::locks::closed(call, &handle),
        );
    }
    Ok(0)
}

/// dup(2).
pub(crate) fn dup(call: &mut Call<'_>, file: Fd) -> Result<usize> {
    duplicate(call, file, 0, false)
}

/// A copy in the lowest free slot from `minimum` on: dup and `F_DUPFD`.
pub(super) fn duplicate(
    call: &Call<'_>,
    file: Fd,
    minimum: usize,
    close_on_exec: bool,
) -> Result<usize> {
    let handle = call.handle(file)?.with_close_on_exec(close_on_exec);
    call.handles().insert(handle, minimum)
}

/// dup3(2), which is dup2 for everyone but those who duplicate onto the same number.
pub(crate) fn dup3(call: &mut Call<'_>, old: Fd, new: Fd, flags: CloseOnExec) -> Result<usize> {
    if old == new {
        return Err(Error::InvalidArgument);
    }
    let target = new.slot()?;
    if target >= call.handles().limit() {
        return Err(Error::BadHandle);
    }
    let close_on_exec = flags.contains(CloseOnExec::CLOSE_ON_EXEC);
    let handle = call.handle(old)?.with_close_on_exec(close_on_exec);
    let replaced = call.handles().insert_at(target, handle)?;
    if let Some(replaced) = replaced {
        super::locks::closed(call, &replaced);
    }
    Ok(target)
}
