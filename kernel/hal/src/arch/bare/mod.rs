//! What the two bare-metal backends share: statics that fill themselves, the kernel's own
//! addresses and mappings, and kernel stacks.

pub(crate) mod first_tables;
pub(crate) mod kernel_map;
pub(crate) mod layout;
mod stack;

pub(crate) use stack::Stack;

use super::physical_to_virtual;
use crate::sync::Once;

/// A value made at its first use, once: on bare metal there is one machine.
pub(crate) struct GlobalCell<T: 'static> {
    initialise: fn() -> T,
    value: Once<T>,
}

impl<T: Send + Sync + 'static> GlobalCell<T> {
    /// An empty cell.
    pub(crate) const fn new(initialise: fn() -> T) -> Self {
        Self {
            initialise,
            value: Once::new(),
        }
    }

    /// The value.
    #[inline]
    pub(crate) fn get(&self) -> &T {
        self.value.get_or_init(self.initialise)
    }
}

/// The physical address of something in the direct map.
#[inline]
pub(crate) fn direct_map_physical(pointer: *mut u8) -> usize {
    pointer.addr().wrapping_sub(physical_to_virtual(0).addr())
}

/// Whether an allocation is to fail although there is memory: only in simulations.
#[inline(always)]
pub(crate) fn refuses_allocation() -> bool {
    false
}

/// Page tables are being changed: hardware asks nobody to keep count.
pub(crate) struct TablesChanging;

impl TablesChanging {
    /// Begins a change.
    #[inline]
    pub(crate) fn begin() -> Self {
        Self
    }
}
