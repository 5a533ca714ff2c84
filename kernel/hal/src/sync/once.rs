//! A value that is set at most once and read many times without locking.

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicU8, Ordering};

use crate::arch;

const EMPTY: u8 = 0;
const FILLING: u8 = 1;
const FULL: u8 = 2;

/// An empty place for one value.
pub struct Once<T> {
    state: AtomicU8,
    value: UnsafeCell<MaybeUninit<T>>,
}

// SAFETY: `&T` is handed to any thread (`T: Sync`), and the value may be put in on one thread and
// dropped on another (`T: Send`).
unsafe impl<T: Send + Sync> Sync for Once<T> {}
// SAFETY: moving the place moves the value.
unsafe impl<T: Send> Send for Once<T> {}

impl<T> Once<T> {
    /// An empty place.
    pub const fn new() -> Self {
        Self {
            state: AtomicU8::new(EMPTY),
            value: UnsafeCell::new(MaybeUninit::uninit()),
        }
    }

    /// The value, if it was set.
    #[inline]
    pub fn get(&self) -> Option<&T> {
        if self.state.load(Ordering::Acquire) == FULL {
            // SAFETY: FULL is stored (release) only after the value was written, and nothing
            // writes it again while the `Once` is shared.
            Some(unsafe { (*self.value.get()).assume_init_ref() })
        } else {
            None
        }
    }

    /// Sets the value; gives it back if another was there first.
    pub fn set(&self, value: T) -> Result<(), T> {
        let mut value = Some(value);
        self.get_or_init(|| match value.take() {
            Some(value) => value,
            // `get_or_init` calls its closure at most once.
            None => unreachable!(),
        });
        match value {
            None => Ok(()),
            Some(value) => Err(value),
        }
    }

    /// The value; `initialise` makes it if there is none yet. Others who ask meanwhile wait, so
    /// `initialise` must be short and must not ask itself.
    #[inline]
    pub fn get_or_init(&self, initialise: impl FnOnce() -> T) -> &T {
        match self.get() {
            Some(value) => value,
            None => self.fill(initialise),
        }
    }

    #[cold]
    fn fill(&self, initialise: impl FnOnce() -> T) -> &T {
        // An interrupt handler here that asks for the value would wait for what it interrupted.
        let interrupts = arch::interrupts_save_disable();
        if self
            .state
            .compare_exchange(EMPTY, FILLING, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
        {
            let value = initialise();
            // SAFETY: FILLING was set by this call alone, so nobody else writes, and nobody
            // reads before FULL.
            unsafe { (*self.value.get()).write(value) };
            self.state.store(FULL, Ordering::Release);
        }
        arch::interrupts_restore(interrupts);
        loop {
            if let Some(value) = self.get() {
                return value;
            }
            arch::spin_relax();
        }
    }
}

impl<T> Default for Once<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Drop for Once<T> {
    fn drop(&mut self) {
        if *self.state.get_mut() == FULL {
            // SAFETY: FULL says the value is there; `&mut self` says nobody looks at it.
            unsafe { self.value.get_mut().assume_init_drop() };
        }
    }
}
