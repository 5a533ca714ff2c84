//! A part of a disk as a device: it shifts requests and keeps them inside.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;

use super::Entry;
use crate::DeviceNumber;
use crate::block::{BlockDevice, Geometry, Request, SECTOR};

/// The most parts of one disk: its minor numbers are followed by the next disk's.
const MOST: u32 = 15;

/// See the module.
pub struct Partition {
    whole: Arc<dyn BlockDevice>,
    name: String,
    number: DeviceNumber,
    start: u64,
    sectors: u64,
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
        if !fits || entry.number == 0 || entry.number > MOST {
            return None;
        }
        let (name, number) = (whole.name(), whole.number());
        // A name that ends in a digit gets a letter between it and the number (`loop0p1`).
        let between = if name.ends_with(|last: char| last.is_ascii_digit()) {
            "p"
        } else {
            ""
        };
        Some(Partition {
            whole: whole.clone(),
            name: format!("{name}{between}{}", entry.number),
            number: DeviceNumber::new(number.major, number.minor + entry.number),
            start: entry.start,
            sectors: entry.sectors,
        })
    }

    /// Its first sector on the whole device.
    pub fn start(&self) -> u64 {
        self.start
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
            sectors: self.sectors,
            ..self.whole.geometry()
        }
    }

    fn submit(&self, request: Request) {
        match request.check(self) {
            Ok(()) => self.whole.submit(request.moved(self.start)),
            Err(error) => request.finish(Err(error)),
        }
    }

    fn opened(&self) {
        self.whole.opened();
    }

    fn closed(&self) {
        self.whole.closed();
    }

    fn whole(&self) -> Option<&Arc<dyn BlockDevice>> {
        Some(&self.whole)
    }
}
