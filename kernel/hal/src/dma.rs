//! Memory that a device reads and writes.

use crate::frame::{self, ORDERS, Purpose};
use crate::{OutOfMemory, PAGE_SIZE, arch};

/// Physically contiguous memory shared with a device. Its bytes are copied in and out.
///
/// The device must have been told to leave the memory alone before the buffer is dropped; a
/// driver that cannot be sure of that keeps the buffer ([`DmaBuffer::leak`]).
pub struct DmaBuffer {
    physical: usize,
    order: usize,
}

impl DmaBuffer {
    /// A zeroed buffer of at least `pages` pages.
    pub fn allocate(pages: usize) -> Result<DmaBuffer, OutOfMemory> {
        let order = pages
            .max(1)
            .checked_next_power_of_two()
            .ok_or(OutOfMemory)?
            .trailing_zeros();
        let order = order as usize;
        if order >= ORDERS {
            return Err(OutOfMemory);
        }
        let physical = frame::allocate_block(order, Purpose::Ordinary)?;
        let buffer = Self { physical, order };
        // SAFETY: the block is this buffer's alone, and so long.
        unsafe { arch::fill_bytes(buffer.pointer(), 0, buffer.len()) };
        Ok(buffer)
    }

    /// The length in bytes.
    pub fn len(&self) -> usize {
        PAGE_SIZE << self.order
    }

    /// Never: a buffer has at least one page.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The address to tell the device.
    pub fn physical(&self) -> usize {
        self.physical
    }

    /// Copies bytes out. Panics beyond the end.
    pub fn read(&self, offset: usize, into: &mut [u8]) {
        self.check(offset, into.len());
        // SAFETY: the range was checked; a device may write meanwhile, to which the copy, being
        // machine code, is indifferent.
        unsafe { arch::copy_bytes(into.as_mut_ptr(), self.pointer().add(offset), into.len()) };
    }

    /// Copies bytes in. Panics beyond the end.
    pub fn write(&self, offset: usize, from: &[u8]) {
        self.check(offset, from.len());
        // SAFETY: as in `read`; nobody holds references into the buffer.
        unsafe { arch::copy_bytes(self.pointer().add(offset), from.as_ptr(), from.len()) };
    }

    /// Never gives the memory back.
    pub fn leak(self) {
        core::mem::forget(self);
    }

    /// The buffer of `pages` pages that was leaked at this address.
    ///
    /// # Safety
    /// It was allocated with that many pages, leaked, and not reclaimed since.
    pub(crate) unsafe fn reclaim(physical: usize, pages: usize) -> DmaBuffer {
        let order = pages.max(1).next_power_of_two().trailing_zeros() as usize;
        Self { physical, order }
    }

    /// Where the kernel reaches it.
    pub(crate) fn pointer(&self) -> *mut u8 {
        arch::physical_to_virtual(self.physical)
    }

    fn check(&self, offset: usize, length: usize) {
        assert!(
            offset <= self.len() && length <= self.len() - offset,
            "beyond the buffer"
        );
    }
}

impl Drop for DmaBuffer {
    fn drop(&mut self) {
        // SAFETY: allocated with this order by `allocate`; the device has let go of it (see the
        // type's documentation: a device that has not can write to memory of others, which no
        // type can prevent without an IOMMU).
        unsafe { frame::release_block(self.physical, self.order) };
    }
}
