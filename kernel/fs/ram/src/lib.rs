//! tmpfs: a file system that lives in memory.
//!
//! A regular file *is* its page cache: reading, writing, mapping and executing it all work on the
//! same pages, and nothing lies behind them. The root file system is one of these, filled from the
//! initial archive by adopting the archive's own pages (`fs_cpio`); devfs is one that the drivers
//! enter their nodes in.
//!
//! Each instance has limits on pages and on inodes ([`Limits`]), by default half of the memory, so
//! that files cannot take what programs need.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod directory;
mod extended;
mod filesystem;
mod handles;
mod inode;
mod limits;
mod options;
#[cfg(test)]
mod tests;

pub use filesystem::RamFs;
pub use inode::RamInode;
pub use limits::Limits;
pub use options::register;
