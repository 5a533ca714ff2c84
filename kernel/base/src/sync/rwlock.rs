//! The sleeping lock with many readers or one writer.
//!
//! A shared cell and two wait queues. A waiting writer keeps new readers out, so that a stream of
//! readers cannot starve it; a reader must therefore not take the same lock twice.

use super::held;
use crate::wait::WaitQueue;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicUsize, Ordering};
use hal::sync::{Rank, SharedCell, SharedReadGuard, SharedWriteGuard};

/// A value that many threads may read or one may change; others sleep meanwhile.
pub struct RwLock<T: ?Sized> {
    rank: Rank,
    writers_waiting: AtomicUsize,
    readers: WaitQueue,
    writers: WaitQueue,
    cell: SharedCell<T>,
}

impl<T> RwLock<T> {
    /// A free lock of `rank` around `value`.
    pub const fn new(rank: Rank, value: T) -> RwLock<T> {
        RwLock {
            rank,
            writers_waiting: AtomicUsize::new(0),
            readers: WaitQueue::new(),
            writers: WaitQueue::new(),
            cell: SharedCell::new(value),
        }
    }

    /// The value, when nobody can hold the lock any more.
    pub fn into_inner(self) -> T {
        self.cell.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Takes the lock for reading.
    pub fn read(&self) -> ReadGuard<'_, T> {
        held::check(self.rank, false);
        let shared = self.readers.wait_until(|| {
            if self.writers_waiting.load(Ordering::SeqCst) > 0 {
                return None;
            }
            self.cell.try_read()
        });
        held::push(self.rank);
        ReadGuard {
            lock: self,
            shared: Some(shared),
            stays: PhantomData,
        }
    }

    /// Takes the lock for writing.
    pub fn write(&self) -> WriteGuard<'_, T> {
        held::check(self.rank, false);
        let exclusive = match self.cell.try_write() {
            Some(exclusive) => exclusive,
            None => {
                hal::sync::note_wait(self.rank);
                self.writers_waiting.fetch_add(1, Ordering::SeqCst);
                let exclusive = self.writers.wait_until(|| self.cell.try_write());
                self.writers_waiting.fetch_sub(1, Ordering::SeqCst);
                exclusive
            }
        };
        held::push(self.rank);
        WriteGuard {
            lock: self,
            exclusive: Some(exclusive),
            stays: PhantomData,
        }
    }

    /// Takes the lock for reading if that is possible at this moment.
    pub fn try_read(&self) -> Option<ReadGuard<'_, T>> {
        let shared = self.cell.try_read()?;
        held::push(self.rank);
        Some(ReadGuard {
            lock: self,
            shared: Some(shared),
            stays: PhantomData,
        })
    }

    /// Takes the lock for writing if that is possible at this moment.
    pub fn try_write(&self) -> Option<WriteGuard<'_, T>> {
        let exclusive = self.cell.try_write()?;
        held::push(self.rank);
        Some(WriteGuard {
            lock: self,
            exclusive: Some(exclusive),
            stays: PhantomData,
        })
    }

    /// The value, borrowed without locking because the borrow is exclusive already.
    pub fn get_mut(&mut self) -> &mut T {
        self.cell.get_mut()
    }

    /// Called after the cell was given back: a waiting writer first, else all readers.
    fn released(&self) {
        if self.writers.wake_one() == 0 {
            self.readers.wake_all();
        }
    }
}

/// Shared access to a locked value.
#[must_use = "the lock is released when the guard is dropped"]
pub struct ReadGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
    shared: Option<SharedReadGuard<'a, T>>,
    stays: PhantomData<*mut ()>,
}

impl<T: ?Sized> Deref for ReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match &self.shared {
            Some(shared) => shared,
            None => unreachable!("only the drop takes the cell's guard"),
        }
    }
}

impl<T: ?Sized> Drop for ReadGuard<'_, T> {
    fn drop(&mut self) {
        held::pop(self.lock.rank);
        self.shared = None;
        self.lock.released();
    }
}

/// Exclusive access to a locked value.
#[must_use = "the lock is released when the guard is dropped"]
pub struct WriteGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
    exclusive: Option<SharedWriteGuard<'a, T>>,
    stays: PhantomData<*mut ()>,
}

impl<T: ?Sized> Deref for WriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match &self.exclusive {
            Some(exclusive) => exclusive,
            None => unreachable!("only the drop takes the cell's guard"),
        }
    }
}

impl<T: ?Sized> DerefMut for WriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        match &mut self.exclusive {
            Some(exclusive) => exclusive,
            None => unreachable!("only the drop takes the cell's guard"),
        }
    }
}

impl<T: ?Sized> Drop for WriteGuard<'_, T> {
    fn drop(&mut self) {
        held::pop(self.lock.rank);
        self.exclusive = None;
        self.lock.released();
    }
}
