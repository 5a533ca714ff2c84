//! Extended attributes as they lie in an inode, behind its fields, or in a block of their own.
//!
//! Both are an area in which entries grow from the front and values from the back. Offsets of values count from the
//! area's beginning: that of the block, or the first entry in the inode. A block begins with a header, which counts
//! the inodes that share it, and its entries are sorted and carry hashes; those in inodes need neither. A name's
//! first part is a number.
//!
//! Access control lists are stored shorter than they are told: entries for no one in particular have no number
//! (`ext4/acl.h`, version 1; `posix_acl_xattr.h`, version 2).

use alloc::vec;
use alloc::vec::Vec;

use super::Damage;

/// What an inode's area and a block begin with.
pub const MAGIC: u32 = 0xea02_0000;
/// How long a block's header is.
pub const HEADER: usize = 32;
/// Where a block says how many inodes share it.
pub const SHARES: core::ops::Range<usize> = 4..8;

/// An entry without its name.
const ENTRY: usize = 16;
/// The numbers of names' first parts. A part that ends with a dot has something behind it.
const PREFIXES: [(u8, &[u8]); 6] = [
    (1, b"user."),
    (2, b"system.posix_acl_access"),
    (3, b"system.posix_acl_default"),
    (4, b"trusted."),
    (6, b"security."),
    (7, b"system."),
];

/// An attribute.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attribute {
    /// The number of its name's first part.
    pub prefix: u8,
    /// The rest of its name.
    pub name: Vec<u8>,
    /// Its value, as on the disk.
    pub value: Vec<u8>,
}

/// A whole name's number and rest; [`None`] where there is no number for it.
pub fn split(name: &[u8]) -> Option<(u8, &[u8])> {
    PREFIXES.iter().find_map(|&(number, prefix)| {
        let rest = name.strip_prefix(prefix)?;
        (prefix.ends_with(b".") != rest.is_empty()).then_some((number, rest))
    })
}

