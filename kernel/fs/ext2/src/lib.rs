//! ext2, read and written: revision 1 as mke2fs makes it, and revision 0. ext4 is read: extents, groups that share their
//! tables, checksums of all records, which have to agree.
//!
//! [`format`](mod@format) is what lies on the disk: plain records and functions over bytes. `blocks` keeps the blocks that hold
//! records, `meta` is what is known of the file system as a whole, `allocate` what is free in it, `map` where a file's
//! blocks lie, `directory` the entries, `index` where the names of large ones are, `extended` the extended attributes. A live inode is a `Node`; `file` is its bytes, which are a page cache over the
//! device, and `names` what changes directories. [`Ext2`] is a mounted file system, `commit` how it gets to the disk.
//!
//! ```text
//! let filesystem = Ext2::mount(disk, false)?;
//! view.mount(&filesystem, …)?;
//! ```
//!
//! # What a loss of power leaves
//!
//! ext2 has no journal. What is changed stays in memory until a *commit* (at `sync`, at `fsync`, or when much waits), and
//! a commit writes it in such an order that wherever it is cut, `e2fsck -p` puts the disk in order by itself, and what
//! an earlier commit has brought there is whole. `-p` quietly corrects bitmaps and counts, takes out a name that leads
//! to a dead inode, and buries an inode that is dead (has a link count of 0); it gives up where an inode is alive and
//! has no name, where a map leads to what was never written, or where two files share a block. So three things hold on
//! the disk at any moment:
//!
//! 1. *Nothing leads to what is not there.* Blocks of numbers or names that are new are written, and flushed, before
//!    anything that leads to them.
//! 2. *Nothing is in two places.* Blocks and inodes that were freed are not taken again before the commit that cuts
//!    the last way to them is flushed.
//! 3. *Who is alive has a name.* A new inode is dead on the disk until its name is there, and an inode that loses its
//!    last name is dead there before the name goes.
//!
//! The steps of a commit, with a flush between them where both sides have something to write:
//!
//! | step | what is written |
//! |---|---|
//! | 1 | blocks of numbers and of names that nothing on the disk leads to yet |
//! | 2 | inodes, old blocks of numbers, bitmaps, counts; in the copy that goes to the disk, who is being born has no links yet; who has a name again leaves the list of orphans |
//! | 3 | blocks of names; where a name was moved, the block that gained it before the block that lost it |
//! | 4 | the inodes of step 2 once more, as they are; a directory before what is in it |
//! | 5 | the list of orphans: inodes that have no name and are in use, one link at a time |
//! | 6 | only in memory: what was freed is free |
//!
//! Inodes and names of many operations share blocks, so no order of operations could give this; the order is that of
//! the *steps*, and an inode's record may look otherwise in step 2 than it does. What cannot be put into one order goes
//! into two commits: a move that would close a circle of blocks that wait for each other, a new file that takes the
//! place of one that is on the disk, an old one that goes to a directory that is not there yet, a directory that dies after
//! names were moved out of it.
//!
//! When a name is *replaced*, the old inode has to live until the new name is there (or a cut would leave neither),
//! and dies in step 4. A cut right between leaves an inode without a name, which e2fsck only connects to `lost+found`
//! when it is asked to (`-y`); and a directory that moves from one block of names to another has two names, or the wrong
//! parent, for as long. Neither loses anything that was there.
//!
//! `fsync` writes the file's pages first, then commits. Blocks are found when a page becomes dirty; one that was found
//! and not written yet reads as zero. The superblock says that the disk is in use before anything else is changed, and
//! that it was left in order when the mount ends.
//!
//! # Locks
//!
//! A writer of bytes holds the file's `writer`; the page cache under it asks for room, and then `placing` keeps blocks from
//! being cut off while they are written; one lock on all metadata comes last. Both may be wanted by a page fault, so
//! nobody touches user memory under them.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod allocate;
mod blocks;
mod commit;
mod directory;
mod extended;
mod extents;
mod file;
pub mod format;
mod handle;
mod index;
mod inode;
mod map;
mod meta;
mod mounting;
mod names;
#[cfg(test)]
mod tests;
mod volume;

pub use format::superblock::{Family, OnError};
pub use mounting::register;
pub use volume::{Ext2, How};
