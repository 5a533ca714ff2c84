//! Timers with a callback, and the alarm of a sleeping thread.

use super::Instant;
use super::queue::{self, Action, Key};
use crate::rank;
use crate::thread;
use alloc::sync::Arc;
use hal::sync::SpinLock;

/// What a timer runs: in interrupt context, so it may wake, queue and set flags, and never
/// sleeps.
pub type Callback = Arc<dyn Fn() + Send + Sync>;

pub(super) struct Inner {
    callback: Callback,
    /// Where the armed entry is; ranked below the timer queues, since arming holds it meanwhile.
    armed: SpinLock<Option<Key>>,
}

/// The rank of a timer's own state: armed under any wait-queue-level lock, before the queue's.
const RANK: hal::sync::Rank = hal::sync::Rank(rank::TIMER.0 - 2);

impl Inner {
    pub(super) fn run(&self) {
        (self.callback)();
    }
}

/// A callback that runs once, at a time that can be changed. Dropping the timer cancels it.
///
/// [`Timer::cancel`] does not wait for a callback that is running on another CPU at that moment;
/// callbacks hold what they need by `Arc` or `Weak` and tolerate running late.
pub struct Timer {
    inner: Arc<Inner>,
}

impl Timer {
    /// A timer that is not armed.
    pub fn new(callback: Callback) -> Timer {
        Timer {
            inner: Arc::new(Inner {
                callback,
                armed: SpinLock::new(RANK, None),
            }),
        }
    }

    /// Runs the callback when `deadline` is reached; replaces an earlier arming.
    pub fn arm(&self, deadline: Instant) {
        let mut armed = self.inner.armed.lock();
        let replaced = armed.take().and_then(queue::remove);
        *armed = Some(queue::insert(deadline, Action::Call(self.inner.clone())));
        drop(armed);
        drop(replaced);
    }

    /// Disarms the timer. True if it was armed and will now not run.
    pub fn cancel(&self) -> bool {
        let key = self.inner.armed.lock().take();
        key.and_then(queue::remove).is_some()
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.cancel();
    }
}

/// Wakes the current thread at a time, unless dropped before.
pub(crate) struct Alarm {
    key: Key,
}

impl Alarm {
    pub(crate) fn set(deadline: Instant) -> Alarm {
        let thread = Arc::downgrade(&thread::current());
        Alarm {
            key: queue::insert(deadline, Action::Wake(thread)),
        }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        queue::remove(self.key);
    }
}
