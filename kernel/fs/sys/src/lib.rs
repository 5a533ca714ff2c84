//! sysfs: what there is in the machine, as files: disks and their parts, and the CPUs.
//!
//! Names and formats are Linux's (`Documentation/ABI` there), because `lsblk`, `losetup`, `lscpu` and C libraries read them. A
//! file is here only if what it says is known; nothing can be written. There is one [`SysFs`], however often it is mounted.
//!
//! Linux keeps a disk's directory with the bus that the disk hangs on, and `/sys/block` leads there. Here the directories lie
//! in `/sys/block` themselves.
//!
//! * [`tree`]: directories that are made of lists. * [`block`]: disks. * [`processors`]: CPUs.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod block;
mod filesystem;
mod processors;
#[cfg(test)]
mod tests;
mod tree;

pub use filesystem::{SysFs, register};
