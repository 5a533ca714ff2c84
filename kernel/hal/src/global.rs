//! Kernel state that exists once per machine.
//!
//! On bare metal a [`Global`] is a static that is initialised at its first use. On the hosted
//! backend many machines run in one process, and each has its own instance: that is why kernel
//! state is never a plain `static`.

use core::ops::Deref;

use crate::arch;

/// A value that exists once per machine, made by its initialiser at the first use.
///
/// ```text
/// static TABLE: Global<SpinLock<Table>> = Global::new(|| SpinLock::new(RANK, Table::new()));
/// TABLE.lock().insert(…);
/// ```
///
/// The initialiser must not reach for the same `Global` again; it would wait for itself.
pub struct Global<T: Send + Sync + 'static> {
    inner: arch::GlobalCell<T>,
}

impl<T: Send + Sync + 'static> Global<T> {
    /// A global that `initialise` will fill at the first use.
    pub const fn new(initialise: fn() -> T) -> Self {
        Self {
            inner: arch::GlobalCell::new(initialise),
        }
    }
}

impl<T: Send + Sync + 'static> Deref for Global<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.inner.get()
    }
}
