//! What stands behind a host bridge: buses get numbers, memory registers get addresses.
//!
//! One walk does both, depth first: a bridge gets the next bus number, everything behind it is set
//! up, and then it is told which numbers and which part of the window went there. Addresses are
//! handed out upwards; a bridge's part begins and ends at a whole MiB (PCI-to-PCI Bridge
//! Architecture Specification 1.2, section 3.2.5.8). Prefetchable registers get ordinary addresses,
//! which is allowed and costs nothing that a device of today would notice. I/O registers get none:
//! what we drive has its memory registers.

use alloc::vec::Vec;
use core::ops::RangeInclusive;

use virtio_drivers::transport::pci::bus::{
    BarInfo, Command, ConfigurationAccess, DeviceFunction, DeviceFunctionInfo, HeaderType,
    MemoryBarType, PciRoot,
};

use super::{Bar, Gap, Line, Place, Window};
use crate::PAGE_SIZE;

/// Registers of every function: header type in the third byte, interrupt pin in the second.
const HEADER: u8 = 0x0c;
const INTERRUPT: u8 = 0x3c;
/// In the header type: there are more functions than the first.
const MANY_FUNCTIONS: u32 = 1 << 23;
/// Registers of a bridge: its buses; what it hands on of I/O, memory and prefetchable memory.
const BUSES: u8 = 0x18;
const HANDED_IO: u8 = 0x1c;
const HANDED_MEMORY: u8 = 0x20;
const HANDED_PREFETCHABLE: [u8; 3] = [0x24, 0x28, 0x2c];
/// A first address behind the last one: nothing is handed on.
const NO_MEMORY: u32 = 0x0000_fff0;
const NO_IO: u32 = 0x0000_00f0;
/// A bridge hands on whole MiB.
const BRIDGE_UNIT: u64 = 1 << 20;
/// How many bridges may stand behind each other.
const MOST_LEVELS: usize = 8;

/// A function that was set up.
pub(super) struct Found {
    pub(super) place: DeviceFunction,
    pub(super) facts: DeviceFunctionInfo,
    pub(super) bars: [Option<Bar>; 6],
    pub(super) line: Option<Line>,
}

/// All that was found.
pub(super) struct Numbered {
    pub(super) functions: Vec<Found>,
    pub(super) gaps: Vec<(Place, Gap)>,
}

/// Numbers the buses, of which the first one of `buses` is the host bridge's, and gives addresses out
/// of `window`.
pub(super) fn number<C: ConfigurationAccess + Clone>(
    access: C,
    buses: RangeInclusive<u8>,
    window: Window,
) -> Numbered {
    let window = below_4_gib(window);
    let mut walk = Walk {
        root: PciRoot::new(access.clone()),
        access,
        last_used: *buses.start(),
        last: *buses.end(),
        window,
        used: 0,
        functions: Vec::new(),
        gaps: Vec::new(),
    };
    walk.bus(*buses.start(), &[]);
    walk.functions.sort_by_key(|found| found.place);
    Numbered {
        functions: walk.functions,
        gaps: walk.gaps,
    }
}

/// The part of a window that registers of 32 bits can be put into; of length 0 if there is none.
fn below_4_gib(window: Window) -> Window {
    let none = Window {
        physical: 0,
        bus: 0,
        length: 0,
    };
    let Some(most) = (1u64 << 32).checked_sub(window.bus) else {
        return none;
    };
    let length = window.length.min(most);
    match window.physical.checked_add(length) {
        Some(_) => Window { length, ..window },
        None => none,
    }
}

struct Walk<C: ConfigurationAccess> {
    access: C,
    root: PciRoot<C>,
    last_used: u8,
    last: u8,
    window: Window,
    /// How many bytes of the window are given away.
    used: u64,
    functions: Vec<Found>,
    gaps: Vec<(Place, Gap)>,
}

impl<C: ConfigurationAccess + Clone> Walk<C> {
    /// Sets up a bus; `above` are the device numbers of the bridges from the first bus to it.
    fn bus(&mut self, bus: u8, above: &[u8]) {
        let present: Vec<_> = self.root.enumerate_bus(bus).collect();
        for (place, facts) in present {
            let first = DeviceFunction {
                function: 0,
                ..place
            };
            // A device with one function may answer for all eight.
            if place.function > 0 && self.access.read_word(first, HEADER) & MANY_FUNCTIONS == 0 {
                continue;
            }
            self.root.set_command(place, Command::empty());
            match facts.header_type {
                HeaderType::Standard => {
                    let bars = self.registers(place, 6);
                    let line = self.line(place, above);
                    self.functions.push(Found {
                        place,
                        facts,
                        bars,
                        line,
                    });
                }
                HeaderType::PciPciBridge => self.bridge(place, above),
                _ => self.gaps.push((place.into(), Gap::Header)),
            }
        }
    }

