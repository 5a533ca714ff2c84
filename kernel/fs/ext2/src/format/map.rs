//! Where in an inode's map a block of the file is looked up.
//!
//! Fifteen numbers lie in the inode: twelve name blocks, the others name blocks of numbers, one, two and
//! three steps away.

use alloc::vec::Vec;

/// Numbers in the inode that name blocks directly.
pub const DIRECT: u64 = 12;

/// The way to a block's number: the slot in the inode, then the index in each indirect block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// Which of the inode's fifteen numbers.
    pub slot: usize,
    /// Indices in the indirect blocks on the way; the first [`Way::depth`] count.
    pub indices: [u32; 3],
    /// How many indirect blocks there are on the way.
    pub depth: usize,
}

/// The way to the file's block `index`, with `pointers` numbers in a block; [`None`] beyond what the map can name.
pub fn way(index: u64, pointers: u64) -> Option<Way> {
    let mut way = Way {
        slot: 0,
        indices: [0; 3],
        depth: 0,
    };
    if index < DIRECT {
        way.slot = index as usize;
        return Some(way);
    }
    let mut left = index - DIRECT;
    let mut reach = 1;
    for depth in 1..=3 {
        reach *= pointers;
        if left < reach {
            way.slot = 11 + depth;
            way.depth = depth;
            for step in (0..depth).rev() {
                way.indices[step] = (left % pointers) as u32;
                left /= pointers;
            }
            return Some(way);
        }
        left -= reach;
    }
    None
}

/// How many blocks of the file lie below the number in `slot`, and the first of them.
pub fn span(slot: usize, pointers: u64) -> (u64, u64) {
    match slot {
        0..12 => (slot as u64, 1),
        12 => (DIRECT, pointers),
        13 => (DIRECT + pointers, pointers * pointers),
        _ => (
            DIRECT + pointers + pointers * pointers,
            pointers * pointers * pointers,
        ),
    }
}

/// The block numbers in a block of them.
pub fn numbers(bytes: &[u8]) -> Vec<u32> {
    bytes
        .as_chunks::<4>()
        .0
        .iter()
        .map(|number| u32::from_le_bytes(*number))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_lead_on_from_each_other() {
        assert_eq!(way(11, 256).map(|way| (way.slot, way.depth)), Some((11, 0)));
        let first = way(12, 256).expect("a way");
        assert_eq!((first.slot, first.depth, first.indices[0]), (12, 1, 0));
        let double = way(12 + 256 + 257, 256).expect("a way");
        assert_eq!((double.slot, double.depth), (13, 2));
        assert_eq!(double.indices, [1, 1, 0]);
        let last = 12 + 256 + 256 * 256 + 256 * 256 * 256 - 1;
        let triple = way(last, 256).expect("a way");
        assert_eq!((triple.slot, triple.indices), (14, [255, 255, 255]));
        assert_eq!(way(last + 1, 256), None);
        for slot in 0..15 {
            let (first, count) = span(slot, 256);
            assert_eq!(way(first, 256).map(|way| way.slot), Some(slot));
            assert_eq!(way(first + count - 1, 256).map(|way| way.slot), Some(slot));
        }
    }
}
