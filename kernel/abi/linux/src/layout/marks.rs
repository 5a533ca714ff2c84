//! Marks of files (`include/uapi/linux/fs.h`): in ext2's own bits, and in bits for all file systems.

use super::record;

/// Request numbers of `ioctl`, and bits.
pub mod mark_request {
    /// Get the marks of a file.
    pub const FS_IOC_GETFLAGS: u32 = 0x8008_6601;
    /// Set the marks of a file.
    pub const FS_IOC_SETFLAGS: u32 = 0x4008_6602;
    /// Get the marks of a file as [`super::FileAttributes`].
    pub const FS_IOC_FSGETXATTR: u32 = 0x801c_581f;
    /// Set the marks of a file as [`super::FileAttributes`].
    pub const FS_IOC_FSSETXATTR: u32 = 0x401c_5820;
    /// Nothing of it can be changed.
    pub const FS_XFLAG_IMMUTABLE: u32 = 0x8;
    /// It only grows.
    pub const FS_XFLAG_APPEND: u32 = 0x10;
    /// Backups leave it out.
    pub const FS_XFLAG_NODUMP: u32 = 0x80;
    /// A file's room is taken in pieces of a size that is said.
    pub const FS_XFLAG_EXTSIZE: u32 = 0x800;
    /// The same for what is made in a directory.
    pub const FS_XFLAG_EXTSZINHERIT: u32 = 0x1000;
    /// Copies that are made on writing have a size that is said.
    pub const FS_XFLAG_COWEXTSIZE: u32 = 0x1_0000;
}

record! {
    /// `struct fsxattr`.
    pub struct FileAttributes {
        /// `FS_XFLAG_*`.
        flags: u32,
        /// In which pieces room is taken.
        extent_size: u32,
        /// How many pieces there are; only read.
        extents: u32,
        /// For which project it counts.
        project: u32,
        /// In which pieces copies are made on writing.
        copied_extent_size: u32,
        /// Not used.
        padding: [u8; 8],
    }
}
