//! Where the image is in physical memory: behind OpenSBI, where QEMU puts it. The rest of the layout is
//! [`crate::arch::bare::layout`]'s.

pub(crate) use crate::arch::bare::layout::*;

/// The image's virtual minus its physical addresses.
pub(super) const IMAGE_OFFSET: usize = 0xffff_ffff_0000_0000;

/// The same, for what both machines share.
pub(crate) fn image_offset() -> usize {
    IMAGE_OFFSET
}
