//! virtio over PCI (Virtual I/O Device 1.2, section 4.1), modern devices and the modern face of
//! transitional ones.
//!
//! A device says in its configuration where in its memory registers its structures are. All of that
//! is checked once, in [`PciTransport::open`], and reached through [`Mmio`], so there is no `unsafe`
//! here. The `virtio-drivers` crate has such a transport as well; it believes the device when that
//! says where to notify, and reads it anew each time.

use alloc::vec::Vec;

use virtio_drivers::transport::pci::bus::{Command, ConfigurationAccess, DeviceFunction, PciRoot};
use virtio_drivers::transport::pci::virtio_device_type;
use virtio_drivers::transport::{DeviceStatus, DeviceType, InterruptStatus, Transport};
use virtio_drivers::{Error, PhysAddr};
use zerocopy::{FromBytes, Immutable, IntoBytes};

use super::{RESET_READS, VirtioError};
use crate::mmio::Mmio;
use crate::pci::{Configuration, Function};

/// Identifier of a capability of the maker's own, which all of virtio's are.
const VENDOR_CAPABILITY: u8 = 0x09;
/// Capabilities that fit in 256 bytes: a list with more goes around in circles.
const MOST_CAPABILITIES: usize = 48;
/// Kinds of structures.
const COMMON: u8 = 1;
const NOTIFY: u8 = 2;
const INTERRUPT: u8 = 3;
const DEVICE: u8 = 4;
/// Places in a capability.
const CAPABILITY_BAR: u8 = 4;
const CAPABILITY_OFFSET: u8 = 8;
const CAPABILITY_LENGTH: u8 = 12;
const CAPABILITY_MULTIPLIER: u8 = 16;
/// Bytes of a notification structure's capability, and of the others'.
const NOTIFY_CAPABILITY: u8 = 20;
const CAPABILITY: u8 = 16;

/// The common structure (section 4.1.4.3).
mod common {
    pub(super) const DEVICE_FEATURE_SELECT: usize = 0x00;
    pub(super) const DEVICE_FEATURE: usize = 0x04;
    pub(super) const DRIVER_FEATURE_SELECT: usize = 0x08;
    pub(super) const DRIVER_FEATURE: usize = 0x0c;
    pub(super) const STATUS: usize = 0x14;
    pub(super) const GENERATION: usize = 0x15;
    pub(super) const QUEUE_SELECT: usize = 0x16;
    pub(super) const QUEUE_SIZE: usize = 0x18;
    pub(super) const QUEUE_ENABLE: usize = 0x1c;
    pub(super) const QUEUE_NOTIFY: usize = 0x1e;
    pub(super) const QUEUE_ADDRESSES: [usize; 3] = [0x20, 0x28, 0x30];
    pub(super) const LENGTH: usize = 0x38;
}

/// A structure: which of the claimed registers, and the part of them.
#[derive(Clone, Copy)]
struct Part {
    register: usize,
    offset: usize,
    length: usize,
}

/// What a device says of a structure.
#[derive(Clone, Copy)]
struct Claim {
    bar: u8,
    offset: u32,
    length: u32,
}

/// See the module.
pub(super) struct PciTransport {
    configuration: Configuration,
    place: DeviceFunction,
    kind: DeviceType,
    /// The memory registers that its structures are in.
    registers: Vec<Mmio>,
    common: Part,
    notify: Part,
    interrupt: Part,
    device: Option<Part>,
    /// Bytes between the places of two queues.
    multiplier: usize,
    /// Where each queue that is set up is notified, from the start of its register.
    places: Vec<(u16, usize)>,
}

/// What virtio device a function is, if it is one.
pub(super) fn kind(function: &Function) -> Option<DeviceType> {
    virtio_device_type(&function.facts)
}

