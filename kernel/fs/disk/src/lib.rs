//! What file systems on disks share: mounting by name, inodes that live in memory, and their way back to the disk.
//!
//! However often a disk is mounted, there is one instance of its file system: a second one would not know what the first
//! has in memory. So there is one table of mounted disks, whatever lies on them:
//!
//! ```text
//! fn make(source: &MountSource<'_>) -> Result<Arc<dyn FileSystem>> {
//!     fs_disk::mount(source, "fat", read_only, |device| Fat::mount(device, options))
//! }
//! impl Drop for Fat {
//!     fn drop(&mut self) {
//!         self.volume.ended("fat", self.volume.close());   // from now on somebody else may mount it
//!     }
//! }
//! ```
//!
//! A file system's [`Volume`] is what all its inodes share; it begins with a [`Shared`], which knows the device, the lock on
//! all metadata, the inodes that differ from the disk and those that nobody uses or names any more. A live inode is a
//! [`DiskNode`]; it begins with a [`Live`]: its pages, its locks, and whether it has to stay in memory until it is stored.
//! What lies on the disk, and in which order it gets there, is each file system's own.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod delegate;
mod flight;
mod keep_up;
mod living;
mod mounts;
mod node;
mod pages;
mod uses;
mod volume;

use base::rank;
use hal::sync::Rank;

pub use flight::begin_write;
pub use keep_up::keep_up;
pub use living::Living;
pub use mounts::{forget, is_told_read_only, mount, tell_read_only};
pub use node::{DiskNode, Live, own};
pub use volume::{Shared, Volume};

/// Small data of a file system's inodes and tables: taken for a moment, also under [`rank::ALLOCATION`].
pub const ATTRIBUTES: Rank = Rank(rank::ALLOCATION.0 + 2);