fn padded(length: usize) -> usize {
    length.next_multiple_of(4)
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

impl Attribute {
    /// The whole name; [`None`] for a first part that nobody here knows.
    pub fn whole_name(&self) -> Option<Vec<u8>> {
        let (_, prefix) = PREFIXES.iter().find(|(number, _)| *number == self.prefix)?;
        Some([prefix, self.name.as_slice()].concat())
    }

    /// Bytes that it takes of an area.
    pub fn size(&self) -> usize {
        padded(ENTRY + self.name.len()) + padded(self.value.len())
    }

    /// What tells one attribute from another, and their order in a block.
    fn key(&self) -> (u8, usize, &[u8]) {
        (self.prefix, self.name.len(), &self.name)
    }

    fn hash(&self) -> u32 {
        let mut hash = self
            .name
            .iter()
            .fold(0u32, |hash, &byte| hash.rotate_left(5) ^ u32::from(byte));
        for chunk in self.value.chunks(4) {
            let mut bytes = [0; 4];
            bytes[..chunk.len()].copy_from_slice(chunk);
            hash = hash.rotate_left(16) ^ u32::from_le_bytes(bytes);
        }
        hash
    }
}

/// The attributes in an area whose entries begin at `first`.
pub fn parse(area: &[u8], first: usize) -> Result<Vec<Attribute>, Damage> {
    let mut attributes = Vec::new();
    let mut at = first;
    loop {
        if word(area, at).ok_or("the end of the attributes")? == 0 {
            return Ok(attributes);
        }
        let entry = area.get(at..at + ENTRY).ok_or("an attribute")?;
        let (length, prefix) = (usize::from(entry[0]), entry[1]);
        let offset = usize::from(half(entry, 2).unwrap_or(0));
        let elsewhere = word(entry, 4).unwrap_or(0);
        let size = word(entry, 8).unwrap_or(0) as usize;
        let name = area.get(at + ENTRY..at + ENTRY + length);
        let value = match size {
            0 => Some(&[][..]),
            _ => area.get(offset..offset.saturating_add(size)),
        };
        let (Some(name), Some(value), 0) = (name, value, elsewhere) else {
            return Err("an attribute's place");
        };
        attributes.push(Attribute {
            prefix,
            name: name.into(),
            value: value.into(),
        });
        at += padded(ENTRY + length);
    }
}

/// Whether attributes of so many bytes have room in an area whose entries begin at `first`: a word of zeros ends them.
pub fn fits(length: usize, first: usize, bytes: usize) -> bool {
    first + bytes + 4 <= length
}

/// Fills an area, entries from `first` on; the caller has seen that there is room. Returns the entries' hashes.
fn fill(area: &mut [u8], first: usize, attributes: &[Attribute], hashed: bool) -> Vec<u32> {
    let mut at = first;
    let mut end = area.len();
    let mut hashes = Vec::new();
    for attribute in attributes {
        let size = attribute.value.len();
        end -= padded(size);
        let hash = if hashed { attribute.hash() } else { 0 };
        let offset = if size == 0 { 0 } else { end as u16 };
        let entry = &mut area[at..at + ENTRY + attribute.name.len()];
        entry[0] = attribute.name.len() as u8;
        entry[1] = attribute.prefix;
        entry[2..4].copy_from_slice(&offset.to_le_bytes());
        entry[4..8].fill(0);
        entry[8..12].copy_from_slice(&(size as u32).to_le_bytes());
        entry[12..16].copy_from_slice(&hash.to_le_bytes());
        entry[ENTRY..].copy_from_slice(&attribute.name);
        area[end..end + size].copy_from_slice(&attribute.value);
        at += padded(ENTRY + attribute.name.len());
        hashes.push(hash);
    }
    hashes
}

/// An inode's area with these attributes, the magic number in front; all zeros if there are none.
pub fn inner(length: usize, attributes: &[Attribute]) -> Vec<u8> {
    let mut bytes = vec![0; length];
    if let Some((magic, area)) = bytes.split_at_mut_checked(4)
        && !attributes.is_empty()
    {
        magic.copy_from_slice(&MAGIC.to_le_bytes());
        fill(area, 0, attributes, false);
    }
    bytes
}

/// A block with these attributes, which one inode has.
pub fn block(length: usize, mut attributes: Vec<Attribute>) -> Vec<u8> {
    attributes.sort_by(|one, two| one.key().cmp(&two.key()));
    let mut bytes = vec![0; length];
    let hashes = fill(&mut bytes, HEADER, &attributes, true);
    let hash = match hashes.contains(&0) {
        // Such a block is not shared.
        true => 0,
        false => hashes
            .iter()
            .fold(0u32, |hash, one| hash.rotate_left(16) ^ one),
    };
    for (at, value) in [(0, MAGIC), (4, 1), (8, 1), (12, hash)] {
        bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }
    bytes
}

/// How many inodes share a block; [`None`] if it is no block of attributes.
pub fn shares(block: &[u8]) -> Option<u32> {
    let count = word(block, SHARES.start)?;
    (word(block, 0)? == MAGIC && word(block, 8)? == 1 && count > 0).then_some(count)
}

/// Whether an entry of a list has a number: the tags of users and groups.
fn is_numbered(tag: u16) -> bool {
    tag == 0x02 || tag == 0x08
}

/// A list as it is told, from what is stored.
pub fn list_told(stored: &[u8]) -> Option<Vec<u8>> {
    let mut rest = stored.strip_prefix(&1u32.to_le_bytes())?;
    let mut told = Vec::from(2u32.to_le_bytes());
    while !rest.is_empty() {
        let length = if is_numbered(half(rest, 0)?) { 8 } else { 4 };
        let (entry, after) = rest.split_at_checked(length)?;
        told.extend_from_slice(entry);
        if length == 4 {
            told.extend_from_slice(&[0xff; 4]);
        }
        rest = after;
    }
    Some(told)
}

/// The reverse.
pub fn list_stored(told: &[u8]) -> Option<Vec<u8>> {
    let (entries, odd) = told.strip_prefix(&2u32.to_le_bytes())?.as_chunks::<8>();
    let mut stored = Vec::from(1u32.to_le_bytes());
    for entry in entries {
        let length = if is_numbered(half(entry, 0)?) { 8 } else { 4 };
        stored.extend_from_slice(&entry[..length]);
    }
    odd.is_empty().then_some(stored)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(name: &[u8], value: &[u8]) -> Attribute {
        let (prefix, name) = split(name).unwrap();
        let (name, value) = (name.into(), value.into());
        Attribute {
            prefix,
            name,
            value,
        }
    }

    #[test]
    fn names_have_numbers() {
        assert_eq!(split(b"user.a"), Some((1, &b"a"[..])));
        assert_eq!(split(b"system.posix_acl_access"), Some((2, &b""[..])));
        assert_eq!(split(b"system.posix_acl_default"), Some((3, &b""[..])));
        assert_eq!(split(b"system.other"), Some((7, &b"other"[..])));
        assert_eq!(split(b"user."), None);
        assert_eq!(split(b"other.a"), None);
        let whole = attribute(b"security.x", b"").whole_name();
        assert_eq!(whole.unwrap(), b"security.x");
    }

    #[test]
    fn areas_come_back() {
        let mut all = vec![
            attribute(b"user.longer", b"12345"),
            attribute(b"trusted.a", b""),
            attribute(b"user.a", b"1234"),
        ];
        let bytes = inner(100, &all);
        assert_eq!(parse(&bytes[4..], 0).unwrap(), all);
        let bytes = block(1024, all.clone());
        assert_eq!(shares(&bytes), Some(1));
        all.sort_by(|one, two| one.key().cmp(&two.key()));
        assert_eq!(parse(&bytes, HEADER).unwrap(), all);
        assert!(inner(100, &[]).iter().all(|&byte| byte == 0));
    }

    #[test]
    fn nonsense_is_refused() {
        let bytes = block(1024, vec![attribute(b"user.a", b"1234")]);
        for at in HEADER..HEADER + 12 {
            for value in [0x7f, 0xff] {
                let mut changed = bytes.clone();
                changed[at] = value;
                let _ = parse(&changed, HEADER);
            }
        }
        assert!(parse(&[1; 40], 0).is_err());
        assert!(parse(&[], 0).is_err());
    }

    #[test]
    fn lists_are_stored_shorter() {
        let entry = |tag: u16, rights: u16, number: u32| {
            [
                &tag.to_le_bytes()[..],
                &rights.to_le_bytes(),
                &number.to_le_bytes(),
            ]
            .concat()
        };
        let told = [
            2u32.to_le_bytes().to_vec(),
            entry(1, 6, u32::MAX),
            entry(2, 4, 1000),
            entry(4, 4, u32::MAX),
            entry(0x10, 4, u32::MAX),
            entry(0x20, 0, u32::MAX),
        ]
        .concat();
        let stored = list_stored(&told).unwrap();
        assert_eq!(stored.len(), 4 + 4 * 4 + 8);
        assert_eq!(list_told(&stored).unwrap(), told);
        assert!(list_told(&stored[..stored.len() - 1]).is_none());
        assert!(list_stored(&told[..9]).is_none());
    }
}
