//! Which context of the PLIC is the supervisor mode of which CPU.
//!
//! The PLIC's node lists, context by context, the interrupt controller of a hart (by its handle)
//! and which of its interrupts the context drives: 9 is the supervisor's external interrupt. The
//! hart's number is in the node around that controller.

use alloc::vec::Vec;

use base::{Error, Result};
use dtoolkit::fdt::{Fdt, FdtNode};
use dtoolkit::{Node, Property};

/// "Supervisor external interrupt" in RISC-V's `scause` numbering.
const SUPERVISOR_EXTERNAL: u32 = 9;

/// The context of each CPU, in the order of `hardware_ids`.
pub(crate) fn of_cpus(tree: &[u8], hardware_ids: &[usize]) -> Result<Vec<usize>> {
    let tree = Fdt::new(tree).map_err(|_| Error::InvalidArgument)?;
    let harts = harts(tree);
    let wires = find_plic(tree.root(), 0).ok_or(Error::InvalidArgument)?;
    hardware_ids
        .iter()
        .map(|&id| {
            let (_, handle) = harts
                .iter()
                .find(|(hart, _)| *hart == id)
                .ok_or(Error::InvalidArgument)?;
            wires
                .iter()
                .position(|&wire| wire == (*handle, SUPERVISOR_EXTERNAL))
                .ok_or(Error::InvalidArgument)
        })
        .collect()
}

/// Each hart's number, and the handle of its interrupt controller.
fn harts(tree: Fdt<'_>) -> Vec<(usize, u32)> {
    let Some(cpus) = tree.find_node("/cpus") else {
        return Vec::new();
    };
    cpus.children()
        .filter_map(|cpu| {
            let id = cells(cpu.property("reg")?.value()).last().copied()?;
            let controller = cpu
                .children()
                .find(|child| child.property("interrupt-controller").is_some())?;
            let handle = controller.property("phandle")?.value_as::<u32>().ok()?;
            Some((id as usize, handle))
        })
        .collect()
}

/// What the PLIC's contexts drive: pairs of a controller's handle and an interrupt.
fn find_plic(node: FdtNode<'_>, level: usize) -> Option<Vec<(u32, u32)>> {
    const DEEPEST: usize = 8;
    if node
        .compatible()
        .is_some_and(|mut names| names.any(|name| name.contains("plic")))
    {
        let value = cells(node.property("interrupts-extended")?.value());
        return Some(
            value
                .chunks_exact(2)
                .map(|pair| (pair[0], pair[1]))
                .collect(),
        );
    }
    if level == DEEPEST {
        return None;
    }
    node.children()
        .find_map(|child| find_plic(child, level + 1))
}

fn cells(value: &[u8]) -> Vec<u32> {
    let (cells, _) = value.as_chunks::<4>();
    cells.iter().map(|cell| u32::from_be_bytes(*cell)).collect()
}
