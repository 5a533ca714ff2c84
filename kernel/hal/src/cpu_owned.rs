//! A value of which each CPU has its own, and which only that CPU touches, exclusively.
//!
//! [`crate::cpu::CpuLocal`] shares; this one owns. It is for the caches on the hottest paths,
//! where not even an uncontended atomic operation should be paid.

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, Ordering};

#[cfg(target_os = "none")]
use crate::MAX_CPUS;
use crate::arch;
#[cfg(not(target_os = "none"))]
use crate::cpu::CpuLocal;

/// Each CPU's part lies in cache lines of its own.
#[repr(align(64))]
struct Slot<T> {
    busy: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: `CpuOwned::with` gives access only on the CPU that the slot belongs to, with interrupts
// disabled and `busy` set, so never to two at once; the value crosses threads, hence `T: Send`.
unsafe impl<T: Send> Sync for Slot<T> {}

/// A value that each CPU owns.
pub(crate) struct CpuOwned<T: Send + 'static> {
    /// One machine: the values lie in the static itself.
    #[cfg(target_os = "none")]
    slots: [Slot<T>; MAX_CPUS],
    /// Many machines: each has its own values.
    #[cfg(not(target_os = "none"))]
    slots: CpuLocal<Slot<T>>,
}

/// What each CPU's value is at the start.
pub(crate) trait Initial: Sized {
    /// The value at the start.
    const INITIAL: Self;
}

impl<T: Initial> Slot<T> {
    const fn new() -> Self {
        Self {
            busy: AtomicBool::new(false),
            value: UnsafeCell::new(T::INITIAL),
        }
    }
}

impl<T: Send + Initial + 'static> CpuOwned<T> {
    /// A value of which each CPU has its own.
    pub(crate) const fn new() -> Self {
        Self {
            #[cfg(target_os = "none")]
            slots: [const { Slot::new() }; MAX_CPUS],
            #[cfg(not(target_os = "none"))]
            slots: CpuLocal::new(Slot::new),
        }
    }

    /// This CPU's slot. Called with interrupts disabled.
    #[inline(always)]
    fn slot(&self) -> &Slot<T> {
        #[cfg(target_os = "none")]
        return &self.slots[arch::cpu_id() % MAX_CPUS];
        #[cfg(not(target_os = "none"))]
        return &self.slots;
    }

    /// Calls `action` with this CPU's value, with interrupts disabled. `action` must be short,
    /// and must not come here again for the same value (it panics).
    #[inline]
    pub(crate) fn with<R>(&self, action: impl FnOnce(&mut T) -> R) -> R {
        let interrupts = arch::interrupts_save_disable();
        let slot = self.slot();
        // A plain load and store: with interrupts disabled nothing else runs on this CPU, and
        // no other CPU reaches this slot. They only catch an `action` that comes back here.
        assert!(
            !slot.busy.load(Ordering::Relaxed),
            "a CPU's own value is in use"
        );
        slot.busy.store(true, Ordering::Relaxed);
        // SAFETY: this CPU's slot, interrupts disabled, `busy` was clear: see `Sync` above.
        let result = action(unsafe { &mut *slot.value.get() });
        slot.busy.store(false, Ordering::Relaxed);
        arch::interrupts_restore(interrupts);
        result
    }
}
