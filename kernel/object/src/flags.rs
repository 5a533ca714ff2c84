//! How an open file may be used, and how it behaves.

use bitflags::bitflags;

bitflags! {
    /// The direction a file was opened for.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct FileAccess: u8 {
        /// Bytes may be read from it.
        const READ = 1;
        /// Bytes may be written to it.
        const WRITE = 2;
    }
}

bitflags! {
    /// What an open file was told about its behaviour; shared by all handles to it, and
    /// changeable while it is open.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct StatusFlags: u32 {
        /// Each write goes to the end.
        const APPEND = 1;
        /// Nothing waits: what would, fails with `WouldBlock`.
        const NONBLOCK = 2;
        /// Writes reach the device before they return, data and metadata.
        const SYNC = 4;
        /// Writes reach the device before they return, data only.
        const DATA_SYNC = 8;
        /// The caches are passed by where that is possible.
        const DIRECT = 16;
        /// Reading leaves the access time alone.
        const NO_ACCESS_TIME = 32;
        /// An event is sent when it becomes ready.
        const ASYNC = 64;
    }
}
