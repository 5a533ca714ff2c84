//! Where the image is in physical memory: at any multiple of 2 MiB, known from the first instruction
//! on. The rest of the layout is [`crate::arch::bare::layout`]'s.

use core::sync::atomic::{AtomicUsize, Ordering};

pub(crate) use crate::arch::bare::layout::*;

/// The image's virtual minus its physical addresses.
static IMAGE_OFFSET: AtomicUsize = AtomicUsize::new(0);

/// Notes where the image was loaded; the first thing that Rust code does.
pub(super) fn set_image_physical(physical: usize) {
    IMAGE_OFFSET.store(image().start.wrapping_sub(physical), Ordering::Relaxed);
}

/// The image's virtual minus its physical addresses.
pub(crate) fn image_offset() -> usize {
    IMAGE_OFFSET.load(Ordering::Relaxed)
}
