//! virtio devices on MMIO slots (Virtual I/O Device 1.2, section 4.2).
//!
//! A `virt` machine has a row of slots, most of them empty; the device tree names every one. The
//! protocol and the memory that devices write are [`hal::virtio`]'s; here its devices are found and
//! offered to [`device::registry`] as what they are: disks, and the entropy device, which also gives the
//! kernel's generator its first unpredictable bytes.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod block;
mod entropy;

use base::Result;
use device::tree::HardwareNode;
use hal::mmio::Mmio;
use hal::virtio::{Kind, kind};

/// What the device tree calls a slot.
const COMPATIBLE: &str = "virtio,mmio";

/// Finds the virtio devices among `nodes` and starts those that there is a driver for. Says how
/// many.
pub fn probe(nodes: &[HardwareNode]) -> Result<usize> {
    let mut started = 0;
    let mut disks = 0;
    for node in nodes.iter().filter(|node| node.is_compatible(COMPATIBLE)) {
        let Some(&(address, length)) = node.registers.first() else {
            continue;
        };
        let Ok(registers) = Mmio::claim(address, length, hal::virtio::REGISTERS) else {
            base::warn!("virtio: {} is taken", node.name);
            continue;
        };
        let outcome = match kind(&registers) {
            None => continue,
            Some(Kind::Block) => block::start(registers, node, disks).inspect(|()| disks += 1),
            Some(Kind::Entropy) => entropy::start(registers),
            Some(Kind::Other(number)) => {
                base::info!(
                    "virtio: {}: no driver for a device of kind {number}",
                    node.name
                );
                continue;
            }
        };
        match outcome {
            Ok(()) => started += 1,
            Err(error) => base::warn!("virtio: {}: {error:?}", node.name),
        }
    }
    Ok(started)
}
