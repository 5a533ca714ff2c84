//! The spin lock: mutual exclusion between CPUs and interrupt handlers.

use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicU32, Ordering};

use super::rank::{self, Rank};
use crate::arch;

/// A value that one CPU at a time may touch, for a short time, with interrupts disabled.
///
/// Never sleep, and never switch threads, while holding one.
pub struct SpinLock<T: ?Sized> {
    /// A whole word: machines without atomic bytes exchange it in one instruction.
    locked: AtomicU32,
    rank: Rank,
    value: UnsafeCell<T>,
}

const FREE: u32 = 0;
const LOCKED: u32 = 1;

// SAFETY: the lock hands out access to the value to one holder at a time, so sharing the lock
// between threads only ever moves access to `T` between them: `T: Send` is what that needs.
unsafe impl<T: ?Sized + Send> Sync for SpinLock<T> {}
// SAFETY: moving the lock moves the value.
unsafe impl<T: ?Sized + Send> Send for SpinLock<T> {}

impl<T> SpinLock<T> {
    /// A free lock around `value`.
    pub const fn new(rank: Rank, value: T) -> Self {
        Self {
            locked: AtomicU32::new(FREE),
            rank,
            value: UnsafeCell::new(value),
        }
    }

    /// The value, when nobody can hold the lock any more.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> SpinLock<T> {
    /// Waits for the lock and takes it. Interrupts stay disabled until the guard is dropped.
    #[inline]
    pub fn lock(&self) -> SpinLockGuard<'_, T> {
        let interrupts = arch::interrupts_save_disable();
        if rank::CHECKED {
            rank::check(self.rank);
        }
        if self.locked.swap(LOCKED, Ordering::Acquire) != FREE {
            self.contend(interrupts);
        }
        self.taken(interrupts)
    }

    /// Somebody holds it: waits, and takes it.
    #[cold]
    fn contend(&self, interrupts: bool) {
        super::note_wait(self.rank);
        loop {
            // With interrupts as they were before: whoever holds the lock may be waiting for
            // something of this CPU only if the lock rules were broken, but a long wait should
            // not cost this CPU its timer.
            arch::interrupts_restore(interrupts);
            while self.locked.load(Ordering::Relaxed) != FREE {
                arch::spin_relax();
            }
            arch::interrupts_save_disable();
            if self.locked.swap(LOCKED, Ordering::Acquire) == FREE {
                return;
            }
        }
    }

    /// Takes the lock if it is free at this moment. Not subject to the lock order, since it
    /// cannot wait.
    #[inline]
    pub fn try_lock(&self) -> Option<SpinLockGuard<'_, T>> {
        let interrupts = arch::interrupts_save_disable();
        if self.locked.swap(LOCKED, Ordering::Acquire) != FREE {
            arch::interrupts_restore(interrupts);
            return None;
        }
        Some(self.taken(interrupts))
    }

    /// The value, borrowed without locking because the borrow is exclusive already.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    #[inline]
    fn taken(&self, interrupts: bool) -> SpinLockGuard<'_, T> {
        if rank::CHECKED {
            rank::push(self.rank);
        }
        SpinLockGuard {
            lock: self,
            interrupts,
            not_send: PhantomData,
        }
    }
}

/// Access to a locked value; dropping it releases the lock and puts interrupts back as they were.
#[must_use = "the lock is released when the guard is dropped"]
pub struct SpinLockGuard<'a, T: ?Sized> {
    lock: &'a SpinLock<T>,
    interrupts: bool,
    /// Interrupts were disabled on *this* CPU, so the guard stays on its thread.
    not_send: PhantomData<*mut ()>,
}

// SAFETY: a shared guard gives shared access to the value, nothing else.
unsafe impl<T: ?Sized + Sync> Sync for SpinLockGuard<'_, T> {}

impl<T: ?Sized> Deref for SpinLockGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: this guard exists only while its lock is held by its maker, and no other guard
        // exists for the lock until it is released; the borrow of the guard bounds the access.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T: ?Sized> DerefMut for SpinLockGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`, and `&mut self` makes this access the only one.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T: ?Sized> Drop for SpinLockGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if rank::CHECKED {
            rank::pop(self.lock.rank);
        }
        self.lock.locked.store(FREE, Ordering::Release);
        arch::interrupts_restore(self.interrupts);
    }
}
