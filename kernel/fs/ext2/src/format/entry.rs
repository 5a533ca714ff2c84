//! Directory entries: number, length of the record, length of the name, kind, name; padded to four bytes.
//!
//! The records of a block cover it without a gap. One that names nothing has number 0, and room that is left is
//! part of the record before it. The blocks of a directory's hash index look like records that name nothing, so
//! whoever reads linearly passes over them.

use object::FileKind;

use super::Damage;

/// Bytes before the name.
pub const HEADER: usize = 8;

/// One record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Where it begins in the block.
    pub offset: usize,
    /// How long it is.
    pub length: usize,
    /// The inode it names; 0 for none.
    pub inode: u32,
    /// The kind that is noted, as on the disk; 0 is unknown.
    pub kind: u8,
    /// The name.
    pub name: &'a [u8],
}

/// How long a record has to be for a name.
pub const fn record_length(name: usize) -> usize {
    (HEADER + name + 3) & !3
}

impl Entry<'_> {
    /// How much of the record its own name takes.
    pub fn used(&self) -> usize {
        if self.inode == 0 {
            0
        } else {
            record_length(self.name.len())
        }
    }
}

fn half(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at..at + 2) {
        Some(&[low, high]) => usize::from(u16::from_le_bytes([low, high])),
        _ => 0,
    }
}

/// The record at `offset` of a block. Without `file_type`, the kind's byte is the upper half of the name's length.
pub fn at(block: &[u8], offset: usize, file_type: bool) -> Result<Entry<'_>, Damage> {
    let Some(&[a, b, c, d]) = block.get(offset..offset + 4) else {
        return Err("an entry beyond its block");
    };
    let length = half(block, offset + 4);
    if length < HEADER || !length.is_multiple_of(4) || offset + length > block.len() {
        return Err("an entry's length");
    }
    let (name_length, kind) = if file_type {
        let both = half(block, offset + 6);
        (both & 0xff, (both >> 8) as u8)
    } else {
        (half(block, offset + 6), 0)
    };
    let name = block
        .get(offset + HEADER..offset + HEADER + name_length)
        .filter(|_| HEADER + name_length <= length && name_length <= 255)
        .ok_or("the length of an entry's name")?;
    Ok(Entry {
        offset,
        length,
        inode: u32::from_le_bytes([a, b, c, d]),
        kind,
        name,
    })
}

/// All records of a block; ends with the first that makes no sense.
pub fn all(block: &[u8], file_type: bool) -> impl Iterator<Item = Result<Entry<'_>, Damage>> {
    let mut offset = 0;
    core::iter::from_fn(move || {
        if offset >= block.len() {
            return None;
        }
        let entry = at(block, offset, file_type);
        offset = entry.map_or(block.len(), |entry| entry.offset + entry.length);
        Some(entry)
    })
}

/// Writes a record.
pub fn write(block: &mut [u8], offset: usize, length: usize, inode: u32, kind: u8, name: &[u8]) {
    let Some(record) = block.get_mut(offset..offset + length) else {
        return;
    };
    record[..4].copy_from_slice(&inode.to_le_bytes());
    record[4..6].copy_from_slice(&(length as u16).to_le_bytes());
    record[6] = name.len() as u8;
    record[7] = kind;
    record[HEADER..HEADER + name.len()].copy_from_slice(name);
}

/// Gives the record at `offset` another length.
pub fn set_length(block: &mut [u8], offset: usize, length: usize) {
    if let Some(place) = block.get_mut(offset + 4..offset + 6) {
        place.copy_from_slice(&(length as u16).to_le_bytes());
    }
}

/// Lets the record at `offset` name another inode.
pub fn set_inode(block: &mut [u8], offset: usize, inode: u32, kind: u8, file_type: bool) {
    if let Some(place) = block.get_mut(offset..offset + 4) {
        place.copy_from_slice(&inode.to_le_bytes());
    }
    if file_type && let Some(place) = block.get_mut(offset + 7) {
        *place = kind;
    }
}

/// A kind as entries note it.
pub fn kind_code(kind: FileKind) -> u8 {
    match kind {
        FileKind::Regular => 1,
        FileKind::Directory => 2,
        FileKind::CharacterDevice => 3,
        FileKind::BlockDevice => 4,
        FileKind::Fifo => 5,
        FileKind::Socket => 6,
        FileKind::SymbolicLink => 7,
        FileKind::Anonymous => 0,
    }
}

/// The reverse; [`None`] where the entry does not say.
pub fn kind_of(code: u8) -> Option<FileKind> {
    Some(match code {
        1 => FileKind::Regular,
        2 => FileKind::Directory,
        3 => FileKind::CharacterDevice,
        4 => FileKind::BlockDevice,
        5 => FileKind::Fifo,
        6 => FileKind::Socket,
        7 => FileKind::SymbolicLink,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_written_and_read() {
        let mut block = [0; 64];
        write(&mut block, 0, 16, 7, 1, b"hello");
        write(&mut block, 16, 48, 9, 2, b"x");
        let read: Result<alloc::vec::Vec<_>, _> = all(&block, true).collect();
        let read = read.expect("sound");
        assert_eq!(
            (read[0].inode, read[0].name, read[0].used()),
            (7, &b"hello"[..], 16)
        );
        assert_eq!((read[1].inode, read[1].length, read[1].used()), (9, 48, 12));
        set_length(&mut block, 16, 44);
        assert!(all(&block, true).any(|entry| entry.is_err()));
        set_length(&mut block, 0, 0);
        assert_eq!(all(&block, true).count(), 1);
    }

    #[test]
    fn no_bytes_lead_astray() {
        let mut seed = 1_u32;
        for _ in 0..2000 {
            let mut block = [0; 128];
            for byte in &mut block {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *byte = if seed >> 30 == 0 {
                    (seed >> 16) as u8
                } else {
                    0
                };
            }
            assert!(all(&block, seed & 1 == 0).count() <= 16);
        }
    }
}
