//! PCI host bridges with memory-mapped configuration (binding `pci-host-ecam-generic`).
//!
//! [`probe`] finds them in the device tree, has [`hal::pci`] set up what is behind, and returns the
//! functions with the interrupt line that each pulls. The drivers for what they are take theirs:
//!
//! ```text
//! device tree ── host bridge ── hal::pci::scan ── functions ── driver_virtio::probe
//! ```
//!
//! Interrupts are the four shared lines that every PCI device has (INTA to INTD); a handler is added
//! beside the others of its line and looks whether its device has something to say. Messages (MSI-X)
//! are not used.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

use alloc::vec::Vec;

use device::tree::HardwareNode;
use hal::pci::{Function, Gap};

/// What the device tree calls such a bridge.
const COMPATIBLE: &str = "pci-host-ecam-generic";
/// Configuration bytes of one bus.
const BUS_BYTES: usize = 1 << 20;

/// The class of the host bridge, which shows itself among what is behind it.
const BRIDGE: u8 = 0x06;

/// A function that no driver has yet.
pub struct Found {
    /// The function.
    pub function: Function,
    /// The line of the interrupt controller that it pulls, with others.
    pub line: Option<u32>,
}

/// Sets up all that is behind the host bridges among `nodes`: by bridge, and then by bus, device and
/// function.
pub fn probe(nodes: &[HardwareNode]) -> Vec<Found> {
    let bridges = nodes.iter().filter(|node| node.is_compatible(COMPATIBLE));
    bridges.flat_map(behind).collect()
}

fn behind(node: &HardwareNode) -> Vec<Found> {
    let (Some(host), Some(&configuration)) = (&node.pci, node.registers.first()) else {
        base::warn!("pci: {}: no buses or no registers", node.name);
        return Vec::new();
    };
    let (Some(window), Some(last)) = (host.window, last_bus(host.buses, configuration.1)) else {
        base::warn!("pci: {}: no addresses for its devices", node.name);
        return Vec::new();
    };
    let scanned = hal::pci::scan(configuration, host.buses.0..=last, window);
    for (place, gap) in &scanned.gaps {
        let what = match gap {
            Gap::Buses => "no bus number is left for what is behind this bridge",
            Gap::Memory => "no address is left for one of its registers",
            Gap::Header => "neither a device nor a bridge to PCI",
        };
        base::warn!("pci {place}: {what}");
    }
    let devices = scanned.functions.into_iter();
    let devices = devices.filter(|function| function.class().0 != BRIDGE);
    let functions = devices.map(|function| {
        let line = function.line().and_then(|line| host.line(line));
        Found { function, line }
    });
    let functions: Vec<Found> = functions.collect();
    if !functions.is_empty() || !scanned.gaps.is_empty() {
        let (found, left) = (functions.len(), scanned.gaps.len());
        base::info!("pci: {}: functions: {found}, left out: {left}", node.name);
    }
    functions
}

/// The last bus that the tree names and that there is configuration for.
fn last_bus(buses: (u8, u8), length: usize) -> Option<u8> {
    let count = (length / BUS_BYTES).min(256);
    let last = usize::from(buses.0) + count.checked_sub(1)?;
    let last = last.min(usize::from(buses.1));
    (last >= usize::from(buses.0)).then_some(last as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buses_end_where_configuration_does() {
        assert_eq!(last_bus((0, 255), 256 << 20), Some(255));
        assert_eq!(last_bus((0, 255), 16 << 20), Some(15));
        assert_eq!(last_bus((4, 7), 16 << 20), Some(7));
        assert_eq!(last_bus((4, 7), 2 << 20), Some(5));
        assert_eq!(last_bus((0, 255), BUS_BYTES - 1), None);
        assert_eq!(last_bus((7, 4), 16 << 20), None);
        assert_eq!(last_bus((200, 255), usize::MAX), Some(255));
    }

    #[test]
    fn a_bridge_that_says_nothing_of_itself_is_passed_over() {
        let node = HardwareNode {
            compatible: Vec::from(["pci-host-ecam-generic".into()]),
            ..HardwareNode::default()
        };
        assert!(probe(&[node]).is_empty());
    }
}
