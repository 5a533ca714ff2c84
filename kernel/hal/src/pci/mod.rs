//! PCI: functions behind a host bridge with memory-mapped configuration (PCI Express Base
//! Specification, section 7.2.2: ECAM).
//!
//! [`scan`] walks the buses of one host bridge, numbers those behind bridges, gives every memory
//! register (a BAR) a place in the bridge's window and returns the [`Function`]s that it found. It
//! is here, not in a driver, because of what configuration registers can do: they say where a
//! device's registers are and whether it may write to memory. What leaves this module cannot be
//! used for either; [`crate::virtio::Channel`] takes a function and speaks with it.
//!
//! Each bus's configuration is claimed and mapped when it is first looked at, 1 MiB a bus, so that
//! a bridge with 256 buses costs what its used ones cost.
//!
//! Interrupts are the four lines of old (INTA to INTD): a function says which of them it pulls, every
//! bridge on the way up turns them around by its device number, and the device tree says where those
//! of the first bus lead. [`Function::line`] is what is left to look up there.

mod access;
mod numbering;

pub(crate) use access::Configuration;

use alloc::vec::Vec;
use core::fmt;
use core::ops::RangeInclusive;

use virtio_drivers::transport::pci::bus::{DeviceFunction, DeviceFunctionInfo};

/// Which memory addresses a host bridge hands on to its buses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first address as the CPU sees it.
    pub physical: u64,
    /// The same as devices see it.
    pub bus: u64,
    /// Its length in bytes.
    pub length: u64,
}

/// The place of a function: bus, device, function. Ordered by them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The bus's number, as [`scan`] gave it.
    pub bus: u8,
    /// The device on the bus, 0 to 31.
    pub device: u8,
    /// The function of the device, 0 to 7.
    pub function: u8,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place {
            bus,
            device,
            function,
        } = self;
        write!(formatter, "{bus:02x}:{device:02x}.{function}")
    }
}

impl From<DeviceFunction> for Place {
    fn from(place: DeviceFunction) -> Place {
        Place {
            bus: place.bus,
            device: place.device,
            function: place.function,
        }
    }
}

/// One of the four interrupt lines of the first bus, as a host bridge's interrupt map knows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// The device on the first bus that pulls it: the function's own or the bridge above it.
    pub device: u8,
    /// 1 for INTA to 4 for INTD.
    pub pin: u8,
}

/// A memory register of a function: where the CPU finds it, and its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bar {
    pub(crate) physical: u64,
    pub(crate) length: u64,
}

/// A function that is no bridge. Who has it is its only user.
pub struct Function {
    pub(crate) configuration: Configuration,
    pub(crate) place: DeviceFunction,
    pub(crate) facts: DeviceFunctionInfo,
    pub(crate) bars: [Option<Bar>; 6],
    line: Option<Line>,
}

impl Function {
    /// Where it is.
    pub fn place(&self) -> Place {
        self.place.into()
    }

    /// Who made it, and what it is among theirs.
    pub fn identity(&self) -> (u16, u16) {
        (self.facts.vendor_id, self.facts.device_id)
    }

    /// Class and subclass: what it is, whoever made it.
    pub fn class(&self) -> (u8, u8) {
        (self.facts.class, self.facts.subclass)
    }

    /// The interrupt line that it pulls; `None` if it has none.
    pub fn line(&self) -> Option<Line> {
        self.line
    }
}

/// What a scan could not do for something that it found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gap {
    /// A bridge with more behind it than there are bus numbers, or too many bridges deep.
    Buses,
    /// No room in the window for a memory register, which stays without an address.
    Memory,
    /// Neither a device nor a bridge to PCI.
    Header,
}

/// What there is behind a host bridge.
pub struct Scanned {
    /// The functions, ordered by place.
    pub functions: Vec<Function>,
    /// What was left out.
    pub gaps: Vec<(Place, Gap)>,
}

/// Sets up everything behind a host bridge whose configuration begins at `configuration` (physical
/// address and length of the first to the last of `buses`). Devices' registers are put into
/// `window`, which has to lie below 4 GiB as devices see it. Every device is stopped.
pub fn scan(configuration: (usize, usize), buses: RangeInclusive<u8>, window: Window) -> Scanned {
    let access = Configuration::new(configuration, *buses.start());
    let found = numbering::number(access.clone(), buses, window);
    let functions = found.functions.into_iter().map(|found| Function {
        configuration: access.clone(),
        place: found.place,
        facts: found.facts,
        bars: found.bars,
        line: found.line,
    });
    Scanned {
        functions: functions.collect(),
        gaps: found.gaps,
    }
}
