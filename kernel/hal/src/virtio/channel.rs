//! The way to a virtio device: registers in memory, or a PCI function.
//!
//! A [`Channel`] is what a driver outside holds before it knows more of a device than its
//! [`Kind`]. What it wraps, the transport, stays inside: it tells a device where memory is.

use alloc::boxed::Box;
use core::ptr::NonNull;

use virtio_drivers::transport::mmio::{MmioTransport, VirtIOHeader};
use virtio_drivers::transport::{DeviceStatus, DeviceType, InterruptStatus, Transport};
use virtio_drivers::{Error, PhysAddr};
use zerocopy::{FromBytes, Immutable, IntoBytes};

use super::pci::{self, PciTransport};
use super::{Kind, REGISTERS, VirtioError};
use crate::mmio::Mmio;
use crate::pci::Function;

/// "virt", little endian: the first register of every virtio device over MMIO.
const MAGIC: u32 = 0x7472_6976;
const REGISTER_MAGIC: usize = 0x00;
const REGISTER_DEVICE: usize = 0x08;

/// A virtio device that nobody drives yet. It is reset when this is dropped, or what was made of it.
pub struct Channel {
    kind: Kind,
    link: Link,
}

/// Either transport.
pub(super) enum Link {
    Mmio {
        transport: MmioTransport<'static>,
        /// Owned so that nobody else gets the registers.
        _registers: Mmio,
    },
    Pci(Box<PciTransport>),
}

// SAFETY: the transport holds a pointer to registers that this value owns; everything about it may
// be used from any CPU, one at a time.
unsafe impl Send for Link {}

impl Channel {
    /// The device behind these registers; `None` for an empty slot, or what is none.
    pub fn at_registers(registers: Mmio) -> Result<Option<Channel>, VirtioError> {
        if registers.len() < REGISTERS || registers.read32(REGISTER_MAGIC) != MAGIC {
            return Ok(None);
        }
        let kind = match registers.read32(REGISTER_DEVICE) {
            0 => return Ok(None),
            number => Kind::of(number),
        };
        let header = NonNull::new(registers.pointer().cast::<VirtIOHeader>()).ok_or(VirtioError)?;
        // SAFETY: the registers of a virtio device of this length, mapped for ever; they belong to
        // the caller until now, and from now on to the value beside the transport, which gives them
        // to nobody.
        let transport = unsafe { MmioTransport::new(header, registers.len()) };
        let link = Link::Mmio {
            transport: transport.map_err(|_| VirtioError)?,
            _registers: registers,
        };
        Ok(Some(Channel { kind, link }))
    }

    /// What virtio device a PCI function is; `None` if it is something else.
    pub fn kind_at(function: &Function) -> Option<Kind> {
        pci::kind(function).map(|kind| Kind::of(kind as u32))
    }

    /// The device that is a PCI function.
    pub fn at_function(function: Function) -> Result<Channel, VirtioError> {
        let kind = Channel::kind_at(&function).ok_or(VirtioError)?;
        let link = Link::Pci(Box::new(PciTransport::open(function)?));
        Ok(Channel { kind, link })
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The transport, of a device that is of this kind.
    pub(super) fn open(self, expected: Kind) -> Result<Link, VirtioError> {
        match self.kind == expected {
            true => Ok(self.link),
            false => Err(VirtioError),
        }
    }
}

impl Link {
    /// Lets the device interrupt, for a driver that looks when it does.
    pub(super) fn allow_interrupts(&mut self) {
        match self {
            // What interrupts there is the slot, which the driver has a handler for or not.
            Link::Mmio { .. } => {}
            Link::Pci(transport) => transport.allow_interrupts(),
        }
    }
}

/// The same with either.
macro_rules! either {
    ($link:expr, $transport:ident => $call:expr) => {
        match $link {
            Link::Mmio {
                transport: $transport,
                ..
            } => $call,
            Link::Pci($transport) => $call,
        }
    };
}

impl Transport for Link {
    fn device_type(&self) -> DeviceType {
        either!(self, transport => transport.device_type())
    }

    fn read_device_features(&mut self) -> u64 {
        either!(self, transport => transport.read_device_features())
    }

    fn write_driver_features(&mut self, features: u64) {
        either!(self, transport => transport.write_driver_features(features))
    }

    fn max_queue_size(&mut self, queue: u16) -> u32 {
        either!(self, transport => transport.max_queue_size(queue))
    }

    fn notify(&mut self, queue: u16) {
        either!(self, transport => transport.notify(queue))
    }

    fn get_status(&self) -> DeviceStatus {
        either!(self, transport => transport.get_status())
    }

    fn set_status(&mut self, status: DeviceStatus) {
        either!(self, transport => transport.set_status(status))
    }

    fn set_guest_page_size(&mut self, size: u32) {
        either!(self, transport => transport.set_guest_page_size(size))
    }

    fn requires_legacy_layout(&self) -> bool {
        either!(self, transport => transport.requires_legacy_layout())
    }

    fn queue_set(
        &mut self,
        queue: u16,
        size: u32,
        descriptors: PhysAddr,
        driver_area: PhysAddr,
        device_area: PhysAddr,
    ) {
        either!(self, transport => {
            transport.queue_set(queue, size, descriptors, driver_area, device_area)
        })
    }

    fn queue_unset(&mut self, queue: u16) {
        either!(self, transport => transport.queue_unset(queue))
    }

    fn queue_used(&mut self, queue: u16) -> bool {
        either!(self, transport => transport.queue_used(queue))
    }

    fn ack_interrupt(&mut self) -> InterruptStatus {
        either!(self, transport => transport.ack_interrupt())
    }

    fn read_config_generation(&self) -> u32 {
        either!(self, transport => transport.read_config_generation())
    }

    fn read_config_space<T: FromBytes + IntoBytes>(&self, offset: usize) -> Result<T, Error> {
        either!(self, transport => transport.read_config_space(offset))
    }

    fn write_config_space<T: IntoBytes + Immutable>(
        &mut self,
        offset: usize,
        value: T,
    ) -> Result<(), Error> {
        either!(self, transport => transport.write_config_space(offset, value))
    }
}
