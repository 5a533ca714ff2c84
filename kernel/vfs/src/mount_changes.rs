//! Hearing that mounts of a view have changed.
//!
//! A [`MountChanges`] counts what is attached, detached, moved or restricted in one view's tree, and wakes whoever waits
//! for that: `poll` of `/proc/PID/mountinfo`. Each listener remembers the count that it has seen; so none misses a change,
//! and none learns of the same one twice.

use core::sync::atomic::{AtomicU64, Ordering};

use base::wait::WaitQueue;

/// See the module.
pub struct MountChanges {
    count: AtomicU64,
    queue: WaitQueue,
}

impl MountChanges {
    pub(crate) const fn new() -> Self {
        Self {
            count: AtomicU64::new(0),
            queue: WaitQueue::new(),
        }
    }

    /// How many changes there have been.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }

    /// Woken at each change. Register first, then look at the count.
    pub fn queue(&self) -> &WaitQueue {
        &self.queue
    }

    pub(crate) fn note(&self) {
        self.count.fetch_add(1, Ordering::Release);
        self.queue.wake_all();
    }
}
