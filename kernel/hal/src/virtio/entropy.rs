//! The entropy device: random bytes through one bounce buffer.

use virtio_drivers::device::rng::VirtIORng;
use virtio_drivers::transport::mmio::MmioTransport;

use super::{Kind, Memory, VirtioError, connect};
use crate::PAGE_SIZE;
use crate::dma::DmaBuffer;
use crate::mmio::Mmio;

/// An entropy device.
pub struct Entropy {
    device: VirtIORng<Memory, MmioTransport<'static>>,
    /// What the device writes to.
    buffer: DmaBuffer,
    /// Owned so that nobody else gets the registers.
    _registers: Mmio,
}

// SAFETY: the transport holds a pointer to registers that this value owns; everything about it may
// be used from any CPU, one at a time.
unsafe impl Send for Entropy {}

impl Entropy {
    /// Starts the device behind these registers.
    pub fn new(registers: Mmio) -> Result<Entropy, VirtioError> {
        let (transport, registers) = connect(registers, Kind::Entropy)?;
        let device = VirtIORng::new(transport).map_err(|_| VirtioError)?;
        let buffer = DmaBuffer::allocate(1).map_err(|_| VirtioError)?;
        Ok(Entropy {
            device,
            buffer,
            _registers: registers,
        })
    }

    /// Fills at most a page of `into` with random bytes and says how many. Waits for the device,
    /// which answers at once or is broken.
    pub fn fill(&mut self, into: &mut [u8]) -> Result<usize, VirtioError> {
        let most = into.len().min(PAGE_SIZE);
        if most == 0 {
            return Ok(0);
        }
        // SAFETY: the buffer is this value's alone, at least a page long and initialised; nobody
        // else refers to it while the slice lives, and the device writes only within the call.
        let shared = unsafe { core::slice::from_raw_parts_mut(self.buffer.pointer(), most) };
        let count = self
            .device
            .request_entropy(shared)
            .map_err(|_| VirtioError)?
            .min(most);
        self.buffer.read(0, &mut into[..count]);
        // What was given away must not be found again.
        self.buffer.write(0, &[0; PAGE_SIZE][..most]);
        Ok(count)
    }
}
