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

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes a tree's structure: nodes and properties, with the strings at the end.
    #[derive(Default)]
    struct Writer {
        structure: Vec<u8>,
        strings: Vec<u8>,
    }

    impl Writer {
        fn word(&mut self, word: u32) {
            self.structure.extend(word.to_be_bytes());
        }

        fn pad(&mut self) {
            while !self.structure.len().is_multiple_of(4) {
                self.structure.push(0);
            }
        }

        fn node(&mut self, name: &str, inside: impl FnOnce(&mut Self)) {
            self.word(1);
            self.structure.extend(name.bytes().chain([0]));
            self.pad();
            inside(self);
            self.word(2);
        }

        fn property(&mut self, name: &str, value: &[u8]) {
            self.word(3);
            self.word(value.len() as u32);
            self.word(self.strings.len() as u32);
            self.strings.extend(name.bytes().chain([0]));
            self.structure.extend(value);
            self.pad();
        }

        fn cells(&mut self, name: &str, cells: &[u32]) {
            let bytes: Vec<u8> = cells.iter().flat_map(|cell| cell.to_be_bytes()).collect();
            self.property(name, &bytes);
        }

        fn finish(mut self) -> Vec<u8> {
            self.word(9);
            let reservations = 40;
            let structure = reservations + 16 * 2;
            let strings = structure + self.structure.len();
            let total = strings + self.strings.len();
            let header = [
                0xd00d_feed,
                total as u32,
                structure as u32,
                strings as u32,
                reservations as u32,
                17,
                16,
                0,
                self.strings.len() as u32,
                self.structure.len() as u32,
            ];
            let mut blob: Vec<u8> = header.iter().flat_map(|word| word.to_be_bytes()).collect();
            for word in [0x8000_0000u64, 0x1000, 0, 0] {
                blob.extend(word.to_be_bytes());
            }
            blob.extend(self.structure);
            blob.extend(self.strings);
            blob
        }
    }

    fn tree() -> Vec<u8> {
        let mut writer = Writer::default();
        writer.node("", |root| {
            root.cells("#address-cells", &[2]);
            root.cells("#size-cells", &[2]);
            root.node("memory@80000000", |memory| {
                memory.cells("reg", &[0, 0x8000_0000, 0, 0x2000_0000]);
            });
            root.node("reserved-memory", |reserved| {
                reserved.cells("#address-cells", &[2]);
                reserved.cells("#size-cells", &[2]);
                reserved.node("firmware@80010000", |firmware| {
                    firmware.cells("reg", &[0, 0x8001_0000, 0, 0x8000]);
                });
            });
            root.node("cpus", |cpus| {
                cpus.cells("#address-cells", &[1]);
                cpus.cells("#size-cells", &[0]);
                cpus.cells("timebase-frequency", &[10_000_000]);
                for (number, status) in [(0, "okay\0"), (1, "disabled\0"), (4, "okay\0")] {
                    cpus.node(&format!("cpu@{number}"), |cpu| {
                        cpu.cells("reg", &[number]);
                        cpu.property("status", status.as_bytes());
                        cpu.property("riscv,isa", b"rv64imafdc_zicboz_sstc\0");
                        cpu.cells("riscv,cboz-block-size", &[64]);
                    });
                }
            });
            root.node("chosen", |chosen| {
                chosen.property("bootargs", b"quiet init=/bin/sh\0");
                chosen.cells("linux,initrd-start", &[0, 0x8800_0000]);
                chosen.cells("linux,initrd-end", &[0x8800_1234]);
                chosen.property("rng-seed", &[1, 2, 3]);
            });
        });
        writer.finish()
    }

    #[test]
    fn what_the_tree_says_is_read() {
        let blob = tree();
        let facts = Facts::read(&blob).expect("a tree");
        let range = |start, end| PhysicalRange { start, end };
        assert_eq!(facts.memory.ram[0], range(0x8000_0000, 0xa000_0000));
        assert_eq!(facts.memory.ram[1], PhysicalRange::default());
        assert_eq!(facts.memory.reserved[0], range(0x8000_0000, 0x8000_1000));
        assert_eq!(facts.memory.reserved[1], range(0x8001_0000, 0x8001_8000));
        assert_eq!(facts.memory.initramfs, range(0x8800_0000, 0x8800_1234));
        assert_eq!(facts.command_line, "quiet init=/bin/sh");
        assert_eq!(facts.random_seed, [1, 2, 3]);
        assert_eq!(facts.cpus[..facts.cpu_count], [0, 4]);
        assert_eq!((facts.timebase, facts.zero_block), (10_000_000, 64));
        assert_eq!(facts.isa, "rv64imafdc_zicboz_sstc");
    }

    #[test]
    fn a_damaged_tree_is_survived() {
        let whole = tree();
        assert!(Facts::read(&[]).is_none());
        for length in 0..whole.len() {
            let _ = Facts::read(&whole[..length]);
        }
        let mut state = 1u64;
        for _ in 0..20_000 {
            let mut blob = whole.clone();
            for _ in 0..3 {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                let position = (state >> 33) as usize % blob.len();
                blob[position] = (state >> 20) as u8;
            }
            let _ = Facts::read(&blob);
        }
    }

    #[test]
    fn more_reservations_than_fit_give_memory_up() {
        let mut memory = MemoryMap::default();
        memory.add_ram(0x8000_0000, 0x1000_0000);
        for index in 0..20 {
            memory.reserve(0x8000_0000 + index * 0x10_0000, 0x1000);
        }
        assert_eq!(memory.ram[0].end, 0x8000_0000 + 16 * 0x10_0000);
    }
}
