//! The GUID partition table (UEFI Specification 2.10, section 5.3).
//!
//! There are two copies, behind the first block and before the end of the disk, each a header and an
//! array of entries, each with checksums. The second one counts where the first is damaged. A disk
//! that has grown has its second header somewhere in the middle, where only the first one knows it:
//! it is not looked for there, because it is asked only when the first one cannot be trusted.

use alloc::vec::Vec;

use base::{Error, Result};

use super::{Disk, Entry, crc32};

const SIGNATURE: &[u8; 8] = b"EFI PART";
/// Bytes of the header that are defined.
const HEADER: usize = 92;
/// Bytes of the smallest entry; others are a power of two times as long.
const ENTRY: usize = 128;
/// The most bytes of entries that are read: the specification asks for at least 16 KiB.
const MOST_BYTES: u64 = 256 << 10;

/// The entries of the disk's table; `None` if neither copy is whole.
pub fn find(disk: &mut Disk<'_>) -> Result<Option<Vec<Entry>>> {
    for place in [1, disk.blocks() - 1] {
        match table(disk, place) {
            // A block that cannot be read is damaged, too.
            Ok(None) | Err(Error::InputOutput) => {}
            other => return other,
        }
    }
    Ok(None)
}

/// One copy, whose header is in this block.
fn table(disk: &mut Disk<'_>, place: u64) -> Result<Option<Vec<Entry>>> {
    let mut block = zeros(disk.block_size)?;
    disk.read_block(place, &mut block)?;
    let Some(header) = Header::parse(&block, place) else {
        return Ok(None);
    };
    let bytes = u64::from(header.count) * u64::from(header.entry_size);
    let blocks = bytes.div_ceil(disk.block_size as u64);
    let on_disk = header
        .entries
        .checked_add(blocks)
        .is_some_and(|end| end <= disk.blocks());
    if bytes > MOST_BYTES || !on_disk || header.last_usable >= disk.blocks() {
        return Ok(None);
    }
    let mut entries = zeros(bytes as usize)?;
    disk.read_block(header.entries, &mut entries)?;
    if crc32(&entries) != header.entries_checksum {
        return Ok(None);
    }
    let numbered = (1..).zip(entries.chunks_exact(header.entry_size as usize));
    let found = numbered.filter_map(|(number, entry)| {
        let (start, end) = (number_at(entry, 32)?, number_at(entry, 40)?);
        // No type: not used.
        if entry.get(..16)?.iter().all(|byte| *byte == 0) {
            return None;
        }
        if start < header.first_usable || end > header.last_usable || start > end {
            return None;
        }
        disk.entry(number, start, end - start + 1)
    });
    Ok(Some(found.collect()))
}

fn zeros(length: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    bytes
        .try_reserve_exact(length)
        .map_err(|_| Error::OutOfMemory)?;
    bytes.resize(length, 0);
    Ok(bytes)
}

fn number_at(bytes: &[u8], at: usize) -> Option<u64> {
    let eight = bytes.get(at..at + 8)?.try_into().ok()?;
    Some(u64::from_le_bytes(eight))
}

fn word_at(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_le_bytes(four))
}

struct Header {
    first_usable: u64,
    last_usable: u64,
    /// The first block of the entries.
    entries: u64,
    count: u32,
    entry_size: u32,
    entries_checksum: u32,
}

impl Header {
    /// The header in this block, if it is whole and says that it belongs there.
    fn parse(block: &[u8], place: u64) -> Option<Header> {
        let length = word_at(block, 12)? as usize;
        if !block.starts_with(SIGNATURE) || length < HEADER || length > block.len() {
            return None;
        }
        let (before, rest) = block.get(..length)?.split_at(16);
        // The checksum is taken with its own place empty.
        let mut checked = Vec::new();
        checked.try_reserve_exact(length).ok()?;
        checked.extend_from_slice(before);
        checked.extend_from_slice(&[0; 4]);
        checked.extend_from_slice(rest.get(4..)?);
        if crc32(&checked) != word_at(block, 16)? || number_at(block, 24)? != place {
            return None;
        }
        let header = Header {
            first_usable: number_at(block, 40)?,
            last_usable: number_at(block, 48)?,
            entries: number_at(block, 72)?,
            count: word_at(block, 80)?,
            entry_size: word_at(block, 84)?,
            entries_checksum: word_at(block, 88)?,
        };
        let size = header.entry_size as usize;
        let sensible =
            size >= ENTRY && size.is_power_of_two() && size <= 4096 && header.entries > 0;
        sensible.then_some(header)
    }
}
