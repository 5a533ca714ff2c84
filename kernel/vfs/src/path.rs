//! Paths: a place one can stand at.
//!
//! A [`Path`] is a dentry *as seen through a mount*. Holding it keeps both alive, whatever happens
//! to the names that led there: the file may be unlinked, the directory moved, the file system
//! unmounted lazily. A process's root and working directory, an open file, a bind mount's source
//! are Paths; text is only ever a way from one Path to another.

use alloc::sync::Arc;

use base::{Error, Result};
use object::FileStatus;

use crate::dentry::Dentry;
use crate::inode::Inode;
use crate::mount::Mount;

/// A place: a mount, and a dentry of its file system.
#[derive(Clone)]
pub struct Path {
    // First, so that it goes first: with the last mount the names of a file system go that nobody holds any more.
    pub(crate) dentry: Arc<Dentry>,
    pub(crate) mount: Arc<Mount>,
}

impl Path {
    /// The mount it is seen through.
    #[inline]
    pub fn mount(&self) -> &Arc<Mount> {
        &self.mount
    }

    /// The name it stands at.
    pub fn dentry(&self) -> &Arc<Dentry> {
        &self.dentry
    }

    /// The file it stands at.
    #[inline]
    pub fn inode(&self) -> &Arc<dyn Inode> {
        self.dentry.inode()
    }

    /// The file's attributes.
    #[inline]
    pub fn status(&self) -> Result<FileStatus> {
        self.inode().status()
    }

    /// True if both are the same name seen through the same mount.
    pub fn is_same(&self, other: &Path) -> bool {
        Arc::ptr_eq(&self.mount, &other.mount) && Arc::ptr_eq(&self.dentry, &other.dentry)
    }

    /// True at the top of its mount.
    pub fn is_mount_root(&self) -> bool {
        Arc::ptr_eq(&self.dentry, self.mount.root_dentry())
    }

    /// Goes down to what is mounted here, and on that, and so on.
    pub(crate) fn into_topmost(mut self) -> Path {
        while self.dentry.is_mount_point() {
            let Some(mount) = self.mount.mounted_on(&self.dentry) else {
                break;
            };
            mount.note_use();
            self = Path {
                dentry: mount.root_dentry().clone(),
                mount,
            };
        }
        self
    }

    /// One up, across mounts but not over `root`: above that lies what covers the root, if anything does (as on Linux,
    /// where `/..` leads into what is mounted over `/`). A directory that is no longer reachable from anywhere, or the
    /// top of a detached mount, is its own parent.
    ///
    /// A directory that was moved out of the part of its file system that the mount shows has no
    /// way up: its parents were never meant to be seen from here ([`Error::NotFound`]).
    pub(crate) fn parent(&self, root: &Path) -> Result<Path> {
        let mut at = self.clone();
        loop {
            if at.is_same(root) {
                return Ok(at.into_topmost());
            }
            if at.is_mount_root() {
                match at.mount.mounted_at() {
                    Some(below) => at = below,
                    None => return Ok(at.into_topmost()),
                }
                continue;
            }
            let Some(parent) = at.dentry.parent() else {
                return Ok(at);
            };
            let top = at.mount.root_dentry();
            if top.parent().is_some() && !parent.is_below_or_same(top) {
                return Err(Error::NotFound);
            }
            return Ok(Path {
                mount: at.mount,
                dentry: parent,
            }
            .into_topmost());
        }
    }
}

impl core::fmt::Debug for Path {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let text = crate::path_text::text_from(self, None);
        write!(formatter, "{}", text.escape_ascii())
    }
}
