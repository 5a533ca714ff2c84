//! The initial file system: a cpio archive.
//!
//! The boot loader leaves an archive in memory, in the "new ASCII" format (`newc`) that Linux uses
//! for its initramfs: headers in hexadecimal, names, file data, one after another, possibly several
//! archives in a row. [`populate`] enters all of it in a [`fs_ram::RamFs`]. File data that begins
//! on a page boundary is not copied: the archive's pages become the file's.
//!
//! [`header`] is the parser, pure functions over bytes; it believes nothing. An archive is checked
//! from front to end before the first file is made, and what is wrong with it is said in a sentence
//! ([`ArchiveError`]).
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod error;
pub mod header;
mod links;
mod populate;
mod source;
#[cfg(test)]
mod tests;

pub use error::{ArchiveError, Reason};
pub use populate::{Summary, check, populate};
pub use source::Source;
