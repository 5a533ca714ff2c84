//! A cell with many readers or one writer and no way to wait: what a sleeping readers-writer lock
//! is built on.

use core::cell::UnsafeCell;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicUsize, Ordering};

/// The count that means: one writer.
const WRITER: usize = usize::MAX;

/// A value that many may read or one may change, until their guards are dropped. What a loser of
/// the race does is the caller's business.
pub struct SharedCell<T: ?Sized> {
    /// How many read, or [`WRITER`].
    users: AtomicUsize,
    value: UnsafeCell<T>,
}

// SAFETY: readers on several threads share `&T` (`T: Sync`), a writer moves access between
// threads (`T: Send`).
unsafe impl<T: ?Sized + Send + Sync> Sync for SharedCell<T> {}
// SAFETY: moving the cell moves the value.
unsafe impl<T: ?Sized + Send> Send for SharedCell<T> {}

impl<T> SharedCell<T> {
    /// A cell that nobody uses.
    pub const fn new(value: T) -> Self {
        Self {
            users: AtomicUsize::new(0),
            value: UnsafeCell::new(value),
        }
    }

    /// The value, when nobody can use it any more.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> SharedCell<T> {
    /// Becomes a reader, unless there is a writer.
    pub fn try_read(&self) -> Option<SharedReadGuard<'_, T>> {
        self.users
            .fetch_update(Ordering::Acquire, Ordering::Relaxed, |users| {
                (users < WRITER - 1).then(|| users + 1)
            })
            .ok()
            .map(|_| SharedReadGuard { cell: self })
    }

    /// Becomes the writer, unless anybody uses the value.
    pub fn try_write(&self) -> Option<SharedWriteGuard<'_, T>> {
        self.users
            .compare_exchange(0, WRITER, Ordering::Acquire, Ordering::Relaxed)
            .ok()
            .map(|_| SharedWriteGuard { cell: self })
    }

    /// The value, borrowed without asking because the borrow is exclusive already.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }
}

/// Shared access to a [`SharedCell`]'s value, given up when dropped.
#[must_use = "access ends when the guard is dropped"]
pub struct SharedReadGuard<'a, T: ?Sized> {
    cell: &'a SharedCell<T>,
}

// SAFETY: sharing the guard shares `&T`, nothing else; without this the compiler would ask for
// `SharedCell<T>: Sync`, which is more than enough, so this adds only what `T: Sync` allows.
unsafe impl<T: ?Sized + Sync> Sync for SharedReadGuard<'_, T> {}

impl<T: ?Sized> Deref for SharedReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: this guard is one of `users`, so no writer gets in until it drops.
        unsafe { &*self.cell.value.get() }
    }
}

impl<T: ?Sized> Drop for SharedReadGuard<'_, T> {
    fn drop(&mut self) {
        self.cell.users.fetch_sub(1, Ordering::Release);
    }
}

/// Exclusive access to a [`SharedCell`]'s value, given up when dropped.
#[must_use = "access ends when the guard is dropped"]
pub struct SharedWriteGuard<'a, T: ?Sized> {
    cell: &'a SharedCell<T>,
}

// SAFETY: sharing the guard shares `&T`, which `T: Sync` allows.
unsafe impl<T: ?Sized + Sync> Sync for SharedWriteGuard<'_, T> {}

impl<T: ?Sized> Deref for SharedWriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: `users` is WRITER because of this guard, so nobody else has access.
        unsafe { &*self.cell.value.get() }
    }
}

impl<T: ?Sized> DerefMut for SharedWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`, and `&mut self` makes this access the only one.
        unsafe { &mut *self.cell.value.get() }
    }
}

impl<T: ?Sized> Drop for SharedWriteGuard<'_, T> {
    fn drop(&mut self) {
        self.cell.users.store(0, Ordering::Release);
    }
}
