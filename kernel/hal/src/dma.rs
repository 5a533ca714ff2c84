//! Memory that a device reads and writes.
//!
//! Two kinds: a [`DmaBuffer`] is contiguous and belongs to one driver (queues, bounce buffers); a
//! [`Segment`] is a piece of a frame that somebody wants filled or stored, and that is lent to a
//! device for one request.

use core::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering};

use crate::frame::{self, Frame, ORDERS, Purpose};
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

/// Single accesses to what a device reads or writes at any moment, in the machine's byte order
/// (little endian on all that we run on). They order nothing by themselves.
macro_rules! words {
    ($load:ident, $store:ident, $type:ty, $atomic:ty) => {
        #[allow(
            dead_code,
            reason = "one pair for each width, whichever a driver needs"
        )]
        impl DmaBuffer {
            /// Reads an aligned word in one access. Panics if misaligned or beyond the end.
            #[inline]
            pub(crate) fn $load(&self, offset: usize) -> $type {
                self.check_word(offset, size_of::<$type>());
                // SAFETY: an aligned word of this buffer, initialised memory that lives as long as
                // the borrow; a device may change it, to which a single access is indifferent.
                unsafe { <$atomic>::from_ptr(self.pointer().add(offset).cast()) }
                    .load(Ordering::Relaxed)
            }

            /// Writes an aligned word in one access. Panics if misaligned or beyond the end.
            #[inline]
            pub(crate) fn $store(&self, offset: usize, value: $type) {
                self.check_word(offset, size_of::<$type>());
                // SAFETY: as above.
                unsafe { <$atomic>::from_ptr(self.pointer().add(offset).cast()) }
                    .store(value, Ordering::Relaxed);
            }
        }
    };
}

words!(load_u8, store_u8, u8, AtomicU8);
words!(load_u16, store_u16, u16, AtomicU16);
words!(load_u32, store_u32, u32, AtomicU32);
words!(load_u64, store_u64, u64, AtomicU64);

impl DmaBuffer {
    #[inline]
    fn check_word(&self, offset: usize, size: usize) {
        assert!(offset.is_multiple_of(size), "a misaligned word");
        self.check(offset, size);
    }
}

/// A piece of a frame that a device fills or stores: offset and length in bytes, within the frame.
/// It owns a share of the frame, so whoever has it keeps the frame alive.
#[derive(Clone)]
pub struct Segment {
    /// Where the bytes are.
    pub frame: Frame,
    /// The first byte's place in the frame.
    pub offset: usize,
    /// How many bytes.
    pub length: usize,
}

impl Segment {
    /// Whether it lies in its frame and has bytes.
    pub fn is_valid(&self) -> bool {
        self.length > 0 && self.offset <= PAGE_SIZE && self.length <= PAGE_SIZE - self.offset
    }

    /// The address to tell the device.
    pub(crate) fn physical(&self) -> usize {
        self.frame.physical() + self.offset
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
