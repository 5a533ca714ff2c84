//! One sleeping thread, as those see it who may wake it.

use crate::time::{self, Instant};
use crate::{Error, Result, thread};
use alloc::sync::{Arc, Weak};
use core::sync::atomic::{AtomicU32, Ordering};

/// A sleeper that can be registered on any number of wait queues.
///
/// Waking it is remembered: a wake-up that comes before [`Waiter::wait`] makes that return at
/// once.
///
/// A waiter with a hook ([`Waiter::with_hook`]) is nobody's sleep: waking it runs the hook, which
/// passes the news on (an `epoll` set notes which of its files changed).
pub struct Waiter {
    thread: Weak<thread::Thread>,
    /// 1 once it was woken.
    notified: AtomicU32,
    hook: Option<Hook>,
}

/// What a wake-up runs instead of waking a thread. It runs under the wait queue's lock, perhaps in
/// an interrupt handler: it takes only locks ranked above [`crate::rank::WAIT_QUEUE`], allocates
/// nothing and never sleeps.
pub type Hook = Arc<dyn Fn() + Send + Sync>;

impl Waiter {
    /// A waiter for the current thread, which alone may call [`Waiter::wait`] on it.
    pub fn new() -> Arc<Waiter> {
        Arc::new(Waiter {
            thread: Arc::downgrade(&thread::current()),
            notified: AtomicU32::new(0),
            hook: None,
        })
    }

    /// A waiter that passes each wake-up on to `hook`. Nobody sleeps on it.
    pub fn with_hook(hook: Hook) -> Arc<Waiter> {
        Arc::new(Waiter {
            thread: Weak::new(),
            notified: AtomicU32::new(0),
            hook: Some(hook),
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
            if self.notified.swap(0, Ordering::SeqCst) != 0 {
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
        if let Some(hook) = &self.hook {
            return hook();
        }
        if self.notified.swap(1, Ordering::SeqCst) == 0
            && let Some(thread) = self.thread.upgrade()
        {
            thread.unpark();
        }
    }

    /// Forgets a wake-up that has come.
    pub fn reset(&self) {
        self.notified.store(0, Ordering::SeqCst);
    }
}
