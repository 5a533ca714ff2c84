//! What the device tree says that the kernel needs before it can allocate.
//!
//! Both bare-metal backends read the same facts. Nothing here allocates, and nothing trusts the
//! tree: what is missing or malformed is left at its default.

use dtoolkit::fdt::{Fdt, FdtNode};
use dtoolkit::{Node, Property};

use crate::MAX_CPUS;
use crate::arch::{MemoryMap, PhysicalRange};

/// The facts, borrowed from the tree's blob where they are bytes.
pub(crate) struct Facts<'a> {
    /// RAM and what of it is taken; the backend adds the kernel's image and the blob itself.
    pub(crate) memory: MemoryMap,
    /// `/chosen/bootargs`.
    pub(crate) command_line: &'a str,
    /// `/chosen/rng-seed`.
    pub(crate) random_seed: &'a [u8],
    /// The hardware's identifiers of usable CPUs (hart, or MPIDR), in the tree's order.
    pub(crate) cpus: [usize; MAX_CPUS],
    /// How many of `cpus` are there.
    pub(crate) cpu_count: usize,
    /// Ticks a second of the RISC-V `time` register; 0 if the tree does not say.
    pub(crate) timebase: u64,
    /// The first CPU's `riscv,isa` string.
    pub(crate) isa: &'a str,
    /// The first CPU's `riscv,cboz-block-size`; 0 if the tree does not say.
    pub(crate) zero_block: usize,
}

impl<'a> Facts<'a> {
    /// Reads the tree; `None` if it is not one.
    pub(crate) fn read(blob: &'a [u8]) -> Option<Self> {
        let tree = Fdt::new(blob).ok()?;
        let mut facts = Self {
            memory: MemoryMap::default(),
            command_line: "",
            random_seed: &[],
            cpus: [0; MAX_CPUS],
            cpu_count: 0,
            timebase: 0,
            isa: "",
            zero_block: 0,
        };
        facts.read_memory(tree);
        facts.read_chosen(tree);
        facts.read_cpus(tree);
        Some(facts)
    }

    fn read_memory(&mut self, tree: Fdt<'a>) {
        for node in tree.root().children() {
            if node.name_without_address() == "memory" {
                for_each_register(node, |start, size| self.memory.add_ram(start, size));
            }
        }
        for range in tree.memory_reservations() {
            self.memory
                .reserve(range.address() as usize, range.size() as usize);
        }
        if let Some(parent) = tree.find_node("/reserved-memory") {
            for node in parent.children() {
                for_each_register(node, |start, size| self.memory.reserve(start, size));
            }
        }
    }

    fn read_chosen(&mut self, tree: Fdt<'a>) {
        let Some(chosen) = tree.find_node("/chosen") else {
            return;
        };
        for property in chosen.properties() {
            let value = property.value_as::<&'a [u8]>().unwrap_or_default();
            match property.name() {
                "bootargs" => self.command_line = text(value),
                "rng-seed" => self.random_seed = value,
                "linux,initrd-start" => self.memory.initramfs.start = number(value),
                "linux,initrd-end" => self.memory.initramfs.end = number(value),
                _ => {}
            }
        }
        if self.memory.initramfs.end <= self.memory.initramfs.start {
            self.memory.initramfs = PhysicalRange::default();
        }
    }

    fn read_cpus(&mut self, tree: Fdt<'a>) {
        let Some(parent) = tree.find_node("/cpus") else {
            return;
        };
        if let Some(property) = parent.property("timebase-frequency") {
            self.timebase = number(property.value()) as u64;
        }
        for node in parent.children() {
            if node.name_without_address() != "cpu" || self.cpu_count == MAX_CPUS {
                continue;
            }
            if node
                .property("status")
                .is_some_and(|status| !matches!(text(status.value()), "okay" | "ok" | ""))
            {
                continue;
            }
            let Some(reg) = node.property("reg") else {
                continue;
            };
            self.cpus[self.cpu_count] = number(reg.value());
            self.cpu_count += 1;
            if self.isa.is_empty() {
                for property in node.properties() {
                    let value = property.value_as::<&'a [u8]>().unwrap_or_default();
                    match property.name() {
                        "riscv,isa" => self.isa = text(value),
                        "riscv,cboz-block-size" => self.zero_block = number(value),
                        _ => {}
                    }
                }
            }
        }
    }
}

impl MemoryMap {
    /// Adds a range of RAM, as whole pages; ignored where there is no room to note it.
    pub(crate) fn add_ram(&mut self, start: usize, size: usize) {
        let end = start.saturating_add(size) & !(crate::PAGE_SIZE - 1);
        let start = start.next_multiple_of(crate::PAGE_SIZE);
        if start < end
            && let Some(slot) = self.ram.iter_mut().find(|range| range.start == range.end)
        {
            *slot = PhysicalRange { start, end };
        }
    }

    /// Notes that a range is taken for ever.
    pub(crate) fn reserve(&mut self, start: usize, size: usize) {
        let end = start.saturating_add(size);
        if start < end {
            match self
                .reserved
                .iter_mut()
                .find(|range| range.start == range.end)
            {
                Some(slot) => *slot = PhysicalRange { start, end },
                // More reservations than there is room for: leave out all RAM from there on
                // rather than hand out what somebody else holds.
                None => {
                    for range in &mut self.ram {
                        if range.end > start {
                            range.end = range.start.max(start & !(crate::PAGE_SIZE - 1));
                        }
                    }
                }
            }
        }
    }
}

/// Calls `each` with every (address, size) of a node's `reg` under two-cell addressing of any
/// width the parent says.
fn for_each_register(node: FdtNode<'_>, mut each: impl FnMut(usize, usize)) {
    let Ok(Some(registers)) = node.reg() else {
        return;
    };
    for register in registers {
        if let (Ok(address), Ok(size)) = (register.address::<u64>(), register.size::<u64>()) {
            each(address as usize, size as usize);
        }
    }
}

/// A big-endian number of up to 8 bytes.
fn number(value: &[u8]) -> usize {
    value
        .iter()
        .take(8)
        .fold(0, |sum, &byte| sum << 8 | usize::from(byte))
}

/// A string up to its terminator.
fn text(value: &[u8]) -> &str {
    let end = value
        .iter()
        .position(|&byte| byte == 0)
        .unwrap_or(value.len());
    core::str::from_utf8(&value[..end]).unwrap_or("")
}
