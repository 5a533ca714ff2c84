//! A cell with at most one owner at a time and no way to wait: what a sleeping mutex is built on.

use core::cell::UnsafeCell;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicU32, Ordering};

/// A value that whoever succeeds in [`OwnedCell::try_take`] owns until the guard is dropped.
///
/// Unlike a spin lock it leaves interrupts alone and may be held across a sleep; what a loser of
/// the race does is the caller's business.
pub struct OwnedCell<T: ?Sized> {
    /// 1 while there is an owner. A whole word: machines without atomic bytes exchange it in one
    /// instruction.
    taken: AtomicU32,
    value: UnsafeCell<T>,
}

// SAFETY: access to the value is handed to one guard at a time, so sharing needs `T: Send` only.
unsafe impl<T: ?Sized + Send> Sync for OwnedCell<T> {}
// SAFETY: moving the cell moves the value.
unsafe impl<T: ?Sized + Send> Send for OwnedCell<T> {}

impl<T> OwnedCell<T> {
    /// A cell that nobody owns.
    pub const fn new(value: T) -> Self {
        Self {
            taken: AtomicU32::new(0),
            value: UnsafeCell::new(value),
        }
    }

    /// The value, when nobody can own it any more.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> OwnedCell<T> {
    /// Becomes the owner, unless there is one.
    #[inline]
    pub fn try_take(&self) -> Option<OwnedGuard<'_, T>> {
        let free = self.taken.swap(1, Ordering::Acquire) == 0;
        free.then(|| OwnedGuard { cell: self })
    }

    /// Whether somebody owns the value at this moment.
    pub fn is_taken(&self) -> bool {
        self.taken.load(Ordering::Relaxed) != 0
    }

    /// The value, borrowed without taking because the borrow is exclusive already.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }
}

/// Ownership of an [`OwnedCell`]'s value, given up when dropped.
#[must_use = "ownership ends when the guard is dropped"]
pub struct OwnedGuard<'a, T: ?Sized> {
    cell: &'a OwnedCell<T>,
}

// SAFETY: a shared guard gives shared access to the value; without this the compiler would ask
// only for `OwnedCell<T>: Sync`, that is `T: Send`, which is too little.
unsafe impl<T: ?Sized + Sync> Sync for OwnedGuard<'_, T> {}
// SAFETY: a guard that moves to another thread takes exclusive access to the value with it, and
// releases the flag from there; an atomic flag does not mind.
unsafe impl<T: ?Sized + Send> Send for OwnedGuard<'_, T> {}

impl<T: ?Sized> Deref for OwnedGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: `taken` was set by this guard's maker and is cleared only when the guard drops.
        unsafe { &*self.cell.value.get() }
    }
}

impl<T: ?Sized> DerefMut for OwnedGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`, and `&mut self` makes this access the only one.
        unsafe { &mut *self.cell.value.get() }
    }
}

impl<T: ?Sized> Drop for OwnedGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.cell.taken.store(0, Ordering::Release);
    }
}
