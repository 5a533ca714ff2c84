//! Entries of the table: which cluster comes after which.
//!
//! An entry of FAT12 may lie across the border of two sectors, so everything here works on bytes at positions in the
//! table: a function is given one sector and touches what of the entry lies in it.

use core::ops::Range;

use super::boot::{FIRST_CLUSTER, Kind, Measures};

/// What a table says of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Nobody has it.
    Free,
    /// Another comes after it.
    Next(u32),
    /// It is the last of its chain.
    End,
    /// It cannot be used, or the number is none.
    Bad,
}

/// The value of the last cluster of a chain, whatever the kind: only the low bits are stored.
pub const END: u32 = 0x0fff_ffff;

impl Kind {
    /// The bytes of the table in which the entry of a cluster lies: first and count.
    pub fn place(self, cluster: u32) -> (u64, usize) {
        let cluster = u64::from(cluster);
        match self {
            Kind::Fat12 => (cluster + cluster / 2, 2),
            Kind::Fat16 => (cluster * 2, 2),
            Kind::Fat32 => (cluster * 4, 4),
        }
    }

    /// The value of an entry, given the bytes at its place (low ones first).
    pub fn value(self, cluster: u32, bytes: &[u8]) -> u32 {
        let raw = bytes
            .iter()
            .rev()
            .fold(0, |value: u32, &byte| value << 8 | u32::from(byte));
        match self {
            Kind::Fat12 if cluster % 2 == 1 => raw >> 4,
            Kind::Fat12 => raw & 0xfff,
            Kind::Fat16 => raw & 0xffff,
            Kind::Fat32 => raw & 0x0fff_ffff,
        }
    }

    /// Puts a value into what lies of the entry in `bytes`, which begin at position `base` of the table.
    pub fn put(self, bytes: &mut [u8], base: u64, cluster: u32, value: u32) {
        let (first, count) = self.place(cluster);
        let (value, keep): (u32, u32) = match self {
            Kind::Fat12 if cluster % 2 == 1 => ((value & 0xfff) << 4, 0xf),
            Kind::Fat12 => (value & 0xfff, 0xf000),
            Kind::Fat16 => (value & 0xffff, 0),
            Kind::Fat32 => (value & 0x0fff_ffff, 0xf000_0000),
        };
        for step in 0..count {
            let place = (first + step as u64)
                .checked_sub(base)
                .and_then(|at| bytes.get_mut(at as usize));
            if let Some(byte) = place {
                let shift = 8 * step;
                *byte = *byte & (keep >> shift) as u8 | (value >> shift) as u8;
            }
        }
    }

    /// The value that marks a cluster as unusable.
    fn bad(self) -> u32 {
        match self {
            Kind::Fat12 => 0xff7,
            Kind::Fat16 => 0xfff7,
            Kind::Fat32 => 0x0fff_fff7,
        }
    }
}

impl Measures {
    /// What a value means.
    pub fn link(&self, value: u32) -> Link {
        match value {
            0 => Link::Free,
            value if value > self.kind.bad() => Link::End,
            value if value >= FIRST_CLUSTER && self.has(value) => Link::Next(value),
            _ => Link::Bad,
        }
    }

    /// The sectors of the table, counted from its start, in which a cluster's entry lies: first and last.
    pub fn sectors_of(&self, cluster: u32) -> (u64, u64) {
        let (first, count) = self.kind.place(cluster);
        let size = self.sector_size as u64;
        (first / size, (first + count as u64 - 1) / size)
    }

    /// The clusters of which anything lies in a sector of the table, counted from its start.
    pub fn clusters_in(&self, sector: u64) -> Range<u32> {
        let bits = self.sector_size as u64 * 8;
        let first = sector * bits / self.kind.bits();
        let end = ((sector + 1) * bits).div_ceil(self.kind.bits());
        first as u32..end as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_back_also_across_sectors() {
        for kind in [Kind::Fat12, Kind::Fat16, Kind::Fat32] {
            let mut sectors = [[0xffu8; 512]; 4];
            let value = |cluster: u32| {
                cluster.wrapping_mul(0x0101_0101) & ((1 << (kind.bits().min(28))) - 1)
            };
            for cluster in 0..500 {
                for (index, sector) in sectors.iter_mut().enumerate() {
                    kind.put(sector, index as u64 * 512, cluster, value(cluster));
                }
            }
            let whole = sectors.concat();
            for cluster in 0..500 {
                let (first, count) = kind.place(cluster);
                let bytes = &whole[first as usize..first as usize + count];
                assert_eq!(
                    kind.value(cluster, bytes),
                    value(cluster),
                    "{kind:?} {cluster}"
                );
            }
        }
    }
}
