//! A shared pointer of which each CPU has its own, reached without a lock: who runs here.
//!
//! Only its own CPU touches a CPU's slot, with interrupts disabled; what is handed out is a share,
//! or a look that ends before interrupts are enabled again.

use alloc::sync::Arc;

use crate::cpu_owned::{CpuOwned, Initial};

struct Slot<T>(Option<Arc<T>>);

impl<T> Initial for Slot<T> {
    const INITIAL: Self = Self(None);
}

/// A shared pointer of which each CPU has its own; empty at the start.
pub struct CpuSlot<T: Send + Sync + 'static> {
    slots: CpuOwned<Slot<T>>,
}

impl<T: Send + Sync + 'static> CpuSlot<T> {
    /// Empty on every CPU.
    #[allow(clippy::new_without_default, reason = "made as a static only")]
    pub const fn new() -> Self {
        Self {
            slots: CpuOwned::new(),
        }
    }

    /// A share of what is in this CPU's slot.
    #[inline]
    pub fn get(&self) -> Option<Arc<T>> {
        self.slots.with(|slot| slot.0.clone())
    }

    /// Looks at what is in this CPU's slot. `look` runs with interrupts disabled; it must be short
    /// and must not come to this slot again (that panics).
    #[inline]
    pub fn with<R>(&self, look: impl FnOnce(Option<&T>) -> R) -> R {
        self.slots.with(|slot| look(slot.0.as_deref()))
    }

    /// Fills this CPU's slot; returns what was in it.
    #[inline]
    pub fn replace(&self, value: Arc<T>) -> Option<Arc<T>> {
        self.slots.with(|slot| slot.0.replace(value))
    }
}
