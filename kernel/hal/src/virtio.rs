//! virtio devices over MMIO.
//!
//! The protocol is the `virtio-drivers` crate's; what it needs from the machine is unsafe by
//! nature (memory that a device writes, addresses that it is told), so that part is here, and what
//! leaves this module is safe: a driver outside gives registers and gets bytes.
//!
//! A device only ever sees memory that was allocated for it: queues and one bounce buffer, whole
//! frames of a [`DmaBuffer`]. Bytes are copied between that and the caller's slice. A kernel stack
//! could not be given to a device anyway, because its frames are not contiguous.

use core::ptr::NonNull;

use virtio_drivers::device::rng::VirtIORng;
use virtio_drivers::transport::mmio::{MmioTransport, VirtIOHeader};
use virtio_drivers::{BufferDirection, Hal, PhysAddr};

use crate::dma::DmaBuffer;
use crate::mmio::Mmio;
use crate::{PAGE_SIZE, arch};

/// "virt", little endian: the first register of every virtio device.
const MAGIC: u32 = 0x7472_6976;
const REGISTER_MAGIC: usize = 0x00;
const REGISTER_DEVICE: usize = 0x08;
/// Bytes of the registers that every device has; its own configuration follows.
pub const REGISTERS: usize = 0x100;

/// What a virtio device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A source of entropy.
    Entropy,
    /// Something else, by its number (Virtual I/O Device 1.2, chapter 5).
    Other(u32),
}

/// A device did not do what the protocol asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VirtioError;

/// What is behind a slot's registers; `None` for an empty slot.
pub fn kind(registers: &Mmio) -> Option<Kind> {
    if registers.len() < REGISTERS || registers.read32(REGISTER_MAGIC) != MAGIC {
        return None;
    }
    match registers.read32(REGISTER_DEVICE) {
        0 => None,
        4 => Some(Kind::Entropy),
        number => Some(Kind::Other(number)),
    }
}

/// The memory side of `virtio-drivers`.
struct Memory;

// SAFETY: memory given out is a `DmaBuffer`'s, page aligned, zeroed and nobody else's; addresses of
// shared buffers are those of the direct map, where such memory is contiguous.
unsafe impl Hal for Memory {
    fn dma_alloc(pages: usize, _direction: BufferDirection) -> (PhysAddr, NonNull<u8>) {
        // The crate takes a zero address for a failure.
        const NONE: (PhysAddr, NonNull<u8>) = (0, NonNull::dangling());
        let Ok(buffer) = DmaBuffer::allocate(pages) else {
            return NONE;
        };
        let Some(pointer) = NonNull::new(buffer.pointer()) else {
            return NONE;
        };
        let physical = buffer.physical() as PhysAddr;
        buffer.leak();
        (physical, pointer)
    }

    unsafe fn dma_dealloc(physical: PhysAddr, _pointer: NonNull<u8>, pages: usize) -> i32 {
        // SAFETY: the caller returns what `dma_alloc` gave, once.
        drop(unsafe { DmaBuffer::reclaim(physical as usize, pages) });
        0
    }

    unsafe fn mmio_phys_to_virt(_physical: PhysAddr, _size: usize) -> NonNull<u8> {
        unreachable!("only the PCI transport asks for this")
    }

    unsafe fn share(buffer: NonNull<[u8]>, _direction: BufferDirection) -> PhysAddr {
        // Only parts of a `DmaBuffer` come here, which are in the direct map.
        let origin = arch::physical_to_virtual(0).addr();
        buffer.addr().get().wrapping_sub(origin) as PhysAddr
    }

    unsafe fn unshare(_physical: PhysAddr, _buffer: NonNull<[u8]>, _direction: BufferDirection) {}
}

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
        if kind(&registers) != Some(Kind::Entropy) {
            return Err(VirtioError);
        }
        let header = NonNull::new(registers.pointer().cast::<VirtIOHeader>()).ok_or(VirtioError)?;
        // SAFETY: the registers of a virtio device of this length, mapped for ever, owned by this
        // value and used by nothing but the transport.
        let transport = unsafe { MmioTransport::new(header, registers.len()) };
        let device =
            VirtIORng::new(transport.map_err(|_| VirtioError)?).map_err(|_| VirtioError)?;
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
