//! Waiting for a condition.

use super::MutexGuard;
use crate::sys;
use crate::time::{Duration, nanoseconds};
use core::sync::atomic::{AtomicU32, Ordering};

/// A place to wait for what another thread will change under a lock.
#[derive(Default)]
pub struct Condvar {
    /// Counts notifications: a sleeper that read an old count does not fall asleep.
    sequence: AtomicU32,
}

impl Condvar {
    /// A place where nobody waits.
    pub const fn new() -> Condvar {
        Condvar {
            sequence: AtomicU32::new(0),
        }
    }

    /// Gives up the lock, sleeps until notified (or for no reason), takes the lock again.
    pub fn wait<'a, T: ?Sized>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        self.sleep(guard, None)
    }

    /// As `wait`, but for at most `timeout`.
    pub fn wait_timeout<'a, T: ?Sized>(
        &self,
        guard: MutexGuard<'a, T>,
        timeout: Duration,
    ) -> MutexGuard<'a, T> {
        self.sleep(guard, Some(timeout))
    }

    /// Waits while `condition` holds.
    pub fn wait_while<'a, T: ?Sized>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> MutexGuard<'a, T> {
        while condition(&mut guard) {
            guard = self.wait(guard);
        }
        guard
    }

    fn sleep<'a, T: ?Sized>(
        &self,
        guard: MutexGuard<'a, T>,
        timeout: Option<Duration>,
    ) -> MutexGuard<'a, T> {
        let seen = self.sequence.load(Ordering::Relaxed);
        let mutex = guard.mutex();
        drop(guard);
        let _ = sys::futex_wait(&self.sequence, seen, nanoseconds(timeout));
        mutex.lock()
    }

    /// Wakes one sleeper.
    pub fn notify_one(&self) {
        self.sequence.fetch_add(1, Ordering::Relaxed);
        let _ = sys::futex_wake(&self.sequence, 1);
    }

    /// Wakes all sleepers.
    pub fn notify_all(&self) {
        self.sequence.fetch_add(1, Ordering::Relaxed);
        let _ = sys::futex_wake(&self.sequence, usize::MAX >> 1);
    }
}
