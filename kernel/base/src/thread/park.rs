//! The primitive under every sleep: park and unpark.
//!
//! A thread's state is one atomic word (machines without atomic bytes change a word faster). An unpark of a thread that has not parked yet is
//! remembered ("notified") and makes the next park return at once; that, and that every sleeper
//! looks at its condition again after parking, is why no wake-up is lost and spurious ones are
//! harmless.

use super::Thread;
use crate::sched;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicU32, Ordering};

/// Runs, or waits in a run queue.
const RUNNABLE: u32 = 0;
/// As `RUNNABLE`, and the next park returns at once.
const NOTIFIED: u32 = 1;
/// Parked: in no run queue.
const PARKED: u32 = 2;
/// Ended.
const DEAD: u32 = 3;

/// Whether a thread is parked.
pub(crate) struct State(AtomicU32);

impl State {
    pub(super) const fn new() -> State {
        State(AtomicU32::new(RUNNABLE))
    }

    /// From runnable to parked; false if a notification was pending, which is used up.
    pub(crate) fn try_park(&self) -> bool {
        let parked = self
            .0
            .compare_exchange(RUNNABLE, PARKED, Ordering::SeqCst, Ordering::SeqCst)
            .is_ok();
        if !parked {
            self.0.store(RUNNABLE, Ordering::SeqCst);
        }
        parked
    }

    /// Remembers a notification; true if the thread was parked, and the caller must queue it.
    fn notify(&self) -> bool {
        let changed =
            self.0
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |state| match state {
                    RUNNABLE => Some(NOTIFIED),
                    PARKED => Some(RUNNABLE),
                    _ => None,
                });
        changed == Ok(PARKED)
    }

    pub(super) fn die(&self) {
        self.0.store(DEAD, Ordering::SeqCst);
    }

    fn is_parked(&self) -> bool {
        self.0.load(Ordering::SeqCst) == PARKED
    }

    pub(super) fn is_dead(&self) -> bool {
        self.0.load(Ordering::SeqCst) == DEAD
    }
}

impl Thread {
    /// Whether the thread sleeps at this moment (for people: it may have changed already).
    pub fn is_asleep(&self) -> bool {
        self.state.is_parked()
    }

    /// Makes a parked thread runnable, or lets its next park return at once. Callable from
    /// interrupt handlers.
    pub(crate) fn unpark(self: &Arc<Self>) {
        if self.state.notify() {
            sched::wake(self.clone());
        }
    }
}

/// Sleeps until unparked. May return without reason: look again at what you wait for.
pub(crate) fn park() {
    sched::switch(sched::Leave::Park);
}
