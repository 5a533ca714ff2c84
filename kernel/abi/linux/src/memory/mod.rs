//! Memory: mmap and its family, the break, advice, locking.

pub mod advice;
pub mod heap;
pub mod lock;
pub mod map;
pub mod remap;

use alloc::sync::Arc;
use base::{Error, Result};
use hal::PAGE_SIZE;
use mem::AddressSpace;

use crate::call::Call;

/// The caller's address space.
pub(crate) fn space(call: &Call<'_>) -> Result<Arc<AddressSpace>> {
    call.process().space().ok_or(Error::NoSuchProcess)
}

/// A length rounded up to pages; `EINVAL` for nothing, `ENOMEM` for more than there can be.
pub(crate) fn page_length(length: usize) -> Result<usize> {
    if length == 0 {
        return Err(Error::InvalidArgument);
    }
    length
        .checked_next_multiple_of(PAGE_SIZE)
        .ok_or(Error::OutOfMemory)
}

/// Refuses addresses that are not on a page.
pub(crate) fn page_aligned(address: usize) -> Result<()> {
    if address.is_multiple_of(PAGE_SIZE) {
        Ok(())
    } else {
        Err(Error::InvalidArgument)
    }
}
