//! The boot sector: what kind of FAT it is, and where everything lies.
//!
//! The kind is decided by nothing but the number of clusters (Microsoft, "FAT: General Overview of On-Disk Format"), with
//! Linux's bounds; a FAT whose own length field is 0 in its 16-bit form is FAT32.

use super::Damage;

/// Bytes of the boot sector that are looked at.
pub const SIZE: usize = 512;
/// Bytes of a directory entry.
pub const ENTRY: usize = 32;
/// The bit of the state byte that says that somebody writes, or was cut off writing.
pub const STATE_DIRTY: u8 = 1;
/// The first cluster's number.
pub const FIRST_CLUSTER: u32 = 2;

/// How wide an entry of the table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Twelve bits.
    Fat12,
    /// Sixteen bits.
    Fat16,
    /// Thirty-two bits, of which 28 count.
    Fat32,
}

/// Where the root directory lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    /// In these sectors, first and count.
    Fixed(u64, u64),
    /// In the chain from this cluster.
    Chain(u32),
}

/// All that the boot sector says, checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measures {
    /// The kind.
    pub kind: Kind,
    /// Bytes of a sector.
    pub sector_size: usize,
    /// Sectors of a cluster.
    pub cluster_sectors: u64,
    /// The first sector of the first table.
    pub table_start: u64,
    /// Sectors of each table.
    pub table_sectors: u64,
    /// How many tables there are.
    pub tables: u64,
    /// The table that counts.
    pub active: u64,
    /// All tables are to be equal.
    pub mirrored: bool,
    /// Where the root directory lies.
    pub root: Root,
    /// The first sector of the first cluster.
    pub data_start: u64,
    /// How many clusters there are.
    pub clusters: u32,
    /// The sector with the free count, if there is one.
    pub info_sector: Option<u64>,
    /// The number that mkfs has given to this file system.
    pub serial: u32,
    /// The state byte.
    pub state: u8,
}

fn word(bytes: &[u8; SIZE], at: usize) -> u32 {
    u32::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]))
}

fn double(bytes: &[u8; SIZE], at: usize) -> u32 {
    word(bytes, at) | word(bytes, at + 2) << 16
}

impl Measures {
    /// Reads the boot sector of a device of `sectors` units of 512 bytes.
    pub fn read(bytes: &[u8; SIZE], sectors: u64) -> Result<Measures, Damage> {
        let sector_size = word(bytes, 11) as usize;
        let cluster_sectors = u64::from(bytes[13]);
        let reserved = u64::from(word(bytes, 14));
        let tables = u64::from(bytes[16]);
        let media = bytes[21];
        if !sector_size.is_power_of_two() || !(512..=4096).contains(&sector_size) {
            return Err("the size of a sector");
        }
        if !cluster_sectors.is_power_of_two() {
            return Err("the size of a cluster");
        }
        if reserved == 0 {
            return Err("no reserved sectors");
        }
        if tables == 0 {
            return Err("no tables");
        }
        if media < 0xf8 && media != 0xf0 {
            return Err("the kind of medium");
        }
        let wide = word(bytes, 22) == 0;
        let table_sectors = match wide {
            false => u64::from(word(bytes, 22)),
            true => u64::from(double(bytes, 36)),
        };
        if table_sectors == 0 {
            return Err("a table of no length");
        }
        let root_bytes = word(bytes, 17) as usize * ENTRY;
        if !root_bytes.is_multiple_of(sector_size) {
            return Err("the length of the root directory");
        }
        let root_sectors = (root_bytes / sector_size) as u64;
        let total = match word(bytes, 19) {
            0 => u64::from(double(bytes, 32)),
            few => u64::from(few),
        };
        let root_start = reserved + tables * table_sectors;
        let data_start = root_start + root_sectors;
        if total * (sector_size / 512) as u64 > sectors {
            return Err("larger than its disk");
        }
        let data = total
            .checked_sub(data_start)
            .ok_or("no room for a cluster")?;
        let mut clusters = data / cluster_sectors;
        let kind = match (wide, clusters) {
            (true, _) => Kind::Fat32,
            (false, 0..=4084) => Kind::Fat12,
            (false, _) => Kind::Fat16,
        };
        // What the table is too short for cannot be used.
        let entries = table_sectors * sector_size as u64 * 8 / kind.bits();
        clusters = clusters.min(entries.saturating_sub(u64::from(FIRST_CLUSTER)));
        let most = match kind {
            Kind::Fat12 => 0xff4,
            Kind::Fat16 => 0xfff4,
            Kind::Fat32 => 0x0fff_fff6,
        };
        if clusters == 0 || clusters > most {
            return Err("the number of clusters");
        }
        let clusters = clusters as u32;
        let root = match wide {
            false if root_sectors == 0 => return Err("no root directory"),
            false => Root::Fixed(root_start, root_sectors),
            true => Root::Chain(double(bytes, 44)),
        };
        let flags = if wide { word(bytes, 40) } else { 0 };
        let mirrored = flags & 0x80 == 0;
        let active = match mirrored {
            true => 0,
            false => u64::from(flags & 0xf),
        };
        if active >= tables {
            return Err("which table counts");
        }
        if wide && word(bytes, 42) != 0 {
            return Err("its version");
        }
        let info = u64::from(word(bytes, 48));
        let info_sector = (wide && info > 0 && info < reserved).then_some(info);
        let state_at = if wide { 65 } else { 37 };
        let signature_at = if wide { 66 } else { 38 };
        let serial = match bytes[signature_at] {
            0x28 | 0x29 => double(bytes, signature_at + 1),
            _ => 0,
        };
        Ok(Measures {
            kind,
            sector_size,
            cluster_sectors,
            table_start: reserved,
            table_sectors,
            tables,
            active,
            mirrored,
            root,
            data_start,
            clusters,
            info_sector,
            serial,
            state: bytes[state_at],
        })
    }

    /// Where the state byte lies in the boot sector.
    pub fn state_offset(&self) -> usize {
        match self.kind {
            Kind::Fat32 => 65,
            _ => 37,
        }
    }

    /// Bytes of a cluster.
    pub fn cluster_size(&self) -> usize {
        self.sector_size * self.cluster_sectors as usize
    }

    /// The number behind the last cluster's.
    pub fn end(&self) -> u32 {
        FIRST_CLUSTER + self.clusters
    }

    /// Whether this is a cluster's number.
    pub fn has(&self, cluster: u32) -> bool {
        (FIRST_CLUSTER..self.end()).contains(&cluster)
    }

    /// The first sector of a cluster.
    pub fn sector_of(&self, cluster: u32) -> u64 {
        self.data_start + u64::from(cluster.saturating_sub(FIRST_CLUSTER)) * self.cluster_sectors
    }
}

impl Kind {
    /// Bits of a table's entry.
    pub fn bits(self) -> u64 {
        match self {
            Kind::Fat12 => 12,
            Kind::Fat16 => 16,
            Kind::Fat32 => 32,
        }
    }
}
