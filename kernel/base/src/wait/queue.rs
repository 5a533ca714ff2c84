//! The list of those who wait for one thing.
//!
//! The list itself is made at the first registration, so that a queue costs two words where
//! nobody ever waits, and shared ownership of it lets a [`Registration`] outlive the queue.

use super::Waiter;
use crate::plant::{self, Bug};
use crate::time::Instant;
use crate::{Result, rank, thread};
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicUsize, Ordering, fence};
use hal::sync::{Once, SpinLock};

/// Threads waiting for one thing.
pub struct WaitQueue {
    shared: Once<Arc<Shared>>,
}

struct Shared {
    /// How many entries there are, for a wake-up that finds nobody.
    length: AtomicUsize,
    list: SpinLock<List>,
}

struct List {
    entries: VecDeque<Entry>,
    next_id: u64,
}

struct Entry {
    id: u64,
    /// Takes what it is woken for (and leaves the list when woken), or only looks.
    exclusive: bool,
    waiter: Arc<Waiter>,
}

impl Default for WaitQueue {
    fn default() -> WaitQueue {
        WaitQueue::new()
    }
}

impl WaitQueue {
    /// A queue with nobody in it.
    pub const fn new() -> WaitQueue {
        WaitQueue {
            shared: Once::new(),
        }
    }

    fn shared(&self) -> &Arc<Shared> {
        self.shared.get_or_init(|| {
            Arc::new(Shared {
                length: AtomicUsize::new(0),
                list: SpinLock::new(
                    rank::WAIT_QUEUE,
                    List {
                        entries: VecDeque::new(),
                        next_id: 0,
                    },
                ),
            })
        })
    }

    /// Sleeps until `condition` gives a value. Control events do not end this sleep: use it only
    /// for what is certain to come soon (a lock, a disk).
    ///
    /// `condition` runs with no lock held and may be called any number of times.
    pub fn wait_until<T>(&self, condition: impl FnMut() -> Option<T>) -> T {
        match self.sleep(None, false, condition) {
            Ok(value) => value,
            Err(_) => unreachable!("without deadline and interruption only the condition ends it"),
        }
    }

    /// Sleeps until `condition` gives a value, the thread is interrupted
    /// ([`crate::Error::Interrupted`]), or `deadline` passes ([`crate::Error::TimedOut`]). A condition that
    /// holds wins over both.
    pub fn wait_interruptible<T>(
        &self,
        deadline: Option<Instant>,
        condition: impl FnMut() -> Option<T>,
    ) -> Result<T> {
        self.sleep(deadline, true, condition)
    }

    /// As [`WaitQueue::wait_until`], but at most until `deadline`.
    pub fn wait_deadline<T>(
        &self,
        deadline: Instant,
        condition: impl FnMut() -> Option<T>,
    ) -> Result<T> {
        self.sleep(Some(deadline), false, condition)
    }

    fn sleep<T>(
        &self,
        deadline: Option<Instant>,
        interruptible: bool,
        mut condition: impl FnMut() -> Option<T>,
    ) -> Result<T> {
        if let Some(value) = condition() {
            return Ok(value);
        }
        let waiter = thread::borrow_waiter();
        let outcome = loop {
            // An exclusive entry leaves the list when woken, so each turn registers anew.
            let registration = self.register_as(&waiter, true);
            if !plant::is_planted(Bug::LostWakeUp)
                && let Some(value) = condition()
            {
                break Ok(value);
            }
            let woken = waiter.wait(deadline, interruptible);
            drop(registration);
            // The condition wins, so that a wake-up is never taken and then thrown away.
            if let Some(value) = condition() {
                break Ok(value);
            }
            if let Err(error) = woken {
                break Err(error);
            }
        };
        thread::return_waiter(waiter);
        outcome
    }

    /// Puts `waiter` on this queue until the registration is dropped. Register first, check the
    /// condition then, [`Waiter::wait`] last.
    pub fn register(&self, waiter: &Arc<Waiter>) -> Registration {
        self.register_as(waiter, false)
    }

    fn register_as(&self, waiter: &Arc<Waiter>, exclusive: bool) -> Registration {
        let shared = self.shared().clone();
        let id = {
            let mut list = shared.list.lock();
            let id = list.next_id;
            list.next_id += 1;
            list.entries.push_back(Entry {
                id,
                exclusive,
                waiter: waiter.clone(),
            });
            shared.length.store(list.entries.len(), Ordering::SeqCst);
            id
        };
        // Pairs with the fence in `wake`: the registration comes before the caller's check.
        fence(Ordering::SeqCst);
        Registration { shared, id }
    }

    /// Wakes one thread that takes (and all that only look). Says how many that take were woken.
    pub fn wake_one(&self) -> usize {
        self.wake(1)
    }

    /// Wakes everyone.
    pub fn wake_all(&self) -> usize {
        self.wake(usize::MAX)
    }

    /// Wakes up to `count` threads that take, longest waiting first, and all that only look.
    /// Says how many that take were woken.
    pub fn wake(&self, count: usize) -> usize {
        // Pairs with the fence in `register_as`: the caller's change comes before this look.
        fence(Ordering::SeqCst);
        let Some(shared) = self.shared.get() else {
            return 0;
        };
        if shared.length.load(Ordering::SeqCst) == 0 {
            return 0;
        }
        let mut woken = 0;
        let mut list = shared.list.lock();
        list.entries.retain(|entry| {
            if entry.exclusive && woken == count {
                return true;
            }
            entry.waiter.notify();
            woken += usize::from(entry.exclusive);
            !entry.exclusive
        });
        shared.length.store(list.entries.len(), Ordering::SeqCst);
        woken
    }

    /// How many registrations there are at this moment.
    pub fn len(&self) -> usize {
        self.shared
            .get()
            .map_or(0, |shared| shared.length.load(Ordering::SeqCst))
    }

    /// Whether nobody is registered at this moment.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A place on a wait queue, given up when dropped. It keeps the list alive, not what owned the
/// queue.
#[must_use = "dropping the registration leaves the queue"]
pub struct Registration {
    shared: Arc<Shared>,
    id: u64,
}

impl Drop for Registration {
    fn drop(&mut self) {
        let removed = {
            let mut list = self.shared.list.lock();
            let position = list.entries.iter().position(|entry| entry.id == self.id);
            let removed = position.and_then(|position| list.entries.remove(position));
            self.shared
                .length
                .store(list.entries.len(), Ordering::SeqCst);
            removed
        };
        // Outside the lock: this may be the waiter's last owner.
        drop(removed);
    }
}
