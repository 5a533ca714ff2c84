//! Mounts and views.
//!
//! A *view* is a root directory with the mounts below it. A process sees files through its view only.
//! An environment maps an ABI's name (`scarlet`, `linux`, `xv6`) to a view: a process that starts a
//! program of another ABI moves into that ABI's view.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

bitflags::bitflags! {
    /// Flags of `Mount`.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct MountFlags: u32 {
        /// Nothing below may be written.
        const READ_ONLY = 1 << 0;
    }
}

bitflags::bitflags! {
    /// Flags of `Bind`.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct BindFlags: u32 {
        /// With the mounts below the source.
        const RECURSIVE = 1 << 0;
    }
}

bitflags::bitflags! {
    /// Flags of `Unmount`.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct UnmountFlags: u32 {
        /// Take it out of the tree now; it goes when its last user goes.
        const DETACH = 1 << 0;
    }
}

/// Request of `Mount`.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct MountRequest {
    /// Size of this record.
    pub size: u32,
    /// [`MountFlags`].
    pub flags: u32,
    /// The view in which to mount, or [`crate::NONE`] for the caller's own.
    pub view: u64,
    /// Address of the target's path.
    pub target_address: u64,
    /// Length of the target's path.
    pub target_length: u64,
    /// Address of the file system's name (`tmpfs`, `devfs`, `procfs`).
    pub type_address: u64,
    /// Length of the file system's name.
    pub type_length: u64,
    /// Address of the source (a device's path, or any label).
    pub source_address: u64,
    /// Length of the source.
    pub source_length: u64,
    /// Address of the options (`size=64M,mode=755`).
    pub options_address: u64,
    /// Length of the options.
    pub options_length: u64,
}
