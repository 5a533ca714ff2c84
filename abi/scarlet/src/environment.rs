//! Environments: worlds for processes, with limits.
//!
//! An *environment* maps ABI names to views, may have process ids of its own, and has limits that hold
//! for all its processes together. It lies inside the one of its maker, whose limits hold for it too.
//! Its handle needs [`crate::Rights::EXECUTE`] to start a process in it (`Spawn` with
//! [`crate::process::SpawnFlags::INSIDE`]), [`crate::Rights::CONTROL`] to give it views, and
//! [`crate::Rights::STATUS`] to ask for its limits and use. A process stays in the environment that it
//! was born in, with all its children.

use crate::process::Bytes;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

bitflags::bitflags! {
    /// Flags of `CreateEnvironment`.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct EnvironmentFlags: u32 {
        /// Its processes have ids of their own, from 1 on, and see no others. When the first one ends,
        /// all the others do.
        const OWN_PROCESSES = 1 << 0;
        /// It starts with the views that the surrounding environment has at this moment.
        const INHERIT_VIEWS = 1 << 1;
    }
}

/// The longest name of an environment, in bytes.
pub const NAME_MAX: usize = 31;

/// No limit, in [`EnvironmentInfo`].
pub const UNLIMITED: u64 = u64::MAX;

/// Request of `CreateEnvironment`.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct EnvironmentRequest {
    /// Size of this record.
    pub size: u32,
    /// [`EnvironmentFlags`].
    pub flags: u32,
    /// Its name, for people: 1 to [`NAME_MAX`] printable characters without spaces.
    pub name: Bytes,
    /// The ABI that a program is taken for which does not say; empty for the surrounding environment's.
    pub abi: Bytes,
    /// The most threads it has at a time, ended processes that nobody has waited for included; 0 for the
    /// surrounding environment's limit.
    pub threads: u64,
    /// The most memory that its processes may hold, in bytes, rounded down to pages; 0 for no limit of
    /// its own. Smaller than a page is refused.
    pub memory: u64,
}

/// Answer of `EnvironmentInfo`.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct EnvironmentInfo {
    /// Size of this record.
    pub size: u32,
    /// [`EnvironmentFlags::OWN_PROCESSES`] or nothing.
    pub flags: u32,
    /// Its threads, those of environments inside it included.
    pub threads: u64,
    /// The most it may have.
    pub thread_limit: u64,
    /// Bytes charged to it; 0 where it has no limit of its own.
    pub memory: u64,
    /// The most it may have, or [`UNLIMITED`].
    pub memory_limit: u64,
    /// How often it was refused a page.
    pub refused: u64,
    /// Its name, padded with zeroes.
    pub name: [u8; 32],
}
