//! Character devices: what a node in `/dev` opens.

use alloc::string::String;
use alloc::sync::Arc;

use base::Result;
use object::{File, StatusFlags};

use crate::DeviceNumber;

/// A device that is opened and then read and written as a stream.
///
/// Opening gives a fresh [`File`]: a terminal that a process opens twice is two files on one
/// terminal. The device itself stays in the [`Registry`](crate::Registry) while it exists.
pub trait CharacterDevice: Send + Sync {
    /// Its name below `/dev`, such as `ttyS0` or `pts/3`.
    fn name(&self) -> String;

    /// Its number.
    fn number(&self) -> DeviceNumber;

    /// The permission bits its node gets.
    fn mode(&self) -> u32 {
        0o600
    }

    /// Opens it for the calling process.
    fn open(&self, options: CharacterOpen) -> Result<Arc<dyn File>>;
}

/// How a character device is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CharacterOpen {
    /// Bytes may be read.
    pub read: bool,
    /// Bytes may be written.
    pub write: bool,
    /// A terminal does not become the caller's controlling terminal (`O_NOCTTY`).
    pub no_controlling_terminal: bool,
    /// The first status flags of the open file.
    pub flags: StatusFlags,
}

impl CharacterOpen {
    /// Opened for reading and writing, as the kernel opens the console.
    pub const fn read_write() -> CharacterOpen {
        CharacterOpen {
            read: true,
            write: true,
            no_controlling_terminal: false,
            flags: StatusFlags::empty(),
        }
    }
}
