//! Handles, rights, the File trait, readiness.
//!
//! A process names what it holds by small numbers. Each number is a slot of its [`HandleTable`];
//! a slot holds a [`Handle`]: an [`Object`], the [`Rights`] to use it, and whether it survives an
//! exec. A Linux file descriptor, an xv6 file descriptor and a Scarlet handle are the same slot.
//!
//! Most objects are open files, so [`File`] is the trait that the rest of the kernel implements:
//! pipes, terminals, directories, device nodes and regular files all speak it, and an ABI only
//! spells its results. What is no file (a process, an event) implements [`KernelObject`].
//!
//! Who waits for several objects asks each one's [`File::poll`] and leaves a [`PollRegistration`]
//! behind, which wakes it when any of them changes.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod directory;
mod file;
mod flags;
mod handle;
mod listen;
mod ready;
mod rights;
mod status;
mod table;

pub use directory::DirectoryEntry;
pub use file::{File, FileAdvice, SeekFrom, SpaceChange, WriteMode};
pub use flags::{FileAccess, StatusFlags};
pub use handle::{Handle, KernelObject, Object};
pub use listen::{Listener, Listeners};
pub use ready::{PollRegistration, Ready};
pub use rights::Rights;
pub use status::{FileKind, FileStatus, Timestamp};
pub use table::{HandleTable, Slot};

#[cfg(test)]
mod tests;
