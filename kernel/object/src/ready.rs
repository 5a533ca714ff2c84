//! Readiness: what an object can do right now without waiting, and being told when that changes.

use alloc::sync::Arc;
use alloc::vec::Vec;
use base::wait::{Registration, WaitQueue, Waiter};
use bitflags::bitflags;

bitflags! {
    /// What an object is ready for.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Ready: u16 {
        /// A read would return at once (data, end of file or an error).
        const READ = 1;
        /// A write would take at least one byte at once.
        const WRITE = 2;
        /// Something is wrong with it. Reported whether asked for or not.
        const ERROR = 4;
        /// The other side is gone. Reported whether asked for or not.
        const HANG_UP = 8;
        /// The other side will write no more.
        const READ_HANG_UP = 16;
        /// Urgent data, or a state change on a pseudo-terminal's master.
        const PRIORITY = 32;
    }
}

impl Ready {
    /// What is reported even to those who did not ask for it.
    pub const ALWAYS: Ready = Ready::ERROR.union(Ready::HANG_UP);
}

/// One thread's wish to be woken when any of several objects changes.
///
/// Each polled object adds its wait queues; dropping the registration takes the thread off all
/// of them. The order that loses no wake-up: make the registration, poll every object *with* it,
/// and sleep on [`waiter`](Self::waiter) only if none was ready.
pub struct PollRegistration {
    waiter: Arc<Waiter>,
    registrations: Vec<Registration>,
}

impl PollRegistration {
    /// A registration for `waiter`, which the caller sleeps on.
    pub fn new(waiter: Arc<Waiter>) -> Self {
        Self {
            waiter,
            registrations: Vec::new(),
        }
    }

    /// Wakes the waiter whenever `queue` is woken, from now on.
    pub fn add(&mut self, queue: &WaitQueue) {
        self.registrations.push(queue.register(&self.waiter));
    }

    /// Who is woken.
    pub fn waiter(&self) -> &Arc<Waiter> {
        &self.waiter
    }
}
