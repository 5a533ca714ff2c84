//! A value that is made once.

use super::Mutex;
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, Ordering};

/// A cell that is empty until somebody fills it, and then never changes.
pub struct OnceLock<T> {
    filled: AtomicBool,
    filling: Mutex<()>,
    value: UnsafeCell<Option<T>>,
}

// SAFETY: the value is written once under the lock, before `filled`, and only read after.
unsafe impl<T: Send + Sync> Sync for OnceLock<T> {}
// SAFETY: it owns its value.
unsafe impl<T: Send> Send for OnceLock<T> {}

impl<T> OnceLock<T> {
    /// An empty cell.
    pub const fn new() -> OnceLock<T> {
        OnceLock {
            filled: AtomicBool::new(false),
            filling: Mutex::new(()),
            value: UnsafeCell::new(None),
        }
    }

    /// The value, if there is one.
    pub fn get(&self) -> Option<&T> {
        if !self.filled.load(Ordering::Acquire) {
            return None;
        }
        // SAFETY: it was filled and is never written again.
        unsafe { &*self.value.get() }.as_ref()
    }

    /// The value; made now if there is none.
    pub fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        loop {
            if let Some(value) = self.get() {
                return value;
            }
            let _filling = self.filling.lock();
            if self.filled.load(Ordering::Relaxed) {
                continue;
            }
            let made = make();
            // SAFETY: not filled and the lock is held, so nobody else looks at the value.
            unsafe { *self.value.get() = Some(made) };
            self.filled.store(true, Ordering::Release);
            break;
        }
        // SAFETY: it was filled just now and is never written again.
        match unsafe { &*self.value.get() } {
            Some(value) => value,
            None => unreachable!("the cell was filled"),
        }
    }
}

impl<T> Default for OnceLock<T> {
    fn default() -> OnceLock<T> {
        OnceLock::new()
    }
}
