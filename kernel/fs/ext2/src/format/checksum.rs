//! The checksums of ext4's records (`metadata_csum`): CRC-32C, carried on from a seed.
//!
//! Every record's sum begins with something that is its own (the file system's identity, an inode's number and
//! generation), so that a record that was written to the wrong place is found out too.

use crc::{Algorithm, Crc};

/// CRC-32C without the inversions at both ends, as ext4 keeps it between its steps.
const ALGORITHM: Algorithm<u32> = Algorithm {
    width: 32,
    poly: 0x1edc_6f41,
    init: 0,
    refin: true,
    refout: true,
    xorout: 0,
    check: 0x58e3_fa20,
    residue: 0,
};

const CRC: Crc<u32> = Crc::<u32>::new(&ALGORITHM);

/// Where a directory's block, or one of its index, keeps its sum: behind this record that names nothing.
const TAIL: [u8; 8] = [0, 0, 0, 0, 12, 0, 0, 0xde];
/// Bytes of the tail of a block of names.
const TAIL_SIZE: usize = 12;

/// Where an inode keeps the lower half of its sum, and behind which bytes the upper one.
const INODE_LOW: usize = 0x7c;
const INODE_HIGH: usize = 0x82;
/// Where a group's descriptor keeps its sum, which has 16 bits.
const DESCRIPTOR: usize = 0x1e;
/// Where the superblock keeps its sum.
const SUPERBLOCK: usize = 0x3fc;

/// Carries a sum on over more bytes.
pub fn carry_on(sum: u32, bytes: &[u8]) -> u32 {
    let mut digest = CRC.digest_with_initial(sum.reverse_bits());
    digest.update(bytes);
    digest.finalize()
}

/// What all sums of a file system begin with, from its identity.
pub fn seed(uuid: &[u8; 16]) -> u32 {
    carry_on(!0, uuid)
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..at + 2)?;
    Some(u16::from_le_bytes([bytes[0], bytes[1]]))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 4)?;
    Some(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}

/// Carries a sum on over bytes whose two at `hole` count as zero, because they are the sum itself.
fn around(sum: u32, bytes: &[u8], hole: usize) -> u32 {
    let (before, rest) = bytes.split_at(hole.min(bytes.len()));
    let sum = carry_on(carry_on(sum, before), &[0; 2]);
    carry_on(sum, rest.get(2..).unwrap_or_default())
}

/// Whether the superblock's 1024 bytes agree with their sum.
pub fn superblock_agrees(bytes: &[u8]) -> bool {
    bytes
        .get(..SUPERBLOCK)
        .is_some_and(|all| Some(carry_on(!0, all)) == word(bytes, SUPERBLOCK))
}

/// Whether a group's descriptor agrees with its sum.
pub fn descriptor_agrees(seed: u32, group: u32, bytes: &[u8]) -> bool {
    let sum = carry_on(seed, &group.to_le_bytes());
    half(bytes, DESCRIPTOR) == Some(around(sum, bytes, DESCRIPTOR) as u16)
}

/// What the sums of an inode and of its blocks begin with.
pub fn inode_seed(seed: u32, number: u32, generation: u32) -> u32 {
    let sum = carry_on(seed, &number.to_le_bytes());
    carry_on(sum, &generation.to_le_bytes())
}

/// Whether an inode agrees with its sum; `bytes` are all that the table has for it.
pub fn inode_agrees(inode_seed: u32, bytes: &[u8]) -> bool {
    let (old, rest) = bytes.split_at(bytes.len().min(128));
    let mut sum = around(inode_seed, old, INODE_LOW);
    // The upper half is there if the inode says that it uses so many bytes of the rest.
    let has_high = half(rest, 0).is_some_and(|used| usize::from(used) >= INODE_HIGH + 2 - 128);
    if has_high {
        sum = around(sum, rest, INODE_HIGH - 128);
        let high = half(rest, INODE_HIGH - 128);
        return half(old, INODE_LOW) == Some(sum as u16) && high == Some((sum >> 16) as u16);
    }
    half(old, INODE_LOW) == Some(carry_on(sum, rest) as u16)
}

/// Whether a block of extents with room for `most` of them agrees with its sum.
pub fn extents_agree(inode_seed: u32, bytes: &[u8], most: usize) -> bool {
    let end = 12 + most * 12;
    bytes
        .get(..end)
        .is_some_and(|all| word(bytes, end) == Some(carry_on(inode_seed, all)))
}

/// Whether a block of a directory agrees with its sum: one of names, or, in a directory that is `indexed`, one of the
/// index.
pub fn names_agree(inode_seed: u32, bytes: &[u8], indexed: bool) -> bool {
    if indexed && let Some(first) = index_begin(bytes) {
        return index_agrees(inode_seed, bytes, first).unwrap_or(false);
    }
    let Some((all, tail)) = bytes.split_last_chunk::<TAIL_SIZE>() else {
        return false;
    };
    tail.starts_with(&TAIL) && word(tail, 8) == Some(carry_on(inode_seed, all))
}

/// Where the entries of an index begin, if the block is of an index: behind the two names of its root, or behind a
/// record that covers the whole block and names nothing.
fn index_begin(bytes: &[u8]) -> Option<usize> {
    let first = usize::from(half(bytes, 4)?);
    if word(bytes, 0)? == 0 && first == bytes.len() {
        return Some(8);
    }
    let second = usize::from(half(bytes, 12 + 4)?);
    let root = first == 12 && second == bytes.len() - 12;
    // Reserved, the kind of hash, and how long this information is.
    (root && word(bytes, 24)? == 0 && bytes.get(29) == Some(&8)).then_some(32)
}

fn index_agrees(inode_seed: u32, bytes: &[u8], begin: usize) -> Option<bool> {
    let limit = usize::from(half(bytes, begin)?);
    let count = usize::from(half(bytes, begin + 2)?);
    let tail = begin + limit * 8;
    if count > limit {
        return None;
    }
    let sum = carry_on(inode_seed, bytes.get(..begin + count * 8)?);
    let sum = carry_on(sum, bytes.get(tail..tail + 4)?);
    Some(word(bytes, tail + 4)? == carry_on(sum, &[0; 4]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_crc_32c_between_its_inversions() {
        // The check value of RFC 3720's polynomial over "123456789".
        assert_eq!(!carry_on(!0, b"123456789"), 0xe306_9283);
        assert_eq!(carry_on(carry_on(!0, b"1234"), b"56789"), !0xe306_9283);
    }

    #[test]
    fn what_is_too_short_agrees_with_nothing() {
        for bytes in [&[][..], &[0; 3], &[0; 11]] {
            assert!(!superblock_agrees(bytes) && !names_agree(1, bytes, true));
            assert!(!descriptor_agrees(1, 0, bytes) && !extents_agree(1, bytes, 4));
        }
    }
}
