//! virtio devices: on MMIO slots (Virtual I/O Device 1.2, section 4.2) and on PCI (section 4.1).
//!
//! A `virt` machine has a row of slots, most of them empty; the device tree names every one. The
//! protocol and the memory that devices write are [`hal::virtio`]'s; here its devices are found and
//! offered to [`device::registry`] as what they are: disks, and the entropy device, which also gives the
//! kernel's generator its first unpredictable bytes.
//!
//! Disks get their letters in this order: slots as the device tree has them, then PCI functions by
//! bus, device and function. A driver does not know which of both its device is.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod block;
mod entropy;

use alloc::vec::Vec;

use base::{Error, Result};
use device::tree::HardwareNode;
use driver_pci::Found;
use hal::mmio::Mmio;
use hal::virtio::{Channel, Kind};

/// What the device tree calls a slot.
const COMPATIBLE: &str = "virtio,mmio";

/// Finds the virtio devices among `nodes` and `functions` and starts those that there is a driver
/// for. Says how many.
pub fn probe(nodes: &[HardwareNode], functions: Vec<Found>) -> usize {
    let mut devices = Devices::default();
    for node in nodes.iter().filter(|node| node.is_compatible(COMPATIBLE)) {
        match at_slot(node) {
            Ok(Some(channel)) => devices.start(&node.name, channel, node.interrupts.first()),
            Ok(None) => {}
            Err(error) => base::warn!("virtio: {}: {error:?}", node.name),
        }
    }
    for Found { function, line } in functions {
        let name = alloc::format!("pci {}", function.place());
        if Channel::kind_at(&function).is_none() {
            let (maker, product) = function.identity();
            let (class, subclass) = function.class();
            base::info!(
                "{name}: no driver for {maker:04x}:{product:04x}, class {class:02x}{subclass:02x}"
            );
            continue;
        }
        match Channel::at_function(function) {
            Ok(channel) => devices.start(&name, channel, line.as_ref()),
            Err(error) => base::warn!("virtio: {name}: {error:?}"),
        }
    }
    devices.started
}

/// The device in a slot, if there is one.
fn at_slot(node: &HardwareNode) -> Result<Option<Channel>> {
    let Some(&(address, length)) = node.registers.first() else {
        return Ok(None);
    };
    let registers = Mmio::claim(address, length, hal::virtio::REGISTERS);
    let registers = registers.map_err(|_| Error::Busy)?;
    Channel::at_registers(registers).map_err(|_| Error::InputOutput)
}

/// How many devices there are so far.
#[derive(Default)]
struct Devices {
    started: usize,
    disks: u32,
}

impl Devices {
    fn start(&mut self, name: &str, channel: Channel, line: Option<&u32>) {
        let outcome = match channel.kind() {
            Kind::Block => {
                block::start(channel, line.copied(), self.disks).inspect(|()| self.disks += 1)
            }
            Kind::Entropy => entropy::start(channel),
            Kind::Other(number) => {
                base::info!("virtio: {name}: no driver for a device of kind {number}");
                return;
            }
        };
        match outcome {
            Ok(()) => self.started += 1,
            Err(error) => base::warn!("virtio: {name}: {error:?}"),
        }
    }
}
