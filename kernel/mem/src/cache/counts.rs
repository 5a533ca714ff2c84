//! How many pages the caches of the machine hold, and what bounds the dirty ones.

use core::sync::atomic::{AtomicUsize, Ordering};

use hal::Global;

/// Pages of all caches of the machine.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) cached: AtomicUsize,
    pub(super) stored: AtomicUsize,
    pub(super) dirty: AtomicUsize,
    pub(super) writing: AtomicUsize,
    pub(super) written: AtomicUsize,
    pub(super) dirtied: AtomicUsize,
    pub(super) read: AtomicUsize,
    pub(super) reclaimed: AtomicUsize,
}

pub(super) static COUNTS: Global<Counts> = Global::new(Counts::default);

/// How many pages the page caches of all files hold, those of files that live in memory included.
pub fn cached_pages() -> usize {
    COUNTS.cached.load(Ordering::Relaxed)
}

/// What the caches of the machine's files hold at one moment, and did since it started; all in pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheStatistics {
    /// Pages of all files.
    pub cached: usize,
    /// Those of files that lie on devices: they can be had again.
    pub stored: usize,
    /// Changed, and not yet on their way to the device.
    pub dirty: usize,
    /// On their way to the device.
    pub writing: usize,
    /// Became dirty, since the machine started.
    pub dirtied: usize,
    /// Went to a device, since the machine started.
    pub written: usize,
    /// Came from a device, since the machine started.
    pub read: usize,
    /// Given back because memory ran short, since the machine started.
    pub reclaimed: usize,
}

/// What the caches of all files hold.
pub fn cache_statistics() -> CacheStatistics {
    let get = |count: &AtomicUsize| count.load(Ordering::Relaxed);
    CacheStatistics {
        cached: get(&COUNTS.cached),
        stored: get(&COUNTS.stored),
        dirty: get(&COUNTS.dirty),
        writing: get(&COUNTS.writing),
        dirtied: get(&COUNTS.dirtied),
        written: get(&COUNTS.written),
        read: get(&COUNTS.read),
        reclaimed: get(&COUNTS.reclaimed),
    }
}

/// From how many dirty pages on the background thread writes them without waiting for their age, and
/// from how many on whoever makes more of them writes too: a tenth and a fifth of what could be dirty,
/// which is what is free and what files on devices occupy.
pub(super) fn dirty_limits() -> (usize, usize) {
    let could_be = hal::frame::statistics().free + COUNTS.stored.load(Ordering::Relaxed);
    ((could_be / 10).max(32), (could_be / 5).max(64))
}
