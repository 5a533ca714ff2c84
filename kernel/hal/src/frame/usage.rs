//! What the kernel itself uses pages for, counted where whole pages come and go.

use core::sync::atomic::{AtomicUsize, Ordering};

/// Pages that hold something of the kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KernelPages {
    /// The heap: small objects' pages and large blocks.
    pub heap: usize,
    /// Page tables of programs.
    pub page_tables: usize,
}

/// One of the counts.
pub(crate) struct Pages(AtomicUsize);

/// The heap's pages.
#[cfg_attr(not(target_os = "none"), allow(dead_code))]
pub(crate) static HEAP: Pages = Pages(AtomicUsize::new(0));
/// Page tables.
#[cfg_attr(not(target_os = "none"), allow(dead_code))]
pub(crate) static PAGE_TABLES: Pages = Pages(AtomicUsize::new(0));

#[cfg_attr(not(target_os = "none"), allow(dead_code))]
impl Pages {
    /// Some more pages.
    pub(crate) fn add(&self, count: usize) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// Some pages were given back.
    pub(crate) fn remove(&self, count: usize) {
        self.0.fetch_sub(count, Ordering::Relaxed);
    }
}

/// The counts at this moment; zeros on the hosted backend, which has neither.
pub fn kernel_pages() -> KernelPages {
    KernelPages {
        heap: HEAP.0.load(Ordering::Relaxed),
        page_tables: PAGE_TABLES.0.load(Ordering::Relaxed),
    }
}
