//! Device registers.
//!
//! A range of registers belongs to whoever claimed it. Memory cannot be claimed, so no access
//! here can break what the rest of the kernel believes about its own memory; what a device does
//! to memory by itself is bounded by the addresses it is given, see [`crate::dma`].

use alloc::vec::Vec;

use crate::global::Global;
use crate::sync::{Rank, SpinLock};
use crate::{arch, frame};

const RANK: Rank = Rank(740);

/// Ranges that are claimed, in no order.
static CLAIMED: Global<SpinLock<Vec<(usize, usize)>>> =
    Global::new(|| SpinLock::new(RANK, Vec::new()));

/// Why a range of registers was not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MmioError {
    /// Part of it is memory, or is nothing a device may have.
    NotDevice,
    /// Part of it belongs to another driver already.
    Claimed,
    /// It is shorter than the driver's registers.
    TooShort,
    /// There is no room to map it.
    OutOfMemory,
}

/// A range of device registers that one driver owns. Accesses are volatile, in program order
/// with respect to each other and to memory, and checked: beyond the range, or misaligned, they
/// panic.
pub struct Mmio {
    handle: usize,
    length: usize,
}

impl Mmio {
    /// Claims `length` bytes of registers at a physical address: never memory, never twice. Where
    /// and how many comes out of a device tree; a driver says how many bytes it `needs`, so that
    /// no access of its own can fall outside.
    pub fn claim(physical: usize, length: usize, needs: usize) -> Result<Mmio, MmioError> {
        let end = physical.checked_add(length).ok_or(MmioError::NotDevice)?;
        if length < needs {
            return Err(MmioError::TooShort);
        }
        if length == 0
            || !physical.is_multiple_of(4)
            || end > 1 << 48
            || frame::touches_ram(physical, length)
        {
            return Err(MmioError::NotDevice);
        }
        {
            let mut claimed = CLAIMED.lock();
            if claimed
                .iter()
                .any(|&(from, to)| physical < to && from < end)
            {
                return Err(MmioError::Claimed);
            }
            claimed.push((physical, end));
        }
        // SAFETY: it is not memory, and the table above gives each address away once.
        let handle = unsafe { arch::mmio_map(physical, length) };
        Ok(Mmio {
            handle: handle.map_err(|_| MmioError::OutOfMemory)?,
            length,
        })
    }

    /// The length of the range in bytes.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether the range is empty.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Where the registers are mapped; on the hosted machine no address at all.
    pub(crate) fn pointer(&self) -> *mut u8 {
        core::ptr::with_exposed_provenance_mut(self.handle)
    }

    #[inline]
    fn address(&self, offset: usize, size: usize) -> usize {
        let address = self.handle + offset;
        assert!(
            offset < self.length && size <= self.length - offset && address.is_multiple_of(size),
            "register {offset:#x} of {:#x}",
            self.length
        );
        address
    }
}

macro_rules! registers {
    ($read:ident, $write:ident, $arch_read:ident, $arch_write:ident, $type:ty) => {
        impl Mmio {
            /// Reads a register.
            #[inline]
            pub fn $read(&self, offset: usize) -> $type {
                let address = self.address(offset, size_of::<$type>());
                // SAFETY: `address` checked it to lie in the claimed range, aligned.
                unsafe { arch::$arch_read(address) }
            }

            /// Writes a register.
            #[inline]
            pub fn $write(&self, offset: usize, value: $type) {
                let address = self.address(offset, size_of::<$type>());
                // SAFETY: as above; the registers are this value's alone.
                unsafe { arch::$arch_write(address, value) }
            }
        }
    };
}

registers!(read8, write8, mmio_read8, mmio_write8, u8);
registers!(read16, write16, mmio_read16, mmio_write16, u16);
registers!(read32, write32, mmio_read32, mmio_write32, u32);
registers!(read64, write64, mmio_read64, mmio_write64, u64);
