//! mlock and its family: memory that stays where it is.
//!
//! Nothing is ever paged out, so locking is bringing in, and remembering it for those who ask (`VmLck`, msync). What may
//! be locked is limited as on Linux, but by each call on its own: what a process has locked so far is not counted against
//! the limit.

use base::{Error, Result};
use hal::PAGE_SIZE;
use mem::AddressSpace;
use proc::Resource;

use super::advice::populate;
use super::space;
use crate::arguments::flags_argument;
use crate::call::Call;
use crate::state::ProcessState;

flags_argument! {
    /// `MLOCK_*`.
    pub struct LockFlags: u32 {
        /// Only what is touched.
        const ON_FAULT = 1;
    }
}

flags_argument! {
    /// `MCL_*`.
    pub struct LockAllFlags: u32 {
        /// What is mapped now.
        const CURRENT = 1;
        /// What will be mapped.
        const FUTURE = 2;
        /// Of these, only what is touched.
        const ON_FAULT = 4;
    }
}

/// The pages a range touches, as start and length; `ENOMEM` where not all of it is mapped.
fn mapped_pages(space: &AddressSpace, address: usize, length: usize) -> Result<(usize, usize)> {
    let start = address - address % PAGE_SIZE;
    let end = address.checked_add(length).ok_or(Error::InvalidArgument)?;
    let length = (end - start)
        .checked_next_multiple_of(PAGE_SIZE)
        .ok_or(Error::InvalidArgument)?;
    space.check_mapped(start, length)?;
    Ok((start, length))
}

/// Whether the caller may lock so many bytes (`RLIMIT_MEMLOCK`).
fn check_limit(call: &Call<'_>, bytes: usize) -> Result<()> {
    let process = call.process();
    if process.credentials().is_superuser() {
        return Ok(());
    }
    match process.limits().soft(Resource::LockedMemory) {
        0 => Err(Error::NotPermitted),
        limit if bytes as u64 > limit => Err(Error::OutOfMemory),
        _ => Ok(()),
    }
}

/// mlock(2).
pub(crate) fn mlock(call: &mut Call<'_>, address: usize, length: usize) -> Result<usize> {
    mlock2(call, address, length, LockFlags::empty())
}

/// mlock2(2).
pub(crate) fn mlock2(
    call: &mut Call<'_>,
    address: usize,
    length: usize,
    flags: LockFlags,
) -> Result<usize> {
    let within = length.saturating_add(address % PAGE_SIZE);
    check_limit(call, within.div_ceil(PAGE_SIZE).saturating_mul(PAGE_SIZE))?;
    if length > 0 {
        let space = space(call)?;
        let (start, length) = mapped_pages(&space, address, length)?;
        space.set_locked(start, length, true)?;
        if !flags.contains(LockFlags::ON_FAULT) {
            populate(&space, start, length);
        }
    }
    Ok(0)
}

/// munlock(2).
pub(crate) fn munlock(call: &mut Call<'_>, address: usize, length: usize) -> Result<usize> {
    if length > 0 {
        let space = space(call)?;
        let (start, length) = mapped_pages(&space, address, length)?;
        space.set_locked(start, length, false)?;
    }
    Ok(0)
}

/// mlockall(2).
pub(crate) fn mlockall(call: &mut Call<'_>, flags: LockAllFlags) -> Result<usize> {
    let what = flags.difference(LockAllFlags::ON_FAULT);
    if what.is_empty() {
        return Err(Error::InvalidArgument);
    }
    let space = space(call)?;
    let all = space.statistics().virtual_bytes;
    let wanted = if what.contains(LockAllFlags::CURRENT) {
        all
    } else {
        0
    };
    check_limit(call, wanted)?;
    let now = !flags.contains(LockAllFlags::ON_FAULT);
    let future = what.contains(LockAllFlags::FUTURE) && now;
    ProcessState::of(call.process())?.set_maps_at_once(future);
    if what.contains(LockAllFlags::CURRENT) {
        space.set_locked(0, hal::USER_END, true)?;
    }
    if what.contains(LockAllFlags::CURRENT) && now {
        let areas: alloc::vec::Vec<_> = space.areas().map(|area| (area.start, area.end)).collect();
        for (start, end) in areas {
            populate(&space, start, end - start);
        }
    }
    Ok(0)
}

/// munlockall(2).
pub(crate) fn munlockall(call: &mut Call<'_>) -> Result<usize> {
    ProcessState::of(call.process())?.set_maps_at_once(false);
    space(call)?.set_locked(0, hal::USER_END, false)?;
    Ok(0)
}
