//! Processes: starting, waiting, asking.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// A piece of the caller's memory inside a record.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Bytes {
    /// Where.
    pub address: u64,
    /// How many.
    pub length: u64,
}

/// One line of a handle map: the child's `target` is the parent's `source`.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct HandleMapping {
    /// The slot in the child.
    pub target: u32,
    /// The slot in the parent.
    pub source: u32,
    /// [`crate::Rights`] bits that the child keeps; `u32::MAX` for all.
    pub rights: u32,
    /// Zero.
    pub reserved: u32,
}

bitflags::bitflags! {
    /// Flags of `Spawn`.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct SpawnFlags: u32 {
        /// Join [`SpawnRequest::group`]; 0 makes a new group led by the child.
        const SET_GROUP = 1 << 0;
        /// Make the child's group the foreground group of [`SpawnRequest::terminal`] before it runs.
        const FOREGROUND = 1 << 1;
        /// Make the child the leader of a new session.
        const NEW_SESSION = 1 << 2;
        /// Start the child in the environment [`SpawnRequest::inside`], which must have a view for the
        /// program's ABI.
        const INSIDE = 1 << 3;
        /// Start the child in [`SpawnRequest::view`], at its root. The handle must give
        /// [`crate::Rights::EXECUTE`]; without [`crate::Rights::CONTROL`] the child and what it starts
        /// mount nothing.
        const IN_VIEW = 1 << 4;
    }
}

/// Request of `Spawn` and (up to `environment_count`) of `Execute`.
///
/// The child gets exactly the handles of the handle map, nothing else: what is not named is not
/// inherited.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct SpawnRequest {
    /// Size of this record.
    pub size: u32,
    /// [`SpawnFlags`]; 0 for `Execute`.
    pub flags: u32,
    /// Directory handle of the program's path.
    pub directory: u64,
    /// The program's path.
    pub path: Bytes,
    /// Address of an array of [`Bytes`]: the arguments, the program's name first.
    pub arguments: u64,
    /// How many arguments.
    pub argument_count: u64,
    /// Address of an array of [`Bytes`]: the environment, each `NAME=value`.
    pub environment: u64,
    /// How many environment strings.
    pub environment_count: u64,
    /// Address of an array of [`HandleMapping`].
    pub handles: u64,
    /// How many mappings.
    pub handle_count: u64,
    /// Handle of the directory the child starts in, or [`crate::CURRENT_DIRECTORY`].
    pub working_directory: u64,
    /// The group to join, with [`SpawnFlags::SET_GROUP`].
    pub group: u32,
    /// Handle of the terminal, with [`SpawnFlags::FOREGROUND`].
    pub terminal: u32,
    /// Events (bit n − 1 for event n) that the child finds at their default. Ignored ones that are
    /// not named here stay ignored.
    pub default_events: u64,
    /// Events that the child finds ignored.
    pub ignored_events: u64,
    /// Handle of the environment, with [`SpawnFlags::INSIDE`]; 0 without.
    pub inside: u32,
    /// Handle of the view, with [`SpawnFlags::IN_VIEW`]; 0 without.
    pub view: u32,
}

bitflags::bitflags! {
    /// Flags of `Wait`.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct WaitFlags: u32 {
        /// Give 0 at once when no child has news.
        const NO_HANG = 1 << 0;
        /// Also report children that stopped.
        const STOPPED = 1 << 1;
        /// Also report children that continued.
        const CONTINUED = 1 << 2;
    }
}

/// `Wait`: any child. A positive selector is a child's id, a negative one a negated group, 0 the
/// caller's own group.
pub const ANY_CHILD: isize = -1;

/// `WaitStatus::kind`: it called `Exit`; the value is its status.
pub const EXITED: u32 = 1;
/// `WaitStatus::kind`: an event ended it; the value is the event.
pub const TERMINATED: u32 = 2;
/// `WaitStatus::kind`: an event stopped it; the value is the event.
pub const STOPPED: u32 = 3;
/// `WaitStatus::kind`: it continued.
pub const CONTINUED: u32 = 4;

/// Answer of `Wait`.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct WaitStatus {
    /// Size of this record.
    pub size: u32,
    /// One of [`EXITED`], [`TERMINATED`], [`STOPPED`], [`CONTINUED`].
    pub kind: u32,
    /// Exit status or event.
    pub value: u32,
    /// The child.
    pub process: u32,
    /// Its CPU time in user mode, with that of its own waited-for children.
    pub user_ns: u64,
    /// Its CPU time in the kernel, likewise.
    pub system_ns: u64,
}

/// Answer of `ProcessInfo`.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct ProcessInfo {
    /// Size of this record.
    pub size: u32,
    /// Its id.
    pub process: u32,
    /// Its parent's id, 0 for none.
    pub parent: u32,
    /// Its process group.
    pub group: u32,
    /// Its session.
    pub session: u32,
    /// Its user.
    pub user: u32,
    /// Its user's group.
    pub user_group: u32,
    /// How many threads it has.
    pub threads: u32,
    /// Its CPU time in user mode.
    pub user_ns: u64,
    /// Its CPU time in the kernel.
    pub system_ns: u64,
    /// The name of its ABI, padded with zeroes.
    pub abi: [u8; 16],
    /// The name of its program, padded with zeroes.
    pub name: [u8; 32],
}
