//! The sleeping mutual exclusion lock.
//!
//! An owner cell and a wait queue: the fast path is one compare-and-swap, a loser sleeps until
//! the owner's release wakes one. A thread that comes along may overtake a sleeper (there is no
//! hand-over), which keeps the lock busy instead of idle while the sleeper is brought back.

use super::held;
use crate::wait::WaitQueue;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use hal::sync::{OwnedCell, OwnedGuard, Rank};

/// A value that one thread at a time may touch; others sleep meanwhile.
pub struct Mutex<T: ?Sized> {
    rank: Rank,
    queue: WaitQueue,
    cell: OwnedCell<T>,
}

/// How often a held lock is looked at before sleeping: for about as long as it takes to copy a
/// page. Most locks are held for less, and a sleeper costs two switches and maybe an interrupt to
/// another CPU. In vain where nobody else runs; and on the hosted machine interleavings are wanted,
/// not speed.
fn looks() -> usize {
    const LOOKS: usize = 300;
    if cfg!(target_os = "none") && hal::cpu::count() > 1 {
        LOOKS
    } else {
        0
    }
}

impl<T> Mutex<T> {
    /// A free lock of `rank` around `value`.
    pub const fn new(rank: Rank, value: T) -> Mutex<T> {
        Mutex {
            rank,
            queue: WaitQueue::new(),
            cell: OwnedCell::new(value),
        }
    }

    /// The value, when nobody can hold the lock any more.
    pub fn into_inner(self) -> T {
        self.cell.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Takes the lock, sleeping while another holds it.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        held::check(self.rank, false);
        self.take()
    }

    /// Takes the lock although this thread holds another of the *same* rank. Only for helpers
    /// that order the two by identity, so that no two threads take them crosswise.
    pub fn lock_second(&self) -> MutexGuard<'_, T> {
        held::check(self.rank, true);
        self.take()
    }

    fn take(&self) -> MutexGuard<'_, T> {
        match self.cell.try_take() {
            Some(owned) => self.guard(owned),
            None => self.take_held(),
        }
    }

    #[cold]
    fn take_held(&self) -> MutexGuard<'_, T> {
        hal::sync::note_wait(self.rank);
        for _ in 0..looks() {
            if !self.cell.is_taken()
                && let Some(owned) = self.cell.try_take()
            {
                return self.guard(owned);
            }
            hal::cpu::relax();
        }
        let owned = self.queue.wait_until(|| self.cell.try_take());
        self.guard(owned)
    }

    /// Takes the lock if it is free at this moment.
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        self.cell.try_take().map(|owned| self.guard(owned))
    }

    fn guard<'a>(&'a self, owned: OwnedGuard<'a, T>) -> MutexGuard<'a, T> {
        held::push(self.rank);
        MutexGuard {
            mutex: self,
            owned: Some(owned),
            stays: PhantomData,
        }
    }

    /// The value, borrowed without locking because the borrow is exclusive already.
    pub fn get_mut(&mut self) -> &mut T {
        self.cell.get_mut()
    }
}

/// Access to a locked value; dropping it releases the lock.
#[must_use = "the lock is released when the guard is dropped"]
pub struct MutexGuard<'a, T: ?Sized> {
    mutex: &'a Mutex<T>,
    /// `Some` until the drop, which releases the cell before it wakes.
    owned: Option<OwnedGuard<'a, T>>,
    /// The thread's list of held locks names it, so the guard stays with its thread.
    stays: PhantomData<*mut ()>,
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match &self.owned {
            Some(owned) => owned,
            None => unreachable!("only the drop takes the cell's guard"),
        }
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        match &mut self.owned {
            Some(owned) => owned,
            None => unreachable!("only the drop takes the cell's guard"),
        }
    }
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        held::pop(self.mutex.rank);
        self.owned = None;
        self.mutex.queue.wake_one();
    }
}
