//! What reading a directory yields.

use crate::FileKind;

/// One name of a directory, borrowed from the file system for the length of a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirectoryEntry<'a> {
    /// The name: any bytes but `/` and NUL, never empty.
    pub name: &'a [u8],
    /// The inode it leads to.
    pub inode: u64,
    /// What it leads to, as far as the directory knows.
    pub kind: FileKind,
    /// The position *after* this entry: seeking there continues with the next one.
    pub next_position: u64,
}
