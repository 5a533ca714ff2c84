//! The master boot record: four entries in the first sector, and a chain of further ones behind an
//! extended partition.
//!
//! It is as PC DOS wrote it: a signature at the end of the sector, before it four entries of 16
//! bytes: a flag, an end and a beginning in an old geometry, and in 32 bits the first sector and the
//! number of sectors. In an extended partition each logical one has a record of its own, whose
//! second entry leads to the next one, counted from the extended partition's beginning. As on Linux
//! a first sector whose flags are none is no table (it may belong to a file system without one).

use alloc::vec::Vec;

use base::Result;

use super::{Disk, Entry};
use crate::block::SECTOR;

const ENTRIES: usize = 446;
const ENTRY: usize = 16;
const SIGNATURE: [u8; 2] = [0x55, 0xaa];
const PROTECTIVE: u8 = 0xee;
/// Types of an extended partition: DOS's, with LBA, Linux's.
const EXTENDED: [u8; 3] = [0x05, 0x0f, 0x85];
/// The first number of a logical partition.
const FIRST_LOGICAL: u32 = 5;
/// How many records of an extended partition are read: a chain may be a circle.
const MOST_LOGICAL: u32 = 60;

/// One line of a record.
#[derive(Clone, Copy)]
struct Line {
    flag: u8,
    kind: u8,
    start: u32,
    count: u32,
}

impl Line {
    fn is_used(self) -> bool {
        self.kind != 0 && self.count != 0
    }

    fn is_extended(self) -> bool {
        EXTENDED.contains(&self.kind)
    }
}

/// The four lines of a sector; `None` if it is no record.
fn lines(sector: &[u8; SECTOR]) -> Option<[Line; 4]> {
    if !sector.ends_with(&SIGNATURE) {
        return None;
    }
    let word = |at: usize| {
        let bytes = sector.get(at..at + 4).and_then(|four| four.try_into().ok());
        bytes.map_or(0, u32::from_le_bytes)
    };
    let lines = [0, 1, 2, 3].map(|index| {
        let at = ENTRIES + index * ENTRY;
        Line {
            flag: sector.get(at).copied().unwrap_or(0),
            kind: sector.get(at + 4).copied().unwrap_or(0),
            start: word(at + 8),
            count: word(at + 12),
        }
    });
    lines
        .iter()
        .all(|line| line.flag & 0x7f == 0)
        .then_some(lines)
}

/// Whether the sector only protects a GUID partition table.
pub fn is_protective(sector: &[u8; SECTOR]) -> bool {
    lines(sector).is_some_and(|lines| lines.iter().any(|line| line.kind == PROTECTIVE))
}

/// The entries of the table in the disk's first sector, which the caller has read.
pub fn find(disk: &mut Disk<'_>, first: &[u8; SECTOR]) -> Result<Vec<Entry>> {
    let mut found = Vec::new();
    let Some(lines) = lines(first) else {
        return Ok(found);
    };
    for (number, line) in (1..).zip(lines).filter(|(_, line)| line.is_used()) {
        // Of an extended one Linux shows two sectors, for boot loaders.
        let count = if line.is_extended() {
            line.count.min(2)
        } else {
            line.count
        };
        found.extend(disk.entry(number, line.start.into(), count.into()));
    }
    let extended = lines
        .iter()
        .find(|line| line.is_used() && line.is_extended());
    if let Some(extended) = extended {
        logical(disk, *extended, &mut found)?;
    }
    Ok(found)
}

/// Follows the chain in an extended partition. One that leads nowhere ends it.
fn logical(disk: &mut Disk<'_>, extended: Line, found: &mut Vec<Entry>) -> Result<()> {
    let base = u64::from(extended.start);
    let mut at = base;
    let mut number = FIRST_LOGICAL;
    for _ in 0..MOST_LOGICAL {
        if at >= disk.blocks() {
            break;
        }
        let mut sector = [0; SECTOR];
        disk.read_block(at, &mut sector)?;
        let Some(lines) = lines(&sector) else {
            break;
        };
        for line in lines
            .iter()
            .filter(|line| line.is_used() && !line.is_extended())
        {
            let inside = u64::from(line.start) + u64::from(line.count)
                <= (base + u64::from(extended.count)).saturating_sub(at);
            if !inside {
                continue;
            }
            if let Some(entry) = disk.entry(number, at + u64::from(line.start), line.count.into()) {
                found.push(entry);
                number += 1;
            }
        }
        let next = lines
            .iter()
            .find(|line| line.is_used() && line.is_extended());
        let Some(next) = next.filter(|next| next.start > 0) else {
            break;
        };
        at = base + u64::from(next.start);
    }
    Ok(())
}
