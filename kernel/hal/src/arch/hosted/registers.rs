//! Device registers of a simulated machine: it has none, so nothing can be claimed.

use crate::OutOfMemory;

/// # Safety
/// The range holds device registers, and nobody else maps it.
pub(crate) unsafe fn mmio_map(_physical: usize, _length: usize) -> Result<usize, OutOfMemory> {
    Err(OutOfMemory)
}

macro_rules! accessors {
    ($($read:ident $write:ident $type:ty,)*) => {$(
        /// # Safety
        /// `address` lies in what `mmio_map` returned, and is aligned.
        pub(crate) unsafe fn $read(_address: usize) -> $type {
            unreachable!("nothing was mapped")
        }

        /// # Safety
        /// `address` lies in what `mmio_map` returned, and is aligned.
        pub(crate) unsafe fn $write(_address: usize, _value: $type) {
            unreachable!("nothing was mapped")
        }
    )*};
}

accessors! {
    mmio_read8 mmio_write8 u8,
    mmio_read16 mmio_write16 u16,
    mmio_read32 mmio_write32 u32,
    mmio_read64 mmio_write64 u64,
}
