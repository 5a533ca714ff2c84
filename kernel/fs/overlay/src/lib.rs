//! overlay: several trees shown as one.
//!
//! Of a stack of directories only the topmost, the *upper* layer, is ever written to; the *lower*
//! ones are shown through it. Directories of one name are merged, and of files the topmost is
//! seen. A lower file that is to be changed is first copied up ([`copy_up`]); one that is removed
//! is hidden by a *whiteout*, a character device 0:0 of its name in the upper layer; a directory
//! made where something was removed is marked *opaque* and not merged. Marks and whiteouts are
//! those of Linux (`Documentation/filesystems/overlayfs.rst`), so a layer written here is read
//! there and the other way round.
//!
//! A [`Node`](node::Node) is what the vfs sees of a file: its place in the upper layer, if it has
//! one, and its places in lower ones. Bytes, pages and attributes are those of the inode at the
//! top of them; many overlays over one lower layer share its cached pages. Work on layers goes by
//! [`vfs::layer`], one name at a time.
//!
//! Whatever has to appear at once is made complete in the work directory, which lies on the same
//! file system, and moved to its place by one rename. All changes of names in the upper layer are
//! made under one lock ([`volume::Volume::names`]).
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod copy_up;
mod directory;
mod filesystem;
mod find;
mod inode;
mod marks;
mod mounting;
mod names;
mod node;
mod options;
mod rename;
#[cfg(test)]
mod tests;
mod volume;

pub use filesystem::OverlayFs;
pub use mounting::register;
