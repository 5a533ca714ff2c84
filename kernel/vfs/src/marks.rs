//! Marks: what may be done to a file whatever its mode says (chattr(1), ioctl_iflags(2)).
//!
//! A file system that keeps marks on its disk gives them out by [`Inode::marks`], and itself refuses what they
//! forbid of bytes, names and attributes, because it has them at hand there. What a file system does not see is
//! refused here: opening in a way that could not be used, no longer appending, mapping what only grows to write to it, and
//! setting times. Only who does one of these asks for marks.

use base::{Error, Result};

use crate::inode::Inode;
use crate::options::OpenOptions;

bitflags::bitflags! {
    /// What marks a file.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct FileMarks: u32 {
        /// Who can may compress its bytes. It is kept, as by Linux on ext2, where nobody can.
        const COMPRESSED = 0x4;
        /// Nothing of it can be changed: bytes, attributes, names.
        const IMMUTABLE = 0x10;
        /// Bytes, or a directory's names, can only be added.
        const APPEND_ONLY = 0x20;
        /// Backups leave it out. Nothing to the kernel.
        const NO_DUMP = 0x40;
    }
}

impl FileMarks {
    /// Those that only the super-user sets and takes away.
    pub const RESTRICTED: FileMarks = FileMarks::IMMUTABLE.union(FileMarks::APPEND_ONLY);

    /// The marks of an inode; none where its file system keeps none.
    fn of(inode: &dyn Inode) -> FileMarks {
        inode.marks().unwrap_or_default()
    }

    /// Whether the marks let a file be opened for writing as `options` say.
    pub(crate) fn check_opening(inode: &dyn Inode, options: &OpenOptions) -> Result<()> {
        let marks = Self::of(inode);
        let forbidden = marks.contains(FileMarks::IMMUTABLE)
            || marks.contains(FileMarks::APPEND_ONLY) && (options.truncate || !options.append);
        match forbidden {
            true => Err(Error::NotPermitted),
            false => Ok(()),
        }
    }

    /// Whether the marks let anything be written at all.
    pub(crate) fn check_writing(inode: &dyn Inode) -> Result<()> {
        match Self::of(inode).contains(FileMarks::IMMUTABLE) {
            true => Err(Error::NotPermitted),
            false => Ok(()),
        }
    }

    /// [`Error::NotPermitted`] where bytes can only be added: for what would let them be written elsewhere.
    pub(crate) fn check_overwriting(inode: &dyn Inode) -> Result<()> {
        match Self::of(inode).contains(FileMarks::APPEND_ONLY) {
            true => Err(Error::NotPermitted),
            false => Ok(()),
        }
    }

    /// Whether the marks let times be set: to the present moment, or to any (`chosen`).
    pub(crate) fn check_times(inode: &dyn Inode, chosen: bool) -> Result<()> {
        let mut forbidding = FileMarks::IMMUTABLE;
        forbidding.set(FileMarks::APPEND_ONLY, chosen);
        match Self::of(inode).intersects(forbidding) {
            true => Err(Error::NotPermitted),
            false => Ok(()),
        }
    }
}
