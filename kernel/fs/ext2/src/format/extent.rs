//! Extents: how ext4 notes where a file's blocks lie.
//!
//! A tree of nodes; the root has the 60 bytes that are an ext2 inode's map, every other node a block. A node is a header
//! and entries of twelve bytes in the order of the file's blocks: in a leaf runs of blocks, above it the nodes below.
//! A node is parsed here; `map` walks the tree.

use super::Damage;

/// What every node begins with.
const MAGIC: u16 = 0xf30a;
/// Bytes of the header, and of an entry.
const SIZE: usize = 12;
/// No tree is deeper.
const DEEPEST: u16 = 5;
/// A run's length above this is that of one whose blocks have room but were never written: they read as zero.
const LONGEST: u64 = 32_768;

/// A node's header, checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// How many entries there are.
    pub count: usize,
    /// For how many there is room.
    pub most: usize,
    /// How many levels are below it; a leaf has none.
    pub depth: u16,
}

/// What a node says of a block of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing is there up to this block of the file.
    Hole {
        /// The first block behind the hole; `u64::MAX` if none follows in this node.
        until: u64,
    },
    /// It lies at this block of the disk, and `count` blocks lie there one behind the other.
    Run {
        /// On the disk.
        at: u64,
        /// From this block of the file on.
        count: u64,
    },
    /// The node in this block of the disk knows, for the file's blocks before `until`.
    Below {
        /// On the disk.
        block: u64,
        /// The first of the file's blocks that another node knows.
        until: u64,
    },
}

fn half(bytes: &[u8], at: usize) -> u16 {
    match bytes.get(at..at + 2) {
        Some(&[low, high]) => u16::from_le_bytes([low, high]),
        _ => 0,
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from(half(bytes, at)) | u32::from(half(bytes, at + 2)) << 16
}

/// A node's header. `below` is the depth of the node that led here.
pub fn header(node: &[u8], below: Option<u16>) -> Result<Header, Damage> {
    let header = Header {
        count: half(node, 2).into(),
        most: half(node, 4).into(),
        depth: half(node, 6),
    };
    if half(node, 0) != MAGIC {
        return Err("a node of extents without its mark");
    }
    if header.count > header.most || (header.most + 1) * SIZE > node.len() {
        return Err("the number of extents");
    }
    if header.depth > DEEPEST || below.is_some_and(|above| header.depth + 1 != above) {
        return Err("the depth of a tree of extents");
    }
    Ok(header)
}

/// Looks for the file's block `index` in a node.
pub fn find(node: &[u8], header: Header, index: u64) -> Found {
    let entry = |place: usize| (place + 1) * SIZE;
    let first = |place: usize| u64::from(word(node, entry(place)));
    // The last entry that begins at the block or before it.
    let (mut low, mut high) = (0, header.count);
    while low < high {
        let middle = low + (high - low) / 2;
        if first(middle) <= index {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    let until = if low < header.count {
        first(low)
    } else {
        u64::MAX
    };
    let Some(place) = low.checked_sub(1) else {
        return Found::Hole { until };
    };
    let at = entry(place);
    if header.depth > 0 {
        let block = u64::from(word(node, at + 4)) | u64::from(half(node, at + 8)) << 32;
        return Found::Below { block, until };
    }
    let length = u64::from(half(node, at + 4));
    let (length, written) = if length > LONGEST {
        (length - LONGEST, false)
    } else {
        (length, true)
    };
    let inside = index - first(place);
    if inside >= length {
        return Found::Hole { until };
    }
    if !written {
        return Found::Hole {
            until: (first(place) + length).min(until),
        };
    }
    let start = u64::from(word(node, at + 8)) | u64::from(half(node, at + 6)) << 32;
    Found::Run {
        at: start.saturating_add(inside),
        count: (length - inside).min(until - index),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(depth: u16, entries: &[[u16; 6]]) -> Vec<u8> {
        let head = [MAGIC, entries.len() as u16, 4, depth, 0, 0];
        let mut bytes: Vec<u8> = [head]
            .iter()
            .chain(entries)
            .flatten()
            .flat_map(|half| half.to_le_bytes())
            .collect();
        bytes.resize(60, 0);
        bytes
    }

    #[test]
    fn runs_holes_and_what_was_never_written() {
        let node = node(
            0,
            &[
                [2, 0, 3, 0, 100, 0],
                [10, 0, 32_768 + 4, 0, 200, 0],
                [14, 0, 1, 1, 5, 0],
            ],
        );
        let header = header(&node, Some(1)).unwrap();
        let find = |index| find(&node, header, index);
        assert_eq!(find(0), Found::Hole { until: 2 });
        assert_eq!(find(3), Found::Run { at: 101, count: 2 });
        assert_eq!(find(5), Found::Hole { until: 10 });
        assert_eq!(find(11), Found::Hole { until: 14 });
        let at = (1 << 32) + 5;
        assert_eq!(find(14), Found::Run { at, count: 1 });
        assert_eq!(find(15), Found::Hole { until: u64::MAX });
    }

    #[test]
    fn a_node_leads_to_the_one_below() {
        let node = node(1, &[[0, 0, 7, 0, 0, 0], [50, 0, 9, 0, 0, 0]]);
        let header = header(&node, None).unwrap();
        let below = |block, until| Found::Below { block, until };
        assert_eq!(find(&node, header, 49), below(7, 50));
        assert_eq!(find(&node, header, 50), below(9, u64::MAX));
    }

    #[test]
    fn nodes_that_make_no_sense_are_refused() {
        assert!(header(&[0; 60], None).is_err());
        assert!(header(&node(2, &[]), Some(2)).is_err(), "a circle");
        assert!(header(&node(6, &[]), None).is_err(), "too deep");
        assert!(header(&node(0, &[])[..40], None).is_err(), "too short");
        assert!(header(&[], None).is_err());
    }
}
