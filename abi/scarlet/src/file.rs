//! Files: how they are opened, what they are, what directories hold.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

bitflags::bitflags! {
    /// How `Open` opens. The new handle's rights follow: `READ`, `WRITE` as asked for, and what
    /// neither changes the file nor reads it always.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct OpenFlags: u32 {
        /// For reading.
        const READ = 1 << 0;
        /// For writing.
        const WRITE = 1 << 1;
        /// Writes go to the end.
        const APPEND = 1 << 2;
        /// Create it if it is not there.
        const CREATE = 1 << 3;
        /// With `CREATE`: fail if it is there.
        const EXCLUSIVE = 1 << 4;
        /// Empty it.
        const TRUNCATE = 1 << 5;
        /// Fail unless it is a directory.
        const DIRECTORY = 1 << 6;
        /// Fail if the last component is a symbolic link.
        const NO_FOLLOW = 1 << 7;
        /// Closed when the process starts another program.
        const CLOSE_ON_EXECUTE = 1 << 8;
        /// Calls never wait.
        const NONBLOCKING = 1 << 9;
        /// Only a place in the tree: neither read nor written.
        const PATH_ONLY = 1 << 10;
        /// Do not make a terminal the session's controlling terminal.
        const NO_TERMINAL = 1 << 11;
    }
}

bitflags::bitflags! {
    /// Flags of calls that look at a path.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct PathFlags: u32 {
        /// Do not follow a symbolic link in the last component.
        const NO_FOLLOW = 1 << 0;
        /// `Remove`: the name is a directory's.
        const DIRECTORY = 1 << 1;
    }
}

/// `Seek`: from the beginning.
pub const SEEK_START: usize = 0;
/// `Seek`: from the current position.
pub const SEEK_CURRENT: usize = 1;
/// `Seek`: from the end.
pub const SEEK_END: usize = 2;

/// What a name stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum FileKind {
    /// Not known to this version.
    Unknown = 0,
    /// A named pipe.
    Fifo = 1,
    /// A character device.
    CharacterDevice = 2,
    /// A directory.
    Directory = 4,
    /// A block device.
    BlockDevice = 6,
    /// Bytes.
    Regular = 8,
    /// A symbolic link.
    SymbolicLink = 10,
    /// A socket.
    Socket = 12,
}

impl FileKind {
    /// The kind with this number.
    pub const fn from_number(number: u32) -> FileKind {
        match number {
            1 => FileKind::Fifo,
            2 => FileKind::CharacterDevice,
            4 => FileKind::Directory,
            6 => FileKind::BlockDevice,
            8 => FileKind::Regular,
            10 => FileKind::SymbolicLink,
            12 => FileKind::Socket,
            _ => FileKind::Unknown,
        }
    }
}

/// Answer of `Status` and `HandleStatus`.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct FileStatus {
    /// Size of this record.
    pub size: u32,
    /// [`FileKind`].
    pub kind: u32,
    /// Permission bits, with set-user, set-group and sticky.
    pub mode: u32,
    /// Owner.
    pub user: u32,
    /// Owner's group.
    pub group: u32,
    /// Preferred size of a read.
    pub block_size: u32,
    /// Length in bytes.
    pub length: u64,
    /// Number within its file system.
    pub inode: u64,
    /// The file system's device number.
    pub device: u64,
    /// A device node's own number.
    pub node_device: u64,
    /// Names that lead to it.
    pub links: u64,
    /// Storage in units of 512 bytes.
    pub blocks: u64,
    /// Last read, in nanoseconds since 1970.
    pub accessed_ns: u64,
    /// Last write.
    pub modified_ns: u64,
    /// Last change of status.
    pub changed_ns: u64,
}

/// Head of one entry in the answer of `ReadDirectory`; the name's bytes follow at once, then padding
/// to a multiple of 8.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct DirectoryEntry {
    /// Bytes from this head to the next.
    pub length: u32,
    /// [`FileKind`].
    pub kind: u32,
    /// Number within its file system.
    pub inode: u64,
    /// Bytes of the name.
    pub name_length: u32,
    /// Zero.
    pub reserved: u32,
}

/// Two paths: `Rename` and `Link` (from the existing to the new name), `Bind` (from source to target).
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct PathPair {
    /// Size of this record.
    pub size: u32,
    /// `Rename`: [`RenameFlags`]; `Link`: 0; `Bind`: [`crate::mount::BindFlags`].
    pub flags: u32,
    /// Directory handle of the first path.
    pub from_directory: u64,
    /// Address of the first path.
    pub from_address: u64,
    /// Length of the first path.
    pub from_length: u64,
    /// Directory handle of the second path. `Bind`: a view's handle, or [`crate::NONE`].
    pub to_directory: u64,
    /// Address of the second path.
    pub to_address: u64,
    /// Length of the second path.
    pub to_length: u64,
}

bitflags::bitflags! {
    /// Flags of `Rename`.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct RenameFlags: u32 {
        /// Fail if the new name is there.
        const NO_REPLACE = 1 << 0;
    }
}

bitflags::bitflags! {
    /// Which fields of [`AttributeChange`] count.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct AttributeFields: u32 {
        /// Permission bits.
        const MODE = 1 << 0;
        /// Owner.
        const USER = 1 << 1;
        /// Group.
        const GROUP = 1 << 2;
        /// Last read.
        const ACCESSED = 1 << 3;
        /// Last write.
        const MODIFIED = 1 << 4;
        /// Length.
        const LENGTH = 1 << 5;
    }
}

/// Request of `SetAttributes`.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct AttributeChange {
    /// Size of this record.
    pub size: u32,
    /// [`AttributeFields`].
    pub fields: u32,
    /// Permission bits.
    pub mode: u32,
    /// Owner.
    pub user: u32,
    /// Group.
    pub group: u32,
    /// Zero.
    pub reserved: u32,
    /// Last read, in nanoseconds since 1970; `u64::MAX` is now.
    pub accessed_ns: u64,
    /// Last write, likewise.
    pub modified_ns: u64,
    /// Length in bytes.
    pub length: u64,
}

/// Request of `MakeNode`.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct NodeRequest {
    /// Size of this record.
    pub size: u32,
    /// [`FileKind`]: fifo, character or block device, socket.
    pub kind: u32,
    /// Permission bits.
    pub mode: u32,
    /// Device number, major part.
    pub major: u32,
    /// Device number, minor part.
    pub minor: u32,
    /// Zero.
    pub reserved: u32,
}