    fn bridge(&mut self, place: DeviceFunction, above: &[u8]) {
        self.registers(place, 2);
        if self.last_used >= self.last || above.len() >= MOST_LEVELS {
            self.access.write_word(place, BUSES, 0);
            self.gaps.push((place.into(), Gap::Buses));
            return;
        }
        self.last_used += 1;
        let secondary = self.last_used;
        let numbers = u32::from(place.bus) | u32::from(secondary) << 8;
        let all = numbers | u32::from(self.last) << 16;
        self.access.write_word(place, BUSES, all);
        self.align(BRIDGE_UNIT);
        let start = self.window.bus + self.used;
        let mut path = Vec::from(above);
        path.push(place.device);
        self.bus(secondary, &path);
        self.align(BRIDGE_UNIT);
        let end = self.window.bus + self.used;
        let used = numbers | u32::from(self.last_used) << 16;
        self.access.write_word(place, BUSES, used);
        // The upper twelve bits of each 32-bit address count.
        let memory = match start < end {
            true => (start >> 16 & 0xfff0) | ((end - 1) >> 16 & 0xfff0) << 16,
            false => u64::from(NO_MEMORY),
        };
        self.access.write_word(place, HANDED_MEMORY, memory as u32);
        self.access.write_word(place, HANDED_IO, NO_IO);
        for (register, value) in HANDED_PREFETCHABLE.into_iter().zip([NO_MEMORY, 0, 0]) {
            self.access.write_word(place, register, value);
        }
        let command = Command::MEMORY_SPACE | Command::BUS_MASTER;
        self.root.set_command(place, command);
    }

    /// Gives the first `count` registers of a function their addresses.
    fn registers(&mut self, place: DeviceFunction, count: u8) -> [Option<Bar>; 6] {
        let mut bars = [None; 6];
        let mut index = 0;
        while index < count {
            let Ok(info) = self.root.bar_info(place, index) else {
                break;
            };
            let wide = info.as_ref().is_some_and(BarInfo::takes_two_entries);
            if let Some(BarInfo::Memory {
                address_type, size, ..
            }) = info
            {
                let fits = address_type != MemoryBarType::Below1MiB;
                match self.take(size).filter(|_| fits) {
                    Some(offset) => {
                        let address = self.window.bus + offset;
                        match wide {
                            true => self.root.set_bar_64(place, index, address),
                            false => self.root.set_bar_32(place, index, address as u32),
                        }
                        bars[usize::from(index)] = Some(Bar {
                            physical: self.window.physical + offset,
                            length: size,
                        });
                    }
                    None => self.gaps.push((place.into(), Gap::Memory)),
                }
            }
            index += if wide { 2 } else { 1 };
        }
        bars
    }

    /// Gives away a piece of the window; registers lie at a multiple of their size, and each on pages
    /// of its own.
    fn take(&mut self, size: u64) -> Option<u64> {
        if !size.is_power_of_two() {
            return None;
        }
        let unit = size.max(PAGE_SIZE as u64);
        let start = (self.window.bus + self.used).checked_next_multiple_of(unit)?;
        // An address of zero means that there is none.
        let start = if start == 0 { unit } else { start };
        let end = start.checked_add(unit)?;
        if end > self.window.bus + self.window.length {
            return None;
        }
        self.used = end - self.window.bus;
        Some(start - self.window.bus)
    }

    /// Goes to a multiple of `unit`, or to the window's end.
    fn align(&mut self, unit: u64) {
        let address = (self.window.bus + self.used).next_multiple_of(unit);
        self.used = (address - self.window.bus).min(self.window.length);
    }

    /// The line of the first bus that a function pulls: each bridge turns the four around by the number
    /// of the device that stands below it (PCI-to-PCI Bridge Architecture Specification 1.2, table
    /// 9-1).
    fn line(&self, place: DeviceFunction, above: &[u8]) -> Option<Line> {
        let pin = (self.access.read_word(place, INTERRUPT) >> 8) as u8;
        if !(1..=4).contains(&pin) {
            return None;
        }
        let mut line = Line {
            device: place.device,
            pin,
        };
        for bridge in above.iter().rev() {
            line.pin = (line.pin - 1 + line.device) % 4 + 1;
            line.device = *bridge;
        }
        Some(line)
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
