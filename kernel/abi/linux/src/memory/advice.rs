//! madvise, msync, mincore, membarrier, and the instruction cache.

use alloc::vec::Vec;
use base::{Error, Result};
use hal::PAGE_SIZE;
use hal::user::Access;
use mem::{AddressSpace, Advice, Pattern, Protection};

use super::{page_aligned, space};
use crate::arguments::flags_argument;
use crate::call::Call;

flags_argument! {
    /// `MS_*`.
    pub struct SyncFlags: u32 {
        /// Start writing, do not wait.
        const ASYNC = 1;
        /// Forget other copies.
        const INVALIDATE = 2;
        /// Wait until it is written.
        const SYNC = 4;
    }
}

/// msync(2): what is dirty is on its way by itself, so only `MS_SYNC` has something to do, as on Linux.
pub(crate) fn msync(
    call: &mut Call<'_>,
    address: usize,
    length: usize,
    flags: SyncFlags,
) -> Result<usize> {
    if flags.contains(SyncFlags::ASYNC | SyncFlags::SYNC) {
        return Err(Error::InvalidArgument);
    }
    page_aligned(address)?;
    if length == 0 {
        return Ok(0);
    }
    // Nothing has copies of its own that could be forgotten; locked pages would have to stay.
    if flags.contains(SyncFlags::INVALIDATE) && space(call)?.is_locked(address, length) {
        return Err(Error::Busy);
    }
    if flags.contains(SyncFlags::SYNC) {
        space(call)?.sync(address, length)?;
    } else {
        space(call)?.check_mapped(address, length)?;
    }
    Ok(0)
}

/// madvise(2). Advice that changes what a program sees is carried out or refused; mere hints are
/// checked and forgotten.
pub(crate) fn madvise(
    call: &mut Call<'_>,
    address: usize,
    length: usize,
    advice: i32,
) -> Result<usize> {
    let advice = match advice {
        // Hints about huge pages, merging, dumps, cold pages.
        14..=17 | 20 | 21 => Advice::Normal,
        0 => Advice::Expect(Pattern::Normal),
        1 => Advice::Expect(Pattern::Random),
        2 => Advice::Expect(Pattern::Sequential),
        3 => Advice::WillNeed,
        4 => Advice::DontNeed,
        // FREE: may be zero at once; DONTNEED is the strictest way to honour it.
        8 => Advice::DontNeed,
        10 => Advice::DontFork,
        11 => Advice::DoFork,
        18 => Advice::WipeOnFork,
        19 => Advice::KeepOnFork,
        _ => return Err(Error::InvalidArgument),
    };
    page_aligned(address)?;
    if length > 0 {
        space(call)?.advise(address, length, advice)?;
    }
    Ok(0)
}

/// Touches every page of a range, as far as it goes.
pub(crate) fn populate(space: &AddressSpace, start: usize, length: usize) {
    let Some(protection) = space.protection_at(start) else {
        return;
    };
    let access = if protection.contains(Protection::WRITE) {
        Access::Write
    } else {
        Access::Read
    };
    for address in (start..start + length).step_by(PAGE_SIZE) {
        if space.resolve_fault(address, access).is_err() {
            return;
        }
        base::thread::yield_if_needed();
    }
}

/// mincore(2): one byte a page. What others have brought in of a file only the super-user sees (Linux shows it to those
/// who may write the file).
pub(crate) fn mincore(
    call: &mut Call<'_>,
    address: usize,
    length: usize,
    result: usize,
) -> Result<usize> {
    page_aligned(address)?;
    let pages = length.div_ceil(PAGE_SIZE);
    let all = call.process().credentials().is_superuser();
    // In pieces, so that a huge range needs no huge list.
    for first in (0..pages).step_by(PAGE_SIZE) {
        let count = (pages - first).min(PAGE_SIZE);
        let presence = space(call)?.presence(address + first * PAGE_SIZE, count, all);
        let bytes: Vec<u8> = presence
            .ok_or(Error::OutOfMemory)?
            .into_iter()
            .map(u8::from)
            .collect();
        mem::user::write_bytes(result.saturating_add(first), &bytes)?;
    }
    Ok(0)
}

/// membarrier(2): only the question what there is. Every command would need a way to interrupt the
/// other CPUs and wait for them, and programs have a fallback for kernels without.
pub(crate) fn membarrier(
    _call: &mut Call<'_>,
    command: i32,
    flags: u32,
    _cpu: i32,
) -> Result<usize> {
    if command != 0 || flags != 0 {
        return Err(Error::InvalidArgument);
    }
    Ok(0)
}

/// riscv_flush_icache(2): makes instructions that were just written visible to this thread, or to
/// all threads of the process.
pub(crate) fn riscv_flush_icache(
    _call: &mut Call<'_>,
    _start: usize,
    _end: usize,
    flags: usize,
) -> Result<usize> {
    const LOCAL: usize = 1;
    if flags & !LOCAL != 0 {
        return Err(Error::InvalidArgument);
    }
    hal::user::synchronize_instructions();
    Ok(0)
}
