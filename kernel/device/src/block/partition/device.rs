//! A part of a disk as a device: it shifts requests and keeps them inside.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicU32, Ordering};

use base::rank;
use base::sync::SpinLock;
use hal::Global;

use super::Entry;
use crate::DeviceNumber;
use crate::block::{BlockDevice, Counters, Geometry, Operation, Request, SECTOR, Settings};

/// The most parts of one disk whose minor numbers are followed by the next disk's.
const MOST: u32 = 15;

/// The most parts of a disk that leaves no minor numbers for them.
const MOST_EXTENDED: u32 = 255;

/// The major number of those parts (Linux, devices.txt: `blkext`); minor numbers are given as they come.
const EXTENDED: u32 = 259;

/// The minor numbers that are given.
static GIVEN: Global<SpinLock<BTreeSet<u32>>> =
    Global::new(|| SpinLock::new(rank::LEAF, BTreeSet::new()));

/// A minor number of [`EXTENDED`], given back at the end.
struct Minor(u32);

impl Minor {
    /// The lowest that is free.
    fn take() -> Minor {
        let mut given = GIVEN.lock();
        let minor = given.iter().zip(0..).find(|(given, free)| *given != free);
        let minor = minor.map_or(given.len() as u32, |(_, free)| free);
        given.insert(minor);
        Minor(minor)
    }
}

impl Drop for Minor {
    fn drop(&mut self) {
        GIVEN.lock().remove(&self.0);
    }
}

/// See the module.
pub struct Partition {
    whole: Arc<dyn BlockDevice>,
    name: String,
    number: DeviceNumber,
    entry: Entry,
    _minor: Option<Minor>,
    users: AtomicU32,
    counters: Arc<Counters>,
    settings: Settings,
}

impl Partition {
    /// The part of `whole` that a table's entry names. `None` if it does not lie on the device in
    /// whole blocks, or if there is no device number for it.
    pub fn new(whole: &Arc<dyn BlockDevice>, entry: &Entry) -> Option<Partition> {
        let geometry = whole.geometry();
        let block = (geometry.block_size / SECTOR).max(1) as u64;
        let end = entry.start.checked_add(entry.sectors)?;
        let fits = entry.start.is_multiple_of(block)
            && entry.sectors.is_multiple_of(block)
            && end <= geometry.sectors;
        let follows = whole.leaves_minors();
        let most = if follows { MOST } else { MOST_EXTENDED };
        if !fits || entry.sectors == 0 || entry.number == 0 || entry.number > most {
            return None;
        }
        let (name, number) = (whole.name(), whole.number());
        // A name that ends in a digit gets a letter between it and the number (`loop0p1`).
        let between = if name.ends_with(|last: char| last.is_ascii_digit()) {
            "p"
        } else {
            ""
        };
        let minor = (!follows).then(Minor::take);
        let number = match &minor {
            Some(minor) => DeviceNumber::new(EXTENDED, minor.0),
            None => DeviceNumber::new(number.major, number.minor + entry.number),
        };
        Some(Partition {
            whole: whole.clone(),
            name: format!("{name}{between}{}", entry.number),
            number,
            entry: *entry,
            _minor: minor,
            users: AtomicU32::new(0),
            counters: Arc::new(Counters::new()),
            settings: Settings::new(),
        })
    }

    /// Its first sector on the whole device.
    pub fn start(&self) -> u64 {
        self.entry.start
    }
}

impl BlockDevice for Partition {
    fn number(&self) -> DeviceNumber {
        self.number
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn geometry(&self) -> Geometry {
        Geometry {
            sectors: self.entry.sectors,
            ..self.whole.geometry()
        }
    }

    fn submit(&self, mut request: Request) {
        if let Err(error) = request.check(self) {
            return request.finish(Err(error));
        }
        // A flush is the whole disk's, as Linux counts.
        if request.operation != Operation::Flush && self.whole.counters().is_some() {
            request.count(&self.counters);
        }
        self.whole.submit(request.moved(self.entry.start));
    }

    fn settings(&self) -> Option<&Settings> {
        Some(&self.settings)
    }

    fn counters(&self) -> Option<&Arc<Counters>> {
        self.whole.counters().map(|_| &self.counters)
    }

    fn opened(&self) {
        self.users.fetch_add(1, Ordering::AcqRel);
        self.whole.opened();
    }

    fn closed(&self) {
        self.users.fetch_sub(1, Ordering::AcqRel);
        self.whole.closed();
    }

    fn is_used(&self) -> bool {
        self.users.load(Ordering::Acquire) > 0
    }

    fn part(&self) -> Option<Entry> {
        Some(self.entry)
    }

    fn whole(&self) -> Option<&Arc<dyn BlockDevice>> {
        Some(&self.whole)
    }
}
