//! A PCI host bridge as the device tree describes it (IEEE Std 1275, PCI bus binding 2.1; the
//! binding `pci-host-ecam-generic`).
//!
//! Two tables of cells: `ranges` says which of the CPU's addresses lead to the bus, and
//! `interrupt-map` where the interrupt lines of its devices lead, by device number and line. Both
//! come from whoever starts the machine, so a row that is cut off ends its table.

use alloc::vec::Vec;

use hal::pci::{Line, Window};

/// Cells of an address on a PCI bus, and of a length.
const ADDRESS: usize = 3;
const LENGTH: usize = 2;
/// What an address is of, in its first cell.
const SPACE: u32 = 3 << 24;
const MEMORY: u32 = 2 << 24;
const WIDE_MEMORY: u32 = 3 << 24;
/// The device number in it.
const DEVICE_SHIFT: u32 = 11;

/// A host bridge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PciHost {
    /// Its first and its last bus.
    pub buses: (u8, u8),
    /// The addresses for its devices' memory registers.
    pub window: Option<Window>,
    /// Which bits of a device's place and of its line the map goes by.
    mask: (u32, u32),
    /// Place and line of a device, both masked, and the line of the interrupt controller.
    map: Vec<(u32, u32, u32)>,
}

/// The cells of a host bridge's properties.
pub(super) struct Cells<'a> {
    pub(super) bus_range: &'a [u32],
    pub(super) ranges: &'a [u32],
    /// How many cells an address has outside.
    pub(super) outside: usize,
    pub(super) interrupt_map: &'a [u32],
    pub(super) interrupt_map_mask: &'a [u32],
}

/// What the map needs to know of an interrupt controller: how many cells an address and a specifier
/// have there.
pub(super) type Widths = (usize, usize);

impl PciHost {
    /// Reads the properties; `widths` answers for the handle of an interrupt controller.
    pub(super) fn read(cells: &Cells<'_>, widths: impl FnMut(u32) -> Widths) -> PciHost {
        let bus = |index: usize| cells.bus_range.get(index).map(|&bus| bus.min(255) as u8);
        let mask = match cells.interrupt_map_mask {
            &[high, _, _, line] => (high, line),
            _ => (u32::MAX, u32::MAX),
        };
        PciHost {
            buses: (bus(0).unwrap_or(0), bus(1).unwrap_or(255)),
            window: window(cells.ranges, cells.outside),
            mask,
            map: interrupt_map(cells.interrupt_map, mask, widths),
        }
    }

    /// The interrupt controller's line that a line of the first bus leads to.
    pub fn line(&self, line: Line) -> Option<u32> {
        let place = u32::from(line.device) << DEVICE_SHIFT & self.mask.0;
        let pin = u32::from(line.pin) & self.mask.1;
        let row = self.map.iter().find(|row| (row.0, row.1) == (place, pin));
        row.map(|row| row.2)
    }
}

/// Up to two cells as one number.
fn joined(cells: &[u32]) -> Option<u64> {
    match *cells {
        [low] => Some(low.into()),
        [high, low] => Some(u64::from(high) << 32 | u64::from(low)),
        _ => None,
    }
}

/// The first range of memory that devices see below 4 GiB, where every register can lie.
fn window(ranges: &[u32], outside: usize) -> Option<Window> {
    let rows = ranges.chunks_exact(ADDRESS + outside + LENGTH);
    let windows = rows.filter_map(|row| {
        let (bus, rest) = row.split_at(ADDRESS);
        let (physical, length) = rest.split_at(outside);
        matches!(bus[0] & SPACE, MEMORY | WIDE_MEMORY).then_some(())?;
        Some(Window {
            physical: joined(physical)?,
            bus: joined(&bus[1..])?,
            length: joined(length)?,
        })
    });
    let mut low = windows.filter(|window| window.bus < 1 << 32);
    low.next()
}

