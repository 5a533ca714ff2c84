//! Memory that a device reads and writes.

use crate::OutOfMemory;

/// Physically contiguous memory shared with a device. Its bytes are copied in and out.
pub struct DmaBuffer {
    length: usize,
}

impl DmaBuffer {
    /// A zeroed buffer of `pages` pages.
    pub fn allocate(pages: usize) -> Result<DmaBuffer, OutOfMemory> {
        let _ = pages;
        Err(OutOfMemory)
    }

    /// The length in bytes.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether the buffer is empty.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }
}
