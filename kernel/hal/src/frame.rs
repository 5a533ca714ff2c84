//! Physical memory: frames with owners.

use crate::OutOfMemory;

/// An owned, reference-counted physical page. Cloning adds an owner; the frame is free again
/// when the last one is dropped. Its bytes are copied in and out, never borrowed, because a
/// program or a device may change them at any moment.
pub struct Frame {
    number: u32,
}

impl Frame {
    /// A frame of zeros.
    pub fn allocate() -> Result<Frame, OutOfMemory> {
        Err(OutOfMemory)
    }

    /// A frame with unspecified (but initialised) contents, for whoever overwrites all of it.
    pub fn allocate_dirty() -> Result<Frame, OutOfMemory> {
        Err(OutOfMemory)
    }

    /// Copies bytes out, from `offset` on. Panics beyond the end of the frame.
    pub fn read(&self, offset: usize, into: &mut [u8]) {
        let _ = (offset, into);
    }

    /// Copies bytes in, from `offset` on. Panics beyond the end of the frame.
    pub fn write(&self, offset: usize, from: &[u8]) {
        let _ = (offset, from);
    }

    /// Sets `length` bytes from `offset` on to `value`. Panics beyond the end of the frame.
    pub fn fill(&self, offset: usize, length: usize, value: u8) {
        let _ = (offset, length, value);
    }

    /// Copies another frame's bytes here.
    pub fn copy_from(&self, source: &Frame) {
        let _ = source;
    }

    /// Reads an aligned word. Panics if misaligned or beyond the end.
    pub fn load_u32(&self, offset: usize) -> u32 {
        let _ = offset;
        0
    }

    /// Writes an aligned word. Panics if misaligned or beyond the end.
    pub fn store_u32(&self, offset: usize, value: u32) {
        let _ = (offset, value);
    }

    /// How many owners the frame has at this moment, page tables included.
    pub fn reference_count(&self) -> usize {
        1
    }

    /// The physical page number.
    pub fn number(&self) -> usize {
        self.number as usize
    }
}

impl Clone for Frame {
    fn clone(&self) -> Self {
        Self {
            number: self.number,
        }
    }
}

/// How much physical memory there is, in pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameStatistics {
    /// Pages the allocator manages, used and free.
    pub total: usize,
    /// Pages that are free.
    pub free: usize,
    /// Pages that never were free: the kernel's image, firmware, and tables about frames.
    pub reserved_by_kernel: usize,
}

/// How much physical memory there is at this moment.
pub fn statistics() -> FrameStatistics {
    FrameStatistics::default()
}

/// Sets what is called (with the number of pages wanted, by the thread that allocates, with no
/// spin lock held) when free memory falls under the low watermark; it returns how many pages it
/// gave back. The first one stays.
pub fn set_reclaimer(reclaimer: fn(usize) -> usize) {
    let _ = reclaimer;
}
