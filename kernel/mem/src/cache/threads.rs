//! Kernel threads that are started when they are needed first.

use core::sync::atomic::{AtomicBool, Ordering};

use base::thread;

/// One thread, started once.
pub(super) struct Once(AtomicBool);

impl Once {
    pub(super) const fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// Starts the thread unless it was; `false` if there is no memory for it now.
    pub(super) fn start(&self, name: &str, body: fn()) -> bool {
        if self.0.load(Ordering::Relaxed) || self.0.swap(true, Ordering::AcqRel) {
            return true;
        }
        // It works for everybody, whoever happened to need it first.
        let prepare = |thread: &alloc::sync::Arc<thread::Thread>| {
            thread.set_affinity(u64::MAX);
            thread.set_nice(0);
        };
        let started = thread::spawn_with(name, prepare, body).is_ok();
        if !started {
            self.0.store(false, Ordering::Release);
        }
        started
    }
}
