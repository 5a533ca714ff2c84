//! Where the bytes of files lie (`include/uapi/linux/fiemap.h`).

use super::record;

/// Request numbers of `ioctl`, and flags.
pub mod extent_request {
    /// Where a file's block lies on the device.
    pub const FIBMAP: u32 = 1;
    /// The size of the file system's blocks.
    pub const FIGETBSZ: u32 = 2;
    /// Where the bytes of a file lie.
    pub const FS_IOC_FIEMAP: u32 = 0xc020_660b;
    /// The file is stored before.
    pub const FIEMAP_FLAG_SYNC: u32 = 1;
    /// The last one of the file, or of the range that was asked for.
    pub const FIEMAP_EXTENT_LAST: u32 = 1;
    /// Put together from what the file system knows by blocks.
    pub const FIEMAP_EXTENT_MERGED: u32 = 0x1000;
    /// More cannot be asked for at once.
    pub const EXTENTS_MAX: u32 = (u32::MAX - 32) / 56;
}

record! {
    /// `struct fiemap` without the extents behind it.
    pub struct ExtentMap {
        /// First byte of the range.
        start: u64,
        /// Its length.
        length: u64,
        /// `FIEMAP_FLAG_*`.
        flags: u32,
        /// How many extents there are, or were written.
        mapped_extents: u32,
        /// For how many there is room; 0 only counts.
        extent_count: u32,
        /// Not used.
        reserved: u32,
    }
}

record! {
    /// `struct fiemap_extent`.
    pub struct ExtentRecord {
        /// Where it begins in the file.
        logical: u64,
        /// Where it begins on the device.
        physical: u64,
        /// How long it is.
        length: u64,
        /// Not used.
        reserved64: [u64; 2],
        /// `FIEMAP_EXTENT_*`.
        flags: u32,
        /// Not used.
        reserved: [u32; 3],
    }
}
