//! Waiting for several handles.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

bitflags::bitflags! {
    /// What a handle is ready for.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Ready: u32 {
        /// A read would not wait.
        const READ = 1 << 0;
        /// A write would not wait.
        const WRITE = 1 << 1;
        /// An error waits to be fetched. Always reported.
        const ERROR = 1 << 2;
        /// The other side is gone. Always reported.
        const HANG_UP = 1 << 3;
        /// Something urgent can be read.
        const PRIORITY = 1 << 4;
    }
}

/// One handle of `Poll`.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct PollEntry {
    /// The handle, or `u32::MAX` for an entry that never becomes ready.
    pub handle: u32,
    /// What is asked for: [`Ready`] bits.
    pub interest: u32,
    /// What the kernel found: [`Ready`] bits.
    pub ready: u32,
    /// Zero.
    pub reserved: u32,
}

/// The most entries of one `Poll`.
pub const MAXIMUM: usize = 1024;
