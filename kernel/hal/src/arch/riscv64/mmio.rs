//! Device registers: plain loads and stores to pages of the device area.

use core::arch::asm;
use core::ptr;

use crate::OutOfMemory;
use crate::arch::bare::kernel_map;

/// Maps registers; returns their address.
///
/// # Safety
/// The range holds device registers, and nobody else maps it.
pub(crate) unsafe fn mmio_map(physical: usize, length: usize) -> Result<usize, OutOfMemory> {
    // SAFETY: passed on to the caller.
    unsafe { kernel_map::map_device(physical, length) }
}

macro_rules! access {
    ($read:ident, $write:ident, $type:ty) => {
        /// Reads a register.
        ///
        /// # Safety
        /// `address` lies in what [`mmio_map`] returned, and is aligned.
        #[inline]
        pub(crate) unsafe fn $read(address: usize) -> $type {
            let register = ptr::with_exposed_provenance::<$type>(address);
            // SAFETY: the caller's promise: a mapped, aligned register.
            let value = unsafe { ptr::read_volatile(register) };
            // What is read from memory next (a buffer the device filled) is read after it.
            // SAFETY: a fence.
            unsafe { asm!("fence i, r", options(nostack)) };
            value
        }

        /// Writes a register.
        ///
        /// # Safety
        /// `address` lies in what [`mmio_map`] returned, and is aligned.
        #[inline]
        pub(crate) unsafe fn $write(address: usize, value: $type) {
            // What was written to memory (a buffer for the device) is there before it.
            // SAFETY: a fence.
            unsafe { asm!("fence w, o", options(nostack)) };
            // SAFETY: the caller's promise: a mapped, aligned register.
            unsafe { ptr::write_volatile(ptr::with_exposed_provenance_mut(address), value) }
        }
    };
}

access!(mmio_read8, mmio_write8, u8);
access!(mmio_read16, mmio_write16, u16);
access!(mmio_read32, mmio_write32, u32);
access!(mmio_read64, mmio_write64, u64);
