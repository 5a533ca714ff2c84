//! Requests to block devices.

/// Request numbers of `ioctl` (`include/uapi/linux/fs.h`).
pub mod block_request {
    /// Is it read-only?
    pub const BLKROGET: u32 = 0x125e;
    /// Read the partition table again.
    pub const BLKRRPART: u32 = 0x125f;
    /// Its length in sectors of 512 bytes.
    pub const BLKGETSIZE: u32 = 0x1260;
    /// Write its cache back, and forget it.
    pub const BLKFLSBUF: u32 = 0x1261;
    /// Bytes of its own block.
    pub const BLKSSZGET: u32 = 0x1268;
    /// Bytes of a physical block.
    pub const BLKPBSZGET: u32 = 0x127b;
    /// Bytes of a block of its cache.
    pub const BLKBSZGET: u32 = 0x8008_1270;
    /// Its length in bytes.
    pub const BLKGETSIZE64: u32 = 0x8008_1272;
}
