//! Directories whose names are not stored but told: by a table, or by what there is at this moment.
//!
//! A file system says what a directory has ([`Listing`]); [`Directory`] makes an inode of that. Most listings are a row of
//! names in an order that stays, which [`show`] tells.

use alloc::sync::Arc;
use core::any::Any;

use base::{Error, Result};
use object::{DirectoryEntry, FileKind, FileStatus};
use vfs::{Inode, Name, NewInode, Ownership};

/// Is told the entries of a directory one by one; false when it wants no more.
pub type Visit<'a> = dyn FnMut(&DirectoryEntry<'_>) -> bool + 'a;

/// What a directory has.
pub trait Listing: Send + Sync + 'static {
    /// The directory's own attributes.
    fn status(&self) -> Result<FileStatus>;

    /// Whether the directory itself is there for good ([`Inode::cacheable`]).
    fn stays(&self) -> bool {
        true
    }

    /// Whether it has the same names for good ([`Inode::caches_absence`]).
    fn is_fixed(&self) -> bool {
        self.stays()
    }

    /// Why nothing can be made in it; [`None`] where that is as if the directory were not there
    /// ([`Inode::absence_is_final`]).
    fn refusal(&self, _new: &NewInode<'_>) -> Option<Error> {
        None
    }

    /// What has this name; [`Error::NotFound`].
    fn find(&self, name: Name<'_>) -> Result<Arc<dyn Inode>>;

    /// Shows the names that come after the one with the position `cookie` (0: all).
    fn list(&self, cookie: u64, visit: &mut Visit<'_>) -> Result<()>;
}

/// A directory that has what its listing says.
pub struct Directory<L>(pub L);

impl<L: Listing> Inode for Directory<L> {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn kind(&self) -> FileKind {
        FileKind::Directory
    }

    fn status(&self) -> Result<FileStatus> {
        self.0.status()
    }

    fn cacheable(&self) -> bool {
        self.0.stays()
    }

    fn caches_absence(&self) -> bool {
        self.0.is_fixed()
    }

    fn absence_is_final(&self) -> bool {
        self.0.refusal(&NewInode::File).is_none()
    }

    fn lookup(&self, name: Name<'_>) -> Result<Arc<dyn Inode>> {
        self.0.find(name)
    }

    fn create(
        &self,
        _name: Name<'_>,
        new: &NewInode<'_>,
        _owner: Ownership,
    ) -> Result<Arc<dyn Inode>> {
        Err(self.0.refusal(new).unwrap_or(Error::NotPermitted))
    }

    fn read_directory(&self, cookie: u64, visit: &mut Visit<'_>) -> Result<()> {
        self.0.list(cookie, visit)
    }
}

/// Shows a row of names, with inode number and kind, from `cookie` on; true if the visitor wants more.
pub fn show<N: AsRef<[u8]>>(
    row: impl IntoIterator<Item = (N, u64, FileKind)>,
    cookie: u64,
    visit: &mut Visit<'_>,
) -> bool {
    let skipped = usize::try_from(cookie).unwrap_or(usize::MAX);
    let mut rest = (1..).zip(row).skip(skipped);
    rest.all(|(next_position, (name, inode, kind))| {
        visit(&DirectoryEntry {
            name: name.as_ref(),
            inode,
            kind,
            next_position,
        })
    })
}
