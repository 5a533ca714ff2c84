//! The device tree as drivers want it: a flat list of devices.
//!
//! A driver asks for nodes by their `compatible` string and gets addresses and interrupt lines,
//! already decoded: cells are joined, and an interrupt specifier has become the line number that
//! [`hal::interrupt::set_handler`] takes (for a GIC: 16 + n for a private, 32 + n for a shared
//! interrupt). The tree comes from firmware or from the person who starts the machine, so a bad one
//! is an error and never a panic. Buses that translate addresses are left out, but for PCI's host
//! bridges ([`PciHost`]), whose devices are found by asking them.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

mod pci;

pub use pci::PciHost;

use base::{Error, Result};
use dtoolkit::fdt::{Fdt, FdtNode};
use dtoolkit::{Node, Property};

/// How deep a tree may be.
const MOST_LEVELS: usize = 16;

/// One device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HardwareNode {
    /// Its name with the unit address, such as `serial@10000000`.
    pub name: String,
    /// What it is, most specific first.
    pub compatible: Vec<String>,
    /// Its register blocks: physical address and length.
    pub registers: Vec<(usize, usize)>,
    /// Its interrupt lines.
    pub interrupts: Vec<u32>,
    /// The frequency of its clock, if the tree says so (`clock-frequency`).
    pub clock_frequency: Option<u32>,
    /// Bits by which register offsets are shifted (`reg-shift`).
    pub register_shift: u32,
    /// Whether it is the console (`/chosen/stdout-path`).
    pub is_console: bool,
    /// What else there is to know of a PCI host bridge.
    pub pci: Option<PciHost>,
}

impl HardwareNode {
    /// Whether it says to be compatible with `name`.
    pub fn is_compatible(&self, name: &str) -> bool {
        self.compatible.iter().any(|known| known == name)
    }
}

/// The devices of a flattened device tree that are switched on, in the tree's order. An empty
/// `blob` (the hosted machine) has none.
pub fn devices(blob: &[u8]) -> Result<Vec<HardwareNode>> {
    if blob.is_empty() {
        return Ok(Vec::new());
    }
    let tree = Fdt::new(blob).map_err(|_| Error::InvalidArgument)?;
    let console = console_path(tree);
    let mut walk = Walk {
        tree,
        console,
        widths: BTreeMap::new(),
        found: Vec::new(),
    };
    walk.children(tree.root(), "", None, 0);
    Ok(walk.found)
}

struct Walk<'a> {
    tree: Fdt<'a>,
    console: Option<String>,
    /// How many cells an address and a specifier have, for each interrupt controller met so far:
    /// finding a node by its handle means a walk through the whole tree.
    widths: BTreeMap<u32, (usize, usize)>,
    found: Vec<HardwareNode>,
}

impl<'a> Walk<'a> {
    fn children(&mut self, node: FdtNode<'a>, path: &str, parent: Option<u32>, level: usize) {
        let parent = number(&node, "interrupt-parent").or(parent);
        if level > MOST_LEVELS {
            return;
        }
        for child in node.children() {
            let name = child.name();
            let mut child_path = path.to_string();
            child_path.push('/');
            child_path.push_str(name);
            if is_enabled(&child) && child.property("compatible").is_some() {
                let mut device = self.device(child, &child_path, parent);
                device.pci = self.pci_host(&child, &node);
                self.found.push(device);
            }
            if is_plain_bus(&child) {
                self.children(child, &child_path, parent, level + 1);
            }
        }
    }

    fn device(&mut self, node: FdtNode<'a>, path: &str, parent: Option<u32>) -> HardwareNode {
        let parent = number(&node, "interrupt-parent").or(parent);
        HardwareNode {
            name: node.name().to_string(),
            compatible: node
                .compatible()
                .map(|names| names.map(ToString::to_string).collect())
                .unwrap_or_default(),
            registers: registers(node),
            interrupts: self.interrupts(&node, parent),
            clock_frequency: number(&node, "clock-frequency"),
            register_shift: number(&node, "reg-shift").unwrap_or(0).min(4),
            is_console: self.console.as_deref() == Some(path),
            pci: None,
        }
    }

