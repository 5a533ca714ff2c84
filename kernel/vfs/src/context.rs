//! The context of a process's calls by name: view, root, working directory, umask, credentials.
//!
//! All operations that take a path are methods of [`FsContext`], spread over files by what they do:
//! finding ([`crate::walk`]), making and taking names ([`crate::names`], [`crate::rename`]),
//! attributes ([`crate::attributes`]), opening ([`crate::open`]). Each takes `at`, the directory that
//! a relative path starts from; `None` means the working directory.

use alloc::sync::Arc;
use alloc::vec::Vec;

use base::{Error, Result};

use crate::credentials::{Capabilities, Credentials, Permission};
use crate::path::Path;
use crate::path_text;
use crate::view::View;
use crate::walk::{self, ResolveFlags};

/// See the module. One per process; a clone is a fork's.
#[derive(Clone)]
pub struct FsContext {
    /// The view whose mounts mount and unmount work on.
    pub view: Arc<View>,
    /// Where absolute paths begin, and where `..` ends.
    pub root: Path,
    /// Where relative paths begin.
    pub working_directory: Path,
    /// Permission bits that new files do not get.
    pub umask: u32,
    /// Who asks.
    pub credentials: Credentials,
    /// The view is not this process's to change: it was given it without the right to mount.
    pub fixed: bool,
}

impl FsContext {
    /// At the root of `view`, as the super-user, with umask 022.
    pub fn new(view: Arc<View>) -> Self {
        let root = view.root();
        Self {
            view,
            working_directory: root.clone(),
            root,
            umask: 0o022,
            credentials: Credentials::root(),
            fixed: false,
        }
    }

    /// The place where `path` ends.
    #[inline]
    pub fn resolve(&self, at: Option<&Path>, path: &[u8], flags: ResolveFlags) -> Result<Path> {
        walk::resolve(self, at, path, flags)
    }

    /// The place of a directory that the caller may enter.
    pub fn resolve_directory(&self, at: Option<&Path>, path: &[u8]) -> Result<Path> {
        let place = self.resolve(at, path, ResolveFlags::DIRECTORY)?;
        walk::search(&self.credentials, &place)?;
        Ok(place)
    }

    /// chdir(2).
    pub fn change_directory(&mut self, at: Option<&Path>, path: &[u8]) -> Result<()> {
        self.working_directory = self.resolve_directory(at, path)?;
        Ok(())
    }

    /// fchdir(2): enters a directory that is held already.
    pub fn enter_directory(&mut self, place: &Path) -> Result<()> {
        walk::search(&self.credentials, place)?;
        self.working_directory = place.clone();
        Ok(())
    }

    /// chroot(2): super-user only. The working directory stays.
    pub fn change_root(&mut self, path: &[u8]) -> Result<()> {
        let place = self.resolve_directory(None, path)?;
        if !self.credentials.is_superuser() {
            return Err(Error::NotPermitted);
        }
        self.root = place;
        Ok(())
    }

    /// Gives the process mounts of its own (a new mount namespace).
    pub fn unshare_view(&mut self) -> Result<()> {
        let view = self.view.clone();
        self.view = view.clone_view(&mut [&mut self.root, &mut self.working_directory])?;
        Ok(())
    }

    /// Leaves for another view (setns(2)): root and working directory are that view's root.
    pub fn enter_view(&mut self, view: &Arc<View>) {
        self.root = view.root();
        self.working_directory = self.root.clone();
        self.view = view.clone();
    }

    /// Takes whoever stands at `old`, a root that was replaced by pivot_root(2), along to the new root.
    pub fn follow_root(&mut self, old: &Path, new: &Path) {
        for path in [&mut self.root, &mut self.working_directory] {
            if path.is_same(old) {
                *path = new.clone();
            }
        }
    }

    /// Mounts are for the super-user, in a view that is his to change.
    pub fn check_may_mount(&self) -> Result<()> {
        self.check_superuser()?;
        if self.fixed {
            Err(Error::NotPermitted)
        } else {
            Ok(())
        }
    }

    /// Fails for everyone but the super-user.
    pub fn check_superuser(&self) -> Result<()> {
        if self.credentials.is_superuser() {
            Ok(())
        } else {
            Err(Error::NotPermitted)
        }
    }

    /// Fails for all but the super-user, and for that one if it has given this up.
    pub fn check_capability(&self, capability: Capabilities) -> Result<()> {
        match self.credentials.has(capability) {
            true => Ok(()),
            false => Err(Error::NotPermitted),
        }
    }

    /// getcwd(2): the text of the working directory. [`Error::NotFound`] if it has been removed.
    pub fn working_directory_text(&self) -> Result<Vec<u8>> {
        if self.working_directory.dentry.is_removed() {
            return Err(Error::NotFound);
        }
        Ok(self.path_of(&self.working_directory))
    }

    /// The text of a place as this process would name it; `(unreachable)…` if it cannot.
    pub fn path_of(&self, place: &Path) -> Vec<u8> {
        path_text::text_from(place, Some(&self.root))
    }

    /// What `/proc/PID/exe` shows: ` (deleted)` behind a removed name, no mark on an unreachable one.
    pub fn path_of_with_removal(&self, place: &Path) -> Vec<u8> {
        path_text::text_with_removal(place, Some(&self.root))
    }

    /// Fails unless the caller has `wanted` on the file at `place`.
    pub fn check(&self, place: &Path, wanted: Permission) -> Result<()> {
        self.credentials.check_inode(&**place.inode(), wanted)
    }

    /// Fails if nothing may be written through the place's mount.
    pub(crate) fn check_writable(&self, place: &Path) -> Result<()> {
        if place.mount.is_read_only() {
            Err(Error::ReadOnlyFileSystem)
        } else {
            Ok(())
        }
    }
}
