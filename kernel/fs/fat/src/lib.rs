//! FAT12, FAT16 and FAT32, with long names, read and written.
//!
//! [`format`](mod@format) is what lies on the disk: plain values and functions over bytes. `meta` is what is known of the file
//! system as a whole, `table` which cluster comes after which, `chain` where the clusters of one file lie, `directory` the
//! entries. A live inode is a `Node`; `file` is its bytes, which are a page cache over the device, and `names` what changes
//! directories. [`Fat`] is a mounted file system, `commit` how it gets to the disk.
//!
//! ```text
//! let filesystem = Fat::mount(disk, Options::new())?;
//! view.mount(&filesystem, …)?;
//! ```
//!
//! # Names
//!
//! A file has a short name, and most have a long one too; both lead to it, in whatever case of letters. The name cache
//! keeps a name by what its spellings have in common ([`vfs::Inode::name_key`]), so `FOO` and `foo` are one entry; who comes by
//! the short name is led to the entry of the long one. Which short name a new file gets follows Linux's rules, down to
//! the number at its end.
//!
//! # What a loss of power leaves
//!
//! FAT has no journal. What is changed stays in memory until a *commit* (at `sync`, at `fsync`, or when much waits), and
//! a commit writes it in such an order that wherever it is cut, no name leads to what is not there, no cluster is in two
//! files, and nothing is without a name that had one. What may be lost is room: clusters that no file has, which
//! `fsck.fat` frees.
//!
//! | step | what is written |
//! |---|---|
//! | 1 | new parts of directories, which nothing leads to yet |
//! | 2 | the tables: new chains; what leads to them from old ones, and what cuts old ones off, looks as it did |
//! | 3 | the tables again: old chains lead to new ones |
//! | 4 | names, lengths and first clusters; if a name was moved, those that went are still there |
//! | 5 | names once more: those that went are gone |
//! | 6 | the tables: what was cut off, and what nobody has any more, is free; the free count |
//!
//! Between the steps the disk is flushed if both sides have something to write. So a file that is moved has two names
//! for the moment between step 4 and step 5, which `fsck.fat` makes one; exchanging two names is not safe at all. What is
//! freed is not taken again before step 6.
//!
//! `fsync` writes the file's pages first, then commits. The boot sector says that the disk is in use before anything else
//! is changed, and that it was left in order when the mount ends.
//!
//! # Locks
//!
//! A writer of bytes holds the file's `writer`, finds room for all of them, and then fills pages; `placing` keeps clusters
//! from being cut off while they are written; one lock on all metadata comes last. Both may be wanted by a page fault, so
//! nobody touches user memory under them.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod chain;
mod commit;
mod directory;
mod file;
pub mod format;
mod inode;
mod meta;
mod mounting;
mod names;
mod options;
mod table;
#[cfg(test)]
mod tests;
mod volume;

pub use mounting::register;
pub use options::Options;
pub use volume::Fat;