impl PciTransport {
    /// Begins to speak with a function that is a virtio device. It does not interrupt yet.
    pub(super) fn open(function: Function) -> Result<PciTransport, VirtioError> {
        let kind = kind(&function).ok_or(VirtioError)?;
        let configuration = function.configuration.clone();
        let mut root = PciRoot::new(configuration.clone());
        let word = |offset: u8| configuration.read_word(function.place, offset);
        let mut claims: [Option<Claim>; 5] = [None; 5];
        let mut multiplier = 0;
        let capabilities = root.capabilities(function.place).take(MOST_CAPABILITIES);
        for capability in capabilities.filter(|found| found.id == VENDOR_CAPABILITY) {
            let [length, kind] = capability.private_header.to_le_bytes();
            let at = |place: u8| capability.offset.checked_add(place).map_or(0, word);
            let wanted = match kind {
                NOTIFY => NOTIFY_CAPABILITY,
                COMMON | INTERRUPT | DEVICE => CAPABILITY,
                _ => continue,
            };
            // The first of each kind is the one that the device likes best.
            let place = &mut claims[usize::from(kind)];
            if length < wanted || place.is_some() {
                continue;
            }
            *place = Some(Claim {
                bar: at(CAPABILITY_BAR) as u8,
                offset: at(CAPABILITY_OFFSET),
                length: at(CAPABILITY_LENGTH),
            });
            if kind == NOTIFY {
                multiplier = at(CAPABILITY_MULTIPLIER) as usize;
            }
        }
        let mut registers = Registers {
            function: &function,
            claimed: Vec::new(),
        };
        let mut part = |kind: u8, least| match claims[usize::from(kind)] {
            Some(claim) => registers.part(claim, least).map(Some),
            None => Ok(None),
        };
        let common = part(COMMON, common::LENGTH)?.ok_or(VirtioError)?;
        let notify = part(NOTIFY, 2)?.ok_or(VirtioError)?;
        let interrupt = part(INTERRUPT, 1)?.ok_or(VirtioError)?;
        let device = part(DEVICE, 0)?;
        let registers = registers.claimed.into_iter().map(|(_, mmio)| mmio);
        let registers = registers.collect();
        let command = Command::MEMORY_SPACE | Command::BUS_MASTER | Command::INTERRUPT_DISABLE;
        root.set_command(function.place, command);
        let mut transport = PciTransport {
            configuration,
            kind,
            registers,
            common,
            notify,
            interrupt,
            device,
            multiplier,
            places: Vec::new(),
            place: function.place,
        };
        transport.set_status(DeviceStatus::empty());
        // It is reset once it says so (section 4.1.4.3.2).
        match (0..RESET_READS).any(|_| transport.get_status().is_empty()) {
            true => Ok(transport),
            false => Err(VirtioError),
        }
    }

    /// Lets it pull its interrupt line.
    pub(super) fn allow_interrupts(&mut self) {
        let command = Command::MEMORY_SPACE | Command::BUS_MASTER;
        PciRoot::new(self.configuration.clone()).set_command(self.place, command);
    }

    fn common(&self) -> &Mmio {
        &self.registers[self.common.register]
    }

    fn read8(&self, place: usize) -> u8 {
        self.common().read8(self.common.offset + place)
    }

    fn read16(&self, place: usize) -> u16 {
        self.common().read16(self.common.offset + place)
    }

    fn read32(&self, place: usize) -> u32 {
        self.common().read32(self.common.offset + place)
    }

    fn write16(&self, place: usize, value: u16) {
        self.common().write16(self.common.offset + place, value);
    }

    fn write32(&self, place: usize, value: u32) {
        self.common().write32(self.common.offset + place, value);
    }

    /// The part of the device's own structure at `offset`, of so many bytes.
    fn own(&self, offset: usize, length: usize) -> Result<(&Mmio, usize), Error> {
        let part = self.device.ok_or(Error::ConfigSpaceMissing)?;
        if offset > part.length || length > part.length - offset {
            return Err(Error::ConfigSpaceTooSmall);
        }
        Ok((&self.registers[part.register], part.offset + offset))
    }
}

/// The memory registers of a function, each claimed once.
struct Registers<'a> {
    function: &'a Function,
    claimed: Vec<(u8, Mmio)>,
}

impl Registers<'_> {
    /// The part that `claim` names, which has to be at least so long.
    fn part(&mut self, claim: Claim, least: usize) -> Result<Part, VirtioError> {
        let bar = self.function.bars.get(usize::from(claim.bar));
        let bar = bar.copied().flatten().ok_or(VirtioError)?;
        let (offset, length) = (claim.offset as usize, claim.length as usize);
        let end = u64::from(claim.offset) + u64::from(claim.length);
        if end > bar.length || length < least || !offset.is_multiple_of(4) {
            return Err(VirtioError);
        }
        let known = self
            .claimed
            .iter()
            .position(|(index, _)| *index == claim.bar);
        let register = match known {
            Some(register) => register,
            None => {
                let length = bar.length as usize;
                let registers = Mmio::claim(bar.physical as usize, length, length);
                let registers = registers.map_err(|_| VirtioError)?;
                self.claimed.push((claim.bar, registers));
                self.claimed.len() - 1
            }
        };
        Ok(Part {
            register,
            offset,
            length,
        })
    }
}

impl Transport for PciTransport {
    fn device_type(&self) -> DeviceType {
        self.kind
    }

    fn read_device_features(&mut self) -> u64 {
        let half = |index| {
            self.write32(common::DEVICE_FEATURE_SELECT, index);
            u64::from(self.read32(common::DEVICE_FEATURE))
        };
        half(0) | half(1) << 32
    }

