//! How to open: the neutral form of the `O_` flags.

use object::{FileAccess, StatusFlags};

use crate::walk::ResolveFlags;

/// What open(2) is told. The default opens nothing for nothing; set what is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenOptions {
    /// For reading.
    pub read: bool,
    /// For writing.
    pub write: bool,
    /// Every write goes to the end.
    pub append: bool,
    /// Make the file if there is none.
    pub create: bool,
    /// With `create`: fail if there is one, be it a dangling link.
    pub exclusive: bool,
    /// Cut it to nothing.
    pub truncate: bool,
    /// It has to be a directory.
    pub directory: bool,
    /// It may not be a symbolic link.
    pub no_follow: bool,
    /// Only hold the place; neither read nor write, no permission on the file needed.
    pub path_only: bool,
    /// Make a nameless file in the directory that the path names.
    pub unnamed: bool,
    /// Nothing waits.
    pub nonblocking: bool,
    /// Do not become the controlling terminal.
    pub no_controlling_terminal: bool,
    /// Reading leaves the access time alone (owner only).
    pub no_access_time: bool,
    /// Writes reach the device before they return.
    pub sync: bool,
    /// The data of writes reaches the device before they return.
    pub data_sync: bool,
    /// Pass caches by where that is possible.
    pub direct: bool,
    /// Send an event when ready.
    pub asynchronous: bool,
    /// To be run as a program: needs the right to execute, forbids writing while it is open.
    pub execute: bool,
    /// Permission bits of a file that is made.
    pub mode: u32,
    /// Restrictions on the walk, beyond what the fields above say.
    pub resolve: ResolveFlags,
}

impl OpenOptions {
    /// For reading.
    pub fn reading() -> Self {
        Self {
            read: true,
            ..Self::default()
        }
    }

    /// For writing, made or emptied: what `>` does.
    pub fn creating(mode: u32) -> Self {
        Self {
            write: true,
            create: true,
            truncate: true,
            mode,
            ..Self::default()
        }
    }

    /// Only the place.
    pub fn place() -> Self {
        Self {
            path_only: true,
            ..Self::default()
        }
    }

    /// To be run as a program.
    pub fn executing() -> Self {
        Self {
            read: true,
            execute: true,
            ..Self::default()
        }
    }

    /// The directions asked for.
    pub fn access(&self) -> FileAccess {
        let mut access = FileAccess::empty();
        access.set(FileAccess::READ, self.read);
        access.set(FileAccess::WRITE, self.write);
        access
    }

    /// The open file's first status flags.
    pub fn status_flags(&self) -> StatusFlags {
        let mut flags = StatusFlags::empty();
        flags.set(StatusFlags::APPEND, self.append);
        flags.set(StatusFlags::NONBLOCK, self.nonblocking);
        flags.set(StatusFlags::SYNC, self.sync);
        flags.set(StatusFlags::DATA_SYNC, self.data_sync);
        flags.set(StatusFlags::DIRECT, self.direct);
        flags.set(StatusFlags::NO_ACCESS_TIME, self.no_access_time);
        flags.set(StatusFlags::ASYNC, self.asynchronous);
        flags
    }
}
