//! The file system of MIT's xv6 for RISC-V, read and written, with its log.
//!
//! [`format`](mod@format) is what lies on the disk: plain values and functions over bytes. `log` makes an operation happen as a
//! whole, `meta` is what is known of the file system and what the operation under way has changed, `map` where a
//! file's blocks lie, `directory` the entries. A live inode is a `Node`; `file` is its bytes, which are a page cache over
//! the log, and `names` what changes directories. [`Xv6Fs`] is a mounted file system. [`check`](mod@check) looks whether an
//! image is in order, and [`make`](mod@make) makes one.
//!
//! ```text
//! let filesystem = Xv6Fs::mount(disk, false)?;
//! view.mount(&filesystem, …)?;
//! ```
//!
//! # What a loss of power leaves
//!
//! Each operation that changes names, inodes or lengths is one transaction of the log, and it is over when the
//! transaction has been committed: what a call has done is there after a loss of power, and what it was doing has
//! happened, or not at all. A write is cut into parts of as many blocks as the log can take, as in xv6, and each is
//! a transaction with the length that it makes; so what may be missing of a write is its end. Bytes go through the log too.
//! Only what is written through a shared mapping waits for `msync` or for its age.
//!
//! A file that has lost its last name while it is open is on the disk without one; if the power goes then, the next
//! mount frees it.
//!
//! # What there is not
//!
//! The format has neither owners nor permissions nor times: everything is root's, may be read and executed by all, and has
//! no age. There are no symbolic links, fifos or sockets, names have fourteen bytes, and files 268 KiB at the most.
//!
//! # Locks
//!
//! As in ext2: a writer of bytes holds the file's `writer`, `placing` keeps blocks from being cut off while they are
//! written, and one lock on all metadata comes last. Nobody touches user memory under the last two.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod check;
mod device_number;
mod directory;
mod file;
pub mod format;
mod inode;
mod log;
pub mod make;
mod map;
mod meta;
mod mounting;
mod names;
#[cfg(test)]
mod tests;
mod volume;

pub use mounting::register;
pub use volume::Xv6Fs;
