//! Handles: what a slot may be used for.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

bitflags::bitflags! {
    /// What a handle allows. A duplicate can have fewer, never more.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Rights: u32 {
        /// Read bytes or directory entries.
        const READ = 1 << 0;
        /// Write bytes.
        const WRITE = 1 << 1;
        /// Move the position.
        const SEEK = 1 << 2;
        /// Start it as a program; of a directory: look names up in it; of an environment: start
        /// programs in it; of a view: enter it, start programs in it.
        const EXECUTE = 1 << 3;
        /// Map it into memory.
        const MAP = 1 << 4;
        /// Make further handles of it.
        const DUPLICATE = 1 << 5;
        /// Hand it to another process.
        const TRANSFER = 1 << 6;
        /// Change its mode or attributes; of a directory: change the names in it; of a view: mount, seal;
        /// of an environment: give it views.
        const CONTROL = 1 << 7;
        /// Ask for its status.
        const STATUS = 1 << 8;
        /// Wait for its readiness.
        const WAIT = 1 << 9;
    }
}

/// In place of rights: the same as the original's.
pub const SAME_RIGHTS: usize = usize::MAX;

bitflags::bitflags! {
    /// Flags of a handle and of the stream behind it.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct HandleFlags: u32 {
        /// Closed when the process starts another program.
        const CLOSE_ON_EXECUTE = 1 << 0;
        /// Calls on the stream give `WouldBlock` instead of waiting (shared by all its handles).
        const NONBLOCKING = 1 << 1;
        /// Writes go to the end (shared by all its handles).
        const APPEND = 1 << 2;
    }
}

/// Answer of `HandleInfo`.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct HandleInfo {
    /// Size of this record.
    pub size: u32,
    /// [`Rights`] bits.
    pub rights: u32,
    /// [`HandleFlags`] bits.
    pub flags: u32,
    /// Zero.
    pub reserved: u32,
}
