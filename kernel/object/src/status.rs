//! What is known of a file besides its bytes.

/// What an inode is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// Bytes at offsets.
    #[default]
    Regular,
    /// Names.
    Directory,
    /// A path to follow.
    SymbolicLink,
    /// A device of streams.
    CharacterDevice,
    /// A device of blocks.
    BlockDevice,
    /// A pipe, with a name or without.
    Fifo,
    /// A socket.
    Socket,
    /// No file of a file system: an event, a timer and the like.
    Anonymous,
}

/// A moment on the wall clock, as file systems keep it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// Seconds since 1970-01-01 00:00 UTC.
    pub seconds: i64,
    /// Nanoseconds within the second.
    pub nanoseconds: u32,
}

impl Timestamp {
    /// The moment `nanoseconds` after 1970-01-01 00:00 UTC.
    pub const fn from_nanoseconds(nanoseconds: u64) -> Self {
        Self {
            seconds: (nanoseconds / 1_000_000_000) as i64,
            nanoseconds: (nanoseconds % 1_000_000_000) as u32,
        }
    }
}

impl Timestamp {
    /// This moment.
    pub fn now() -> Self {
        Self::from(base::time::wall_clock())
    }
}

impl From<core::time::Duration> for Timestamp {
    fn from(since_1970: core::time::Duration) -> Self {
        Self {
            seconds: i64::try_from(since_1970.as_secs()).unwrap_or(i64::MAX),
            nanoseconds: since_1970.subsec_nanos(),
        }
    }
}

/// The attributes of a file: what `stat` tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileStatus {
    /// What it is.
    pub kind: FileKind,
    /// Permission bits with set-uid, set-gid and sticky (`0o7777`); the kind is not in here.
    pub mode: u32,
    /// The owner.
    pub uid: u32,
    /// The owning group.
    pub gid: u32,
    /// Length in bytes.
    pub size: u64,
    /// The number that names it within its device.
    pub inode: u64,
    /// The device (file system instance) it lies on.
    pub device: u64,
    /// For a device node: the major number of the device it stands for.
    pub device_major: u32,
    /// For a device node: the minor number of the device it stands for.
    pub device_minor: u32,
    /// How many names it has.
    pub links: u32,
    /// Storage used, in units of 512 bytes.
    pub blocks: u64,
    /// The preferred unit of reads and writes.
    pub block_size: u32,
    /// Last read.
    pub access_time: Timestamp,
    /// Last change of its bytes.
    pub modification_time: Timestamp,
    /// Last change of its attributes.
    pub change_time: Timestamp,
    /// When it came to be, if that is known.
    pub birth_time: Timestamp,
}
