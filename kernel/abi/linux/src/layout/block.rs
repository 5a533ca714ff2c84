//! Requests to block devices.

use super::record;

/// Request numbers of `ioctl` (`include/uapi/linux/fs.h`).
pub mod block_request {
    /// Forbid to write to it, or allow it.
    pub const BLKROSET: u32 = 0x125d;
    /// Is it read-only?
    pub const BLKROGET: u32 = 0x125e;
    /// Read the partition table again.
    pub const BLKRRPART: u32 = 0x125f;
    /// Its length in sectors of 512 bytes.
    pub const BLKGETSIZE: u32 = 0x1260;
    /// Write its cache back, and forget it.
    pub const BLKFLSBUF: u32 = 0x1261;
    /// Read this many sectors ahead.
    pub const BLKRASET: u32 = 0x1262;
    /// How many sectors are read ahead.
    pub const BLKRAGET: u32 = 0x1263;
    /// The same for file systems, which have no number of their own.
    pub const BLKFRASET: u32 = 0x1264;
    /// The same for file systems.
    pub const BLKFRAGET: u32 = 0x1265;
    /// Bytes of its own block.
    pub const BLKSSZGET: u32 = 0x1268;
    /// Make a part known, or take one away.
    pub const BLKPG: u32 = 0x1269;
    /// Bytes of a physical block.
    pub const BLKPBSZGET: u32 = 0x127b;
    /// The smallest transfer that does not cost more than it has to, in bytes.
    pub const BLKIOMIN: u32 = 0x1278;
    /// The transfer that is best, in bytes; 0: the device does not say.
    pub const BLKIOOPT: u32 = 0x1279;
    /// How many bytes the first block lies beside a block of the medium.
    pub const BLKALIGNOFF: u32 = 0x127a;
    /// Bytes of a block of its cache.
    pub const BLKBSZGET: u32 = 0x8008_1270;
    /// Its length in bytes.
    pub const BLKGETSIZE64: u32 = 0x8008_1272;
}

/// What [`BlkpgRequest`] asks for (`include/uapi/linux/blkpg.h`).
pub mod blkpg_operation {
    /// Make a part known.
    pub const BLKPG_ADD_PARTITION: i32 = 1;
    /// Take a part away.
    pub const BLKPG_DEL_PARTITION: i32 = 2;
}

record! {
    /// `struct blkpg_ioctl_arg`.
    pub struct BlkpgRequest {
        /// `BLKPG_…`.
        operation: i32,
        /// Nothing.
        flags: i32,
        /// Bytes of what follows, which nobody looks at.
        length: i32,
        /// Nothing.
        padding: i32,
        /// Where a [`BlkpgPartition`] is.
        data: u64,
    }
}

record! {
    /// `struct blkpg_partition`.
    pub struct BlkpgPartition {
        /// Its first byte.
        start: i64,
        /// Its bytes.
        length: i64,
        /// Its number.
        number: i32,
        /// Nothing that anybody looks at.
        names: [[u8; 32]; 4],
        /// Nothing.
        padding: [u8; 4],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_in_linux_headers() {
        assert_eq!(size_of::<BlkpgRequest>(), 24);
        assert_eq!(size_of::<BlkpgPartition>(), 152);
    }
}
