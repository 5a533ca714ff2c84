//! A thread that sleeps until somebody else has done what it asked for, or says that it cannot be done.
//!
//! Whoever changes an object also carries out what sleepers were waiting to do, in the order in which they came, and
//! wakes only those whose wish is done. So nobody is woken to find that another was faster.

use alloc::sync::Arc;

use base::Result;
use base::sync::SpinLock;
use base::time::Instant;
use base::wait::Waiter;

/// One sleep, and what becomes of it.
pub(super) struct Sleeper<T> {
    waiter: Arc<Waiter>,
    outcome: SpinLock<Option<Result<T>>>,
}

impl<T> Sleeper<T> {
    /// Of the thread that runs.
    pub(super) fn new() -> Sleeper<T> {
        Sleeper {
            waiter: Waiter::new(),
            outcome: SpinLock::new(super::DETAIL, None),
        }
    }

    /// Ends the sleep with this outcome. It has been taken off its list.
    pub(super) fn finish(&self, outcome: Result<T>) {
        *self.outcome.lock() = Some(outcome);
        self.waiter.notify();
    }

    /// The outcome, once.
    pub(super) fn take_outcome(&self) -> Option<Result<T>> {
        self.outcome.lock().take()
    }

    /// Sleeps until there is an outcome. When it is interrupted or its time is over first, `give_up` takes it off
    /// its list under the object's lock; an outcome that came before that is what counts.
    pub(super) fn sleep(&self, deadline: Option<Instant>, give_up: impl FnOnce()) -> Result<T> {
        loop {
            let woken = self.waiter.wait(deadline, true);
            if let Some(outcome) = self.take_outcome() {
                return outcome;
            }
            if let Err(error) = woken {
                give_up();
                return self.take_outcome().unwrap_or(Err(error));
            }
        }
    }
}
