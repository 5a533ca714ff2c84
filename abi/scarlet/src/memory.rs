//! Memory: mapping requests.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

bitflags::bitflags! {
    /// What may be done with mapped memory.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Protection: u32 {
        /// Load from it.
        const READ = 1 << 0;
        /// Store to it.
        const WRITE = 1 << 1;
        /// Run it.
        const EXECUTE = 1 << 2;
    }
}

bitflags::bitflags! {
    /// Flags of `Map`.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct MapFlags: u32 {
        /// Stores reach the file and every other mapping of it.
        const SHARED = 1 << 0;
        /// Exactly at the address, replacing what is there.
        const FIXED = 1 << 1;
        /// Exactly at the address, failing with `Exists` if something is there.
        const FIXED_NO_REPLACE = 1 << 2;
    }
}

/// Request of `Map`.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct MapRequest {
    /// Size of this record.
    pub size: u32,
    /// [`MapFlags`].
    pub flags: u32,
    /// Where, or a wish, or 0.
    pub address: u64,
    /// Bytes; rounded up to pages.
    pub length: u64,
    /// [`Protection`].
    pub protection: u32,
    /// Zero.
    pub reserved: u32,
    /// A file's handle, or [`crate::NONE`] for fresh zeroed memory.
    pub handle: u64,
    /// Offset in the file, a multiple of the page size.
    pub offset: u64,
}