/// Rows of: the device's address, its line, the controller's handle, an address there, a specifier.
fn interrupt_map(
    mut cells: &[u32],
    mask: (u32, u32),
    mut widths: impl FnMut(u32) -> Widths,
) -> Vec<(u32, u32, u32)> {
    let mut map = Vec::new();
    while let Some((&[high, _, _, line, handle], rest)) = cells.split_first_chunk() {
        let (address, specifier) = widths(handle);
        let Some(rest) = rest.get(address..) else {
            break;
        };
        let Some((specifier, rest)) = rest.split_at_checked(specifier) else {
            break;
        };
        if let Some(number) = super::decode_interrupt(specifier) {
            map.push((high & mask.0, line & mask.1, number));
        }
        cells = rest;
    }
    map
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As QEMU's RISC-V machine has it, shortened to two devices.
    const RISCV: Cells<'_> = Cells {
        bus_range: &[0, 0xff],
        #[rustfmt::skip]
        ranges: &[
            0x0100_0000, 0, 0, 0, 0x0300_0000, 0, 0x1_0000,
            0x0200_0000, 0, 0x4000_0000, 0, 0x4000_0000, 0, 0x4000_0000,
            0x0300_0000, 4, 0, 4, 0, 4, 0,
        ],
        outside: 2,
        #[rustfmt::skip]
        interrupt_map: &[
            0x000, 0, 0, 1, 3, 0x20, 0x000, 0, 0, 2, 3, 0x21,
            0x000, 0, 0, 3, 3, 0x22, 0x000, 0, 0, 4, 3, 0x23,
            0x800, 0, 0, 1, 3, 0x21, 0x800, 0, 0, 2, 3, 0x22,
            0x800, 0, 0, 3, 3, 0x23, 0x800, 0, 0, 4, 3, 0x20,
        ],
        interrupt_map_mask: &[0x800, 0, 0, 7],
    };

    /// As its AArch64 machine has it, shortened to one device.
    const AARCH64: Cells<'_> = Cells {
        bus_range: &[],
        #[rustfmt::skip]
        ranges: &[
            0x0300_0000, 0x80, 0, 0x80, 0, 0x80, 0,
            0x0200_0000, 0, 0x1000_0000, 9, 0x1000_0000, 0, 0x2eff_0000,
        ],
        outside: 2,
        #[rustfmt::skip]
        interrupt_map: &[
            0, 0, 0, 1, 0x8002, 0, 0, 0, 3, 4,
            0, 0, 0, 2, 0x8002, 0, 0, 0, 4, 4,
        ],
        interrupt_map_mask: &[0, 0, 0, 7],
    };

    fn line(device: u8, pin: u8) -> Line {
        Line { device, pin }
    }

    #[test]
    fn the_machines_tables_are_read() {
        let host = PciHost::read(&RISCV, |_| (0, 1));
        assert_eq!(host.buses, (0, 255));
        let window = |physical, bus, length| {
            Some(Window {
                physical,
                bus,
                length,
            })
        };
        assert_eq!(host.window, window(0x4000_0000, 0x4000_0000, 0x4000_0000));
        assert_eq!(host.line(line(0, 1)), Some(0x20));
        // The map repeats itself every two devices.
        assert_eq!(host.line(line(7, 4)), Some(0x20));
        assert_eq!(host.line(line(2, 3)), Some(0x22));

        let host = PciHost::read(&AARCH64, |_| (2, 3));
        // What devices see above 4 GiB comes first and is passed over.
        assert_eq!(host.window, window(0x9_1000_0000, 0x1000_0000, 0x2eff_0000));
        assert_eq!(host.buses, (0, 255));
        // Shared lines begin at 32.
        assert_eq!(host.line(line(9, 1)), Some(35));
        assert_eq!(host.line(line(0, 3)), None);
    }

    #[test]
    fn what_is_cut_off_ends_its_table() {
        for count in 0..RISCV.interrupt_map.len() {
            let cells = Cells {
                interrupt_map: &RISCV.interrupt_map[..count],
                ranges: &RISCV.ranges[..count.min(21)],
                interrupt_map_mask: &RISCV.interrupt_map_mask[..count.min(4)],
                ..RISCV
            };
            let host = PciHost::read(&cells, |_| (0, 1));
            assert_eq!(host.map.len(), count / 6);
            assert_eq!(host.window.is_some(), count >= 14);
        }
        // Widths that no table has.
        let huge = PciHost::read(&RISCV, |_| (usize::MAX, usize::MAX));
        assert!(huge.map.is_empty());
        let cells = Cells {
            outside: 9,
            ..RISCV
        };
        assert_eq!(PciHost::read(&cells, |_| (0, 1)).window, None);
    }
}
