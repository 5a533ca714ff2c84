//! virtio devices, over MMIO and over PCI.
//!
//! The protocol is the `virtio-drivers` crate's; what it needs from the machine is unsafe by
//! nature (memory that a device writes, addresses that it is told), so that part is here, and what
//! leaves this module is safe: a driver outside gives registers or a PCI function and gets bytes.
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
mod channel;
mod entropy;
mod pci;
pub(crate) mod queue;

pub use block::{Answer, Block, BlockFacts, BlockOperation, BlockRefusal};
pub use channel::Channel;
pub use entropy::Entropy;

use core::ptr::NonNull;

use virtio_drivers::{BufferDirection, Hal, PhysAddr};

use crate::arch;
use crate::dma::DmaBuffer;

/// Bytes of the registers that every device over MMIO has; its own configuration follows.
pub const REGISTERS: usize = 0x100;

/// How often the status is read after a reset before the device counts as stuck.
const RESET_READS: usize = 100_000;

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

impl Kind {
    fn of(number: u32) -> Kind {
        match number {
            2 => Kind::Block,
            4 => Kind::Entropy,
            number => Kind::Other(number),
        }
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
        unreachable!("only the crate's own PCI transport asks for this")
    }

    unsafe fn share(buffer: NonNull<[u8]>, _direction: BufferDirection) -> PhysAddr {
        // Only parts of a `DmaBuffer` come here, which are in the direct map.
        let origin = arch::physical_to_virtual(0).addr();
        buffer.addr().get().wrapping_sub(origin) as PhysAddr
    }

    unsafe fn unshare(_physical: PhysAddr, _buffer: NonNull<[u8]>, _direction: BufferDirection) {}
}
