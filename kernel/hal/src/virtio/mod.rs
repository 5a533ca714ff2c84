//! virtio devices over MMIO.
//!
//! The protocol is the `virtio-drivers` crate's; what it needs from the machine is unsafe by
//! nature (memory that a device writes, addresses that it is told), so that part is here, and what
//! leaves this module is safe: a driver outside gives registers and gets bytes.
//!
//! A device only ever sees memory that was allocated for it (queues and a bounce buffer, whole frames
//! of a [`DmaBuffer`]) and, where there is much to move, the frames of [`Segment`](crate::dma::Segment)s: those it gets
//! by address, so no byte is copied, and whoever is told of a frame owns a share of it until the
//! device has given it back ([`Block`]). A kernel stack could not be given to a device anyway,
//! because its frames are not contiguous.
//!
//! For [`Entropy`] the crate's own driver does. A disk has a [`queue`] of our own below it: the
//! crate's takes Rust references to the bytes, which may not be made of memory that programs have
//! mapped, and allocates for each request, which an answer to a shortage of memory must not.

mod block;
mod entropy;
pub(crate) mod queue;

pub use block::{Answer, Block, BlockFacts, BlockOperation, BlockRefusal};
pub use entropy::Entropy;

use core::ptr::NonNull;

use virtio_drivers::transport::mmio::{MmioTransport, VirtIOHeader};
use virtio_drivers::{BufferDirection, Hal, PhysAddr};

use crate::arch;
use crate::dma::DmaBuffer;
use crate::mmio::Mmio;

/// "virt", little endian: the first register of every virtio device.
const MAGIC: u32 = 0x7472_6976;
const REGISTER_MAGIC: usize = 0x00;
const REGISTER_DEVICE: usize = 0x08;
/// Bytes of the registers that every device has; its own configuration follows.
pub const REGISTERS: usize = 0x100;

/// What a virtio device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A disk.
    Block,
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
        2 => Some(Kind::Block),
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

/// Begins to speak with the device behind `registers`, which has to be of this kind. The registers
/// stay claimed by the returned value, which resets the device when it is dropped.
fn connect(registers: Mmio, expected: Kind) -> Result<(MmioTransport<'static>, Mmio), VirtioError> {
    if kind(&registers) != Some(expected) {
        return Err(VirtioError);
    }
    let header = NonNull::new(registers.pointer().cast::<VirtIOHeader>()).ok_or(VirtioError)?;
    // SAFETY: the registers of a virtio device of this length, mapped for ever; they belong to the
    // caller from now on, which keeps them beside the transport and gives them to nobody else.
    let transport = unsafe { MmioTransport::new(header, registers.len()) };
    Ok((transport.map_err(|_| VirtioError)?, registers))
}