    fn write_driver_features(&mut self, features: u64) {
        for (index, half) in [features as u32, (features >> 32) as u32]
            .into_iter()
            .enumerate()
        {
            self.write32(common::DRIVER_FEATURE_SELECT, index as u32);
            self.write32(common::DRIVER_FEATURE, half);
        }
    }

    fn max_queue_size(&mut self, queue: u16) -> u32 {
        self.write16(common::QUEUE_SELECT, queue);
        self.read16(common::QUEUE_SIZE).into()
    }

    fn notify(&mut self, queue: u16) {
        let place = self.places.iter().find(|(known, _)| *known == queue);
        if let Some(&(_, place)) = place {
            self.registers[self.notify.register].write16(place, queue);
        }
    }

    fn get_status(&self) -> DeviceStatus {
        DeviceStatus::from_bits_retain(self.read8(common::STATUS).into())
    }

    fn set_status(&mut self, status: DeviceStatus) {
        let place = self.common.offset + common::STATUS;
        self.common().write8(place, status.bits() as u8);
    }

    fn set_guest_page_size(&mut self, _size: u32) {}

    fn requires_legacy_layout(&self) -> bool {
        false
    }

    fn queue_set(
        &mut self,
        queue: u16,
        size: u32,
        descriptors: PhysAddr,
        driver_area: PhysAddr,
        device_area: PhysAddr,
    ) {
        self.write16(common::QUEUE_SELECT, queue);
        self.write16(common::QUEUE_SIZE, size as u16);
        let addresses = [descriptors, driver_area, device_area];
        for (place, address) in common::QUEUE_ADDRESSES.into_iter().zip(addresses) {
            // In halves: only those have to be understood (section 4.1.3.1).
            self.write32(place, address as u32);
            self.write32(place + 4, (address >> 32) as u32);
        }
        let place = usize::from(self.read16(common::QUEUE_NOTIFY)).checked_mul(self.multiplier);
        let inside = place.filter(|&place| {
            place.is_multiple_of(2)
                && place
                    .checked_add(2)
                    .is_some_and(|end| end <= self.notify.length)
        });
        // One that is outside is not told, and found out as one that does not answer.
        if let Some(place) = inside {
            self.places.retain(|(known, _)| *known != queue);
            self.places.push((queue, self.notify.offset + place));
        }
        self.write16(common::QUEUE_ENABLE, 1);
    }

    /// Only a reset disables a queue (section 4.1.4.3.2).
    fn queue_unset(&mut self, _queue: u16) {}

    fn queue_used(&mut self, queue: u16) -> bool {
        self.write16(common::QUEUE_SELECT, queue);
        self.read16(common::QUEUE_ENABLE) == 1
    }

    /// Reading it is what takes the interrupt away.
    fn ack_interrupt(&mut self) -> InterruptStatus {
        let Part {
            register, offset, ..
        } = self.interrupt;
        InterruptStatus::from_bits_retain(self.registers[register].read8(offset).into())
    }

    fn read_config_generation(&self) -> u32 {
        self.read8(common::GENERATION).into()
    }

    fn read_config_space<T: FromBytes + IntoBytes>(&self, offset: usize) -> Result<T, Error> {
        let (registers, start) = self.own(offset, size_of::<T>())?;
        let mut value = T::new_zeroed();
        let bytes = value.as_mut_bytes();
        // In accesses as wide as the field, or words of a wider one (section 4.1.3.1).
        match bytes.len() {
            1 | 2 => {}
            _ if start.is_multiple_of(4) && bytes.len().is_multiple_of(4) => {}
            _ => return Err(Error::Unsupported),
        }
        if let [byte] = bytes {
            *byte = registers.read8(start);
        } else if let Ok(pair) = <&mut [u8; 2]>::try_from(&mut *bytes) {
            if !start.is_multiple_of(2) {
                return Err(Error::Unsupported);
            }
            *pair = registers.read16(start).to_ne_bytes();
        } else {
            for (index, word) in bytes.as_chunks_mut::<4>().0.iter_mut().enumerate() {
                *word = registers.read32(start + index * 4).to_ne_bytes();
            }
        }
        Ok(value)
    }

    fn write_config_space<T: IntoBytes + Immutable>(
        &mut self,
        _offset: usize,
        _value: T,
    ) -> Result<(), Error> {
        // No device that we drive has a field that is written.
        Err(Error::Unsupported)
    }
}

impl Drop for PciTransport {
    /// Resets the device; whoever has memory with it that must not be given back before the device
    /// has let go waits for that first.
    fn drop(&mut self) {
        self.set_status(DeviceStatus::empty());
    }
}
