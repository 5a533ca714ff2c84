//! One sleeping thread, as those see it who may wake it.

use crate::time::{self, Instant};
use crate::{Error, Result, thread};
use alloc::sync::{Arc, Weak};
use core::sync::atomic::{AtomicBool, Ordering};

/// A sleeper that can be registered on any number of wait queues.
///
/// Waking it is remembered: a wake-up that comes before [`Waiter::wait`] makes that return at
/// once.
pub struct Waiter {
    thread: Weak<thread::Thread>,
    notified: AtomicBool,
}

impl Waiter {
    /// A waiter for the current thread, which alone may call [`Waiter::wait`] on it.
    pub fn new() -> Arc<Waiter> {
        Arc::new(Waiter {
            thread: Arc::downgrade(&thread::current()),
            notified: AtomicBool::new(false),
        })
    }

    /// Sleeps until somebody wakes this waiter.
    ///
    /// With a deadline, [`Error::TimedOut`] when it passes first; if `interruptible`,
    /// [`Error::Interrupted`] when the thread is interrupted first. A wake-up that has come wins
    /// over both.
    pub fn wait(&self, deadline: Option<Instant>, interruptible: bool) -> Result<()> {
        let mut alarm = None;
        loop {
            if self.notified.swap(false, Ordering::SeqCst) {
                return Ok(());
            }
            if interruptible && thread::is_interrupted() {
                return Err(Error::Interrupted);
            }
            if let Some(deadline) = deadline {
                if time::now() >= deadline {
                    return Err(Error::TimedOut);
                }
                if alarm.is_none() && deadline != Instant::NEVER {
                    alarm = Some(time::Alarm::set(deadline));
                }
            }
            thread::park();
        }
    }

    /// Wakes the sleeper. Callable from anywhere, also from interrupt handlers.
    pub fn notify(&self) {
        if !self.notified.swap(true, Ordering::SeqCst)
            && let Some(thread) = self.thread.upgrade()
        {
            thread.unpark();
        }
    }

    /// Forgets a wake-up that has come.
    pub fn reset(&self) {
        self.notified.store(false, Ordering::SeqCst);
    }
}
