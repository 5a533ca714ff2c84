//! Device registers.

/// Why a range of registers was not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MmioError {
    /// Part of it is memory, or is nothing a device may have.
    NotDevice,
    /// Part of it belongs to another driver already.
    Claimed,
    /// There is no room to map it.
    OutOfMemory,
}

/// A range of device registers that one driver owns. Accesses are volatile, in program order
/// with respect to each other, and checked to lie in the range (they panic otherwise).
pub struct Mmio {
    length: usize,
}

impl Mmio {
    /// Claims `length` bytes of registers at a physical address: never memory, never twice.
    pub fn claim(physical: usize, length: usize) -> Result<Mmio, MmioError> {
        let _ = (physical, length);
        Err(MmioError::NotDevice)
    }

    /// The length of the range in bytes.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether the range is empty.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Reads a register.
    pub fn read8(&self, offset: usize) -> u8 {
        let _ = offset;
        0
    }

    /// Reads a register.
    pub fn read16(&self, offset: usize) -> u16 {
        let _ = offset;
        0
    }

    /// Reads a register.
    pub fn read32(&self, offset: usize) -> u32 {
        let _ = offset;
        0
    }

    /// Reads a register.
    pub fn read64(&self, offset: usize) -> u64 {
        let _ = offset;
        0
    }

    /// Writes a register.
    pub fn write8(&self, offset: usize, value: u8) {
        let _ = (offset, value);
    }

    /// Writes a register.
    pub fn write16(&self, offset: usize, value: u16) {
        let _ = (offset, value);
    }

    /// Writes a register.
    pub fn write32(&self, offset: usize, value: u32) {
        let _ = (offset, value);
    }

    /// Writes a register.
    pub fn write64(&self, offset: usize, value: u64) {
        let _ = (offset, value);
    }
}
