//! The entropy device: random bytes through one bounce buffer.

use virtio_drivers::device::rng::VirtIORng;

use super::channel::Link;
use super::{Channel, Kind, Memory, VirtioError};
use crate::PAGE_SIZE;
use crate::dma::DmaBuffer;

/// An entropy device.
pub struct Entropy {
    device: VirtIORng<Memory, Link>,
    /// What the device writes to.
    buffer: DmaBuffer,
}

impl Entropy {
    /// Starts the device.
    pub fn new(channel: Channel) -> Result<Entropy, VirtioError> {
        let device = VirtIORng::new(channel.open(Kind::Entropy)?).map_err(|_| VirtioError)?;
        let buffer = DmaBuffer::allocate(1).map_err(|_| VirtioError)?;
        Ok(Entropy { device, buffer })
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