    fn pci_host(&mut self, node: &FdtNode<'a>, outside: &FdtNode<'a>) -> Option<PciHost> {
        let kind = node.property("device_type")?;
        if kind.value() != b"pci\0" {
            return None;
        }
        let cells = |name| node.property(name).map(|found| cells(found.value()));
        let cells = |name| cells(name).unwrap_or_default();
        let described = pci::Cells {
            bus_range: &cells("bus-range"),
            ranges: &cells("ranges"),
            outside: number(outside, "#address-cells").unwrap_or(2) as usize,
            interrupt_map: &cells("interrupt-map"),
            interrupt_map_mask: &cells("interrupt-map-mask"),
        };
        Some(PciHost::read(&described, |handle| self.widths(handle)))
    }

    fn widths(&mut self, handle: u32) -> (usize, usize) {
        *self.widths.entry(handle).or_insert_with(|| {
            let controller = find_handle(self.tree.root(), handle, 0);
            let cells = |name, otherwise| {
                let cells = controller.and_then(|node| number(&node, name));
                cells.unwrap_or(otherwise) as usize
            };
            (cells("#address-cells", 0), cells("#interrupt-cells", 1))
        })
    }

    fn interrupts(&mut self, node: &FdtNode<'a>, parent: Option<u32>) -> Vec<u32> {
        let Some(value) = node
            .property("interrupts")
            .map(|property| cells(property.value()))
        else {
            return Vec::new();
        };
        let width = match parent {
            Some(handle) => self.widths(handle).1,
            None => 1,
        };
        let specifiers = value.chunks_exact(width.max(1));
        specifiers.filter_map(decode_interrupt).collect()
    }
}

/// The line number in an interrupt specifier (bindings: `riscv,plic0`, `arm,gic`).
fn decode_interrupt(specifier: &[u32]) -> Option<u32> {
    match *specifier {
        [line] | [line, _] => Some(line),
        [0, shared, _] => shared.checked_add(32),
        [1, private, _] => private.checked_add(16),
        _ => None,
    }
}

fn registers(node: FdtNode<'_>) -> Vec<(usize, usize)> {
    let Ok(Some(blocks)) = node.reg() else {
        return Vec::new();
    };
    blocks
        .filter_map(|block| {
            let (address, size) = (block.address::<u64>().ok()?, block.size::<u64>().ok()?);
            Some((usize::try_from(address).ok()?, usize::try_from(size).ok()?))
        })
        .collect()
}

/// Whether the children of `node` have the addresses that the CPU sees.
fn is_plain_bus(node: &FdtNode<'_>) -> bool {
    node.property("ranges")
        .is_some_and(|ranges| ranges.value().is_empty())
}

fn is_enabled(node: &FdtNode<'_>) -> bool {
    node.property("status")
        .is_none_or(|status| matches!(status.value(), b"okay\0" | b"ok\0"))
}

fn number(node: &FdtNode<'_>, name: &str) -> Option<u32> {
    node.property(name)?.value_as::<u32>().ok()
}

fn cells(value: &[u8]) -> Vec<u32> {
    value
        .as_chunks::<4>()
        .0
        .iter()
        .map(|cell| u32::from_be_bytes(*cell))
        .collect()
}

fn find_handle<'a>(node: FdtNode<'a>, handle: u32, level: usize) -> Option<FdtNode<'a>> {
    if number(&node, "phandle") == Some(handle) {
        return Some(node);
    }
    if level > MOST_LEVELS {
        return None;
    }
    node.children()
        .find_map(|child| find_handle(child, handle, level + 1))
}

/// The path of the console: `/chosen/stdout-path`, without options behind a colon, and with an
/// alias resolved.
fn console_path(tree: Fdt<'_>) -> Option<String> {
    let chosen = tree.find_node("/chosen")?;
    let value = chosen
        .property("stdout-path")?
        .value_as::<&str>()
        .ok()?
        .to_string();
    let path = value.split(':').next()?;
    if path.starts_with('/') {
        return Some(path.to_string());
    }
    let aliases = tree.find_node("/aliases")?;
    Some(aliases.property(path)?.value_as::<&str>().ok()?.to_string())
}
