//! The configuration registers of all functions behind a host bridge.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;

use virtio_drivers::transport::pci::bus::{ConfigurationAccess, DeviceFunction};

use crate::mmio::Mmio;
use crate::sync::{Rank, SpinLock};

/// Held while a bus is claimed and mapped.
const RANK: Rank = Rank(730);
/// Configuration bytes of one bus: 32 devices of 8 functions with a page each.
const BUS: usize = 1 << 20;
/// What nobody answers for reads as.
const NOBODY: u32 = u32::MAX;

/// See the module. Clones reach the same registers.
#[derive(Clone)]
pub(crate) struct Configuration {
    shared: Arc<Shared>,
}

struct Shared {
    start: usize,
    length: usize,
    first_bus: u8,
    /// The buses that were looked at; `None` for one that cannot be reached.
    buses: SpinLock<BTreeMap<u8, Option<Arc<Mmio>>>>,
}

impl Configuration {
    /// Configuration space of so many bytes that begins with the first function of `first_bus`.
    pub(super) fn new((start, length): (usize, usize), first_bus: u8) -> Configuration {
        Configuration {
            shared: Arc::new(Shared {
                start,
                length,
                first_bus,
                buses: SpinLock::new(RANK, BTreeMap::new()),
            }),
        }
    }

    fn bus(&self, bus: u8) -> Option<Arc<Mmio>> {
        let shared = &*self.shared;
        let mut buses = shared.buses.lock();
        let mapped = buses.entry(bus).or_insert_with(|| {
            let offset = usize::from(bus.checked_sub(shared.first_bus)?) * BUS;
            if offset.checked_add(BUS)? > shared.length {
                return None;
            }
            let start = shared.start.checked_add(offset)?;
            Mmio::claim(start, BUS, BUS).ok().map(Arc::new)
        });
        mapped.clone()
    }
}

/// The place of a register within its bus.
fn offset(place: DeviceFunction, register: u8) -> usize {
    let function = usize::from(place.device & 31) << 3 | usize::from(place.function & 7);
    function << 12 | usize::from(register & !3)
}

impl ConfigurationAccess for Configuration {
    fn read_word(&self, place: DeviceFunction, register: u8) -> u32 {
        match self.bus(place.bus) {
            Some(bus) => bus.read32(offset(place, register)),
            None => NOBODY,
        }
    }

    fn write_word(&mut self, place: DeviceFunction, register: u8, data: u32) {
        if let Some(bus) = self.bus(place.bus) {
            bus.write32(offset(place, register), data);
        }
    }

    unsafe fn unsafe_clone(&self) -> Configuration {
        self.clone()
    }
}
