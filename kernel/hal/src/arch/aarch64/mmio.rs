//! Device registers: single loads and stores to pages of the device area, which are mapped as
//! Device-nGnRE, so that they reach the device one by one and in order.
//!
//! The accesses are written in assembly because a hypervisor can only emulate those instructions
//! that report their register in the syndrome: no write-back, no pairs.

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
    ($read:ident, $load:literal, $write:ident, $store:literal, $type:ty, $wide:ty) => {
        /// Reads a register. Memory accesses behind it stay behind it.
        ///
        /// # Safety
        /// `address` lies in what [`mmio_map`] returned, and is aligned.
        #[inline]
        pub(crate) unsafe fn $read(address: usize) -> $type {
            let value: $wide;
            // SAFETY: the caller's promise: a mapped, aligned register. The barrier keeps loads of
            // memory that the device filled behind the load that told of it.
            unsafe {
                core::arch::asm!($load, "dmb oshld", out(reg) value, in(reg) address,
                    options(nostack, preserves_flags));
            }
            value as $type
        }

        /// Writes a register. Memory accesses before it stay before it.
        ///
        /// # Safety
        /// `address` lies in what [`mmio_map`] returned, and is aligned.
        #[inline]
        pub(crate) unsafe fn $write(address: usize, value: $type) {
            // SAFETY: the caller's promise: a mapped, aligned register. The barrier makes what was
            // written to memory visible to the device before it is told.
            unsafe {
                core::arch::asm!("dmb oshst", $store, in(reg) <$wide>::from(value), in(reg) address,
                    options(nostack, preserves_flags));
            }
        }
    };
}

access!(
    mmio_read8,
    "ldrb {0:w}, [{1}]",
    mmio_write8,
    "strb {0:w}, [{1}]",
    u8,
    u32
);
access!(
    mmio_read16,
    "ldrh {0:w}, [{1}]",
    mmio_write16,
    "strh {0:w}, [{1}]",
    u16,
    u32
);
access!(
    mmio_read32,
    "ldr {0:w}, [{1}]",
    mmio_write32,
    "str {0:w}, [{1}]",
    u32,
    u32
);
access!(
    mmio_read64,
    "ldr {0}, [{1}]",
    mmio_write64,
    "str {0}, [{1}]",
    u64,
    u64
);
