//! The registry: what devices this machine has.
//!
//! Drivers register while they start; devices that come and go (pseudo-terminals) register and
//! leave at any time. Readers get owned lists, so nothing stays locked while they work.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering};

use base::rank;
use base::sync::SpinLock;
use base::{Error, Result};
use hal::Global;

use crate::block::BlockDevice;
use crate::{CharacterDevice, Clock, DeviceNumber, RandomSource, SerialPort};

/// All devices of the machine.
pub struct Registry {
    tables: SpinLock<Tables>,
    /// Counts changes of the character and block devices, so that devfs can tell whether to look again.
    generation: AtomicU64,
}

#[derive(Default)]
struct Tables {
    character: BTreeMap<DeviceNumber, Arc<dyn CharacterDevice>>,
    block: BTreeMap<DeviceNumber, Arc<dyn BlockDevice>>,
    serial: Vec<Arc<dyn SerialPort>>,
    random: Vec<Arc<dyn RandomSource>>,
    clocks: Vec<Arc<dyn Clock>>,
}

static REGISTRY: Global<Registry> = Global::new(|| Registry {
    tables: SpinLock::new(rank::DEVICE, Tables::default()),
    generation: AtomicU64::new(0),
});

/// The machine's registry.
pub fn registry() -> &'static Registry {
    &REGISTRY
}

impl Registry {
    /// Adds a character device; its number must be free.
    pub fn add_character(&self, device: Arc<dyn CharacterDevice>) -> Result<()> {
        let number = device.number();
        let mut tables = self.tables.lock();
        if tables.character.contains_key(&number) {
            return Err(Error::Exists);
        }
        tables.character.insert(number, device);
        self.generation.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Takes a character device away; files that are open on it stay.
    pub fn remove_character(&self, number: DeviceNumber) {
        let removed = self.tables.lock().character.remove(&number);
        if removed.is_some() {
            self.generation.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The character device with this number.
    pub fn character(&self, number: DeviceNumber) -> Option<Arc<dyn CharacterDevice>> {
        self.tables.lock().character.get(&number).cloned()
    }

    /// All character devices, ordered by number.
    pub fn character_devices(&self) -> Vec<Arc<dyn CharacterDevice>> {
        self.tables.lock().character.values().cloned().collect()
    }

    /// Adds a block device; its number must be free.
    pub fn add_block(&self, device: Arc<dyn BlockDevice>) -> Result<()> {
        let number = device.number();
        let mut tables = self.tables.lock();
        if tables.block.contains_key(&number) {
            return Err(Error::Exists);
        }
        tables.block.insert(number, device);
        self.generation.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Takes a block device away; who uses it keeps it.
    pub fn remove_block(&self, number: DeviceNumber) {
        let removed = self.tables.lock().block.remove(&number);
        if removed.is_some() {
            self.generation.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The block device with this number.
    pub fn block(&self, number: DeviceNumber) -> Option<Arc<dyn BlockDevice>> {
        self.tables.lock().block.get(&number).cloned()
    }

    /// All block devices, ordered by number.
    pub fn block_devices(&self) -> Vec<Arc<dyn BlockDevice>> {
        self.tables.lock().block.values().cloned().collect()
    }

    /// A number that changes whenever a character or block device comes or goes.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Relaxed)
    }

    /// Adds a serial port.
    pub fn add_serial(&self, port: Arc<dyn SerialPort>) {
        self.tables.lock().serial.push(port);
    }

    /// The serial ports, in the order in which they were found.
    pub fn serial_ports(&self) -> Vec<Arc<dyn SerialPort>> {
        self.tables.lock().serial.clone()
    }

    /// Adds a source of randomness.
    pub fn add_random(&self, source: Arc<dyn RandomSource>) {
        self.tables.lock().random.push(source);
    }

    /// The sources of randomness.
    pub fn random_sources(&self) -> Vec<Arc<dyn RandomSource>> {
        self.tables.lock().random.clone()
    }

    /// Adds a clock.
    pub fn add_clock(&self, clock: Arc<dyn Clock>) {
        self.tables.lock().clocks.push(clock);
    }

    /// The clocks.
    pub fn clocks(&self) -> Vec<Arc<dyn Clock>> {
        self.tables.lock().clocks.clone()
    }
}
