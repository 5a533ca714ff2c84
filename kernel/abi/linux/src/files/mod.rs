//! Files: everything that takes a path or works on a descriptor's file.
//!
//! One file a topic. Those that take paths share [`paths`], which turns `AT_FDCWD`, descriptors
//! and empty paths into what the vfs understands.

pub mod attributes;
mod block;
pub mod control;
pub mod descriptors;
pub mod directories;
pub mod extended;
mod extents;
pub mod handles;
pub mod ioctl;
mod leases;
mod limit;
pub mod locks;
mod loops;
mod marks;
pub mod memory_file;
pub mod mounts;
pub mod names;
mod notify;
pub mod open;
mod owner;
pub mod paths;
pub mod pipes;
pub mod read_write;
pub mod sealing;
pub mod space;
pub mod splice;
pub mod status;
pub mod terminal;
pub mod transfer;
pub mod vectors;
