//! Making and taking names: mkdir, mknod, symlink, link, unlink, rmdir.
//!
//! The order of the checks is Linux's, because programs see it: an existing name is reported before
//! a read-only file system, a read-only file system before a missing permission.

use alloc::sync::Arc;
use alloc::vec::Vec;

use base::{Error, Result};
use object::FileKind;

use crate::access_rules::Inherited;
use crate::context::FsContext;
use crate::credentials::{Credentials, MODE_BITS, Ownership, Permission, SET_GROUP_ID};
use crate::dentry::Dentry;
use crate::inode::{Inode, NewInode};
use crate::lookup::{enter_new, lookup_free, lookup_locked, note_absence};
use crate::mount_tree;
use crate::name::{Name, PATH_MAX};
use crate::path::Path;
use crate::walk::{Last, ParentOf, ResolveFlags, resolve_parent};
use crate::watch::{self, Events};

impl FsContext {
    /// mkdir(2).
    pub fn mkdir(&self, at: Option<&Path>, path: &[u8], mode: u32) -> Result<Path> {
        // Only the sticky bit and the permission bits are the caller's to set.
        self.make(at, path, &NewInode::Directory, mode & 0o1777)
    }

    /// symlink(2): a link at `path` with the body `target`.
    pub fn symlink(&self, target: &[u8], at: Option<&Path>, path: &[u8]) -> Result<Path> {
        if target.is_empty() {
            return Err(Error::NotFound);
        }
        if target.len() >= PATH_MAX {
            return Err(Error::NameTooLong);
        }
        self.make(at, path, &NewInode::Symlink(target), 0o777)
    }

    /// mknod(2): regular files, fifos and sockets by anyone, devices by the super-user.
    pub fn mknod(
        &self,
        at: Option<&Path>,
        path: &[u8],
        new: NewInode<'_>,
        mode: u32,
    ) -> Result<Path> {
        match new {
            NewInode::Device { kind, .. } => {
                if !self.credentials.is_superuser() {
                    return Err(Error::NotPermitted);
                }
                if !matches!(kind, FileKind::CharacterDevice | FileKind::BlockDevice) {
                    return Err(Error::InvalidArgument);
                }
            }
            NewInode::Directory => return Err(Error::NotPermitted),
            NewInode::Symlink(_) => return Err(Error::InvalidArgument),
            NewInode::File | NewInode::Fifo | NewInode::Socket => {}
        }
        self.make(at, path, &new, mode & MODE_BITS)
    }

    fn make(&self, at: Option<&Path>, path: &[u8], new: &NewInode<'_>, mode: u32) -> Result<Path> {
        let ParentOf {
            directory,
            last,
            slash,
        } = resolve_parent(self, at, path)?;
        let Last::Name(name) = last else {
            return Err(Error::Exists);
        };
        let name = Name::new(&name)?;
        let held = directory.dentry.lock_live()?;
        if lookup_free(&directory.dentry, name, &held)?.is_some() {
            return Err(Error::Exists);
        }
        if slash && !matches!(new, NewInode::Directory) {
            return Err(Error::NotFound);
        }
        self.create_locked(&directory, name, new, mode)
    }

    /// Makes a name that was looked for and not found, under the directory's change lock.
    pub(crate) fn create_locked(
        &self,
        directory: &Path,
        name: Name<'_>,
        new: &NewInode<'_>,
        mode: u32,
    ) -> Result<Path> {
        self.check_writable(directory)?;
        self.check(directory, Permission::WRITE | Permission::EXECUTE)?;
        let (owner, lists) = self.ownership_in(&**directory.inode(), new.kind(), mode)?;
        let inode = directory.inode().create(name, new, owner)?;
        if let Some(lists) = lists {
            lists.apply_or_undo(&**directory.inode(), name, new, &*inode)?;
        }
        let dentry = enter_new(&directory.dentry, name, inode);
        let is_directory = dentry.kind() == FileKind::Directory;
        watch::note_name(
            &directory.dentry,
            name.as_bytes(),
            Events::CREATE,
            is_directory,
        );
        settle_names(&directory.dentry)?;
        Ok(Path {
            mount: directory.mount.clone(),
            dentry,
        })
    }

    /// link(2): `target` under another name.
    pub fn link(&self, target: &Path, at: Option<&Path>, path: &[u8]) -> Result<()> {
        let ParentOf {
            directory,
            last,
            slash,
        } = resolve_parent(self, at, path)?;
        let Last::Name(name) = last else {
            return Err(Error::Exists);
        };
        let name = Name::new(&name)?;
        let held = directory.dentry.lock_live()?;
        if lookup_free(&directory.dentry, name, &held)?.is_some() {
            return Err(Error::Exists);
        }
        if slash {
            return Err(Error::NotFound);
        }
        if !Arc::ptr_eq(&directory.mount, &target.mount) {
            return Err(Error::CrossDevice);
        }
        self.check_writable(&directory)?;
        self.credentials.check_linking(&**target.inode())?;
        self.check(&directory, Permission::WRITE | Permission::EXECUTE)?;
        if target.inode().is_directory() {
            return Err(Error::NotPermitted);
        }
        // What has lost its last name gets none again; what was made without one does once.
        if target.inode().status()?.links == 0 {
            let attachments = target.inode().attachments();
            let attachments = attachments.filter(|attachments| attachments.is_linkable());
            attachments.ok_or(Error::NotFound)?;
        }
        directory.inode().link(name, target.inode())?;
        if let Some(attachments) = target.inode().attachments() {
            attachments.set_linkable(false);
        }
        enter_new(&directory.dentry, name, target.inode().clone());
        watch::note_links(target.inode());
        watch::note_name(&directory.dentry, name.as_bytes(), Events::CREATE, false);
        settle_names(&directory.dentry)
    }

    /// unlink(2).
    pub fn unlink(&self, at: Option<&Path>, path: &[u8]) -> Result<()> {
        let ParentOf {
            directory,
            last,
            slash,
        } = resolve_parent(self, at, path)?;
        let Last::Name(name) = last else {
            return Err(Error::IsDirectory);
        };
        let name = Name::new(&name)?;
        self.check_writable(&directory)?;
        let held = directory.dentry.lock_live()?;
        let victim = lookup_locked(&directory.dentry, name, &held)?;
        let is_directory = victim.inode().is_directory();
        if slash {
            return Err(if is_directory {
                Error::IsDirectory
            } else {
                Error::NotDirectory
            });
        }
        check_removal(&self.credentials, &directory.dentry, &victim)?;
        if is_directory {
            return Err(Error::IsDirectory);
        }
        if mount_tree::is_mounted_on(&victim, self.view.id()) {
            return Err(Error::Busy);
        }
        directory.inode().unlink(name)?;
        victim.mark_removed();
        let name = victim.name();
        note_absence(&directory.dentry, name.clone());
        let inode = victim.inode().clone();
        watch::note_links(&inode);
        mount_tree::uncover(&victim);
        // Who watches it hears of its end before its directory's watchers do.
        drop(victim);
        watch::note_name(&directory.dentry, &name, Events::DELETE, false);
        drop(held);
        // The last reference may go here, and with it the file's pages.
        drop(inode);
        settle_names(&directory.dentry)
    }

    /// rmdir(2).
    pub fn rmdir(&self, at: Option<&Path>, path: &[u8]) -> Result<()> {
        let ParentOf {
            directory, last, ..
        } = resolve_parent(self, at, path)?;
        let name = match last {
            Last::Name(name) => name,
            Last::Current => return Err(Error::InvalidArgument),
            Last::Parent => return Err(Error::NotEmpty),
            Last::Root => return Err(Error::Busy),
        };
        let name = Name::new(&name)?;
        self.check_writable(&directory)?;
        let held = directory.dentry.lock_live()?;
        let victim = lookup_locked(&directory.dentry, name, &held)?;
        check_removal(&self.credentials, &directory.dentry, &victim)?;
        if !victim.inode().is_directory() {
            return Err(Error::NotDirectory);
        }
        if mount_tree::is_mounted_on(&victim, self.view.id()) {
            return Err(Error::Busy);
        }
        // Nothing may appear in it between the file system's look and its end.
        let inside = victim.lock_changes();
        directory.inode().remove_directory(name)?;
        victim.mark_removed();
        drop(inside);
        let name = victim.name();
        note_absence(&directory.dentry, name.clone());
        mount_tree::uncover(&victim);
        drop(victim);
        watch::note_name(&directory.dentry, &name, Events::DELETE, true);
        settle_names(&directory.dentry)
    }

    /// readlink(2). An empty path reads the link held as `at`.
    pub fn readlink(&self, at: Option<&Path>, path: &[u8]) -> Result<Vec<u8>> {
        let place = self.resolve(at, path, ResolveFlags::NO_FOLLOW | ResolveFlags::EMPTY_PATH)?;
        if !place.inode().is_symbolic_link() {
            return Err(if path.is_empty() {
                Error::NotFound
            } else {
                Error::InvalidArgument
            });
        }
        // A link that leads to an object shows where that is as the reader sees it.
        match place.inode().magic_link() {
            Ok(Some(target)) => Ok(self.path_of_with_removal(&target)),
            Ok(None) => {
                crate::times::note_access(&place);
                place.inode().read_link()
            }
            Err(error) => Err(error),
        }
    }
}

/// After a change of its names: see [`Volume::settle_names`](crate::Volume::settle_names).
pub(crate) fn settle_names(directory: &Dentry) -> Result<()> {
    directory.volume().settle_names(&**directory.inode())
}

/// May the caller take `victim` out of `directory`?
pub(crate) fn check_removal(
    credentials: &Credentials,
    directory: &Dentry,
    victim: &Dentry,
) -> Result<()> {
    let wanted = Permission::WRITE | Permission::EXECUTE;
    credentials.check_inode(&**directory.inode(), wanted)?;
    let above = directory.inode().ownership()?;
    credentials.check_sticky(above, victim.inode().ownership()?)
}

impl FsContext {
    /// Owner, group and mode of something new in a directory, and the access control lists that the
    /// directory passes on. Where it passes none on, the umask takes bits away.
    pub(crate) fn ownership_in(
        &self,
        directory: &dyn Inode,
        kind: FileKind,
        mode: u32,
    ) -> Result<(Ownership, Option<Inherited>)> {
        let above = directory.ownership()?;
        let asked = self.without_gift(above, kind, mode & MODE_BITS);
        let (mode, lists) = match Inherited::from(directory, kind, asked)? {
            Some((lists, mode)) => (mode, Some(lists)),
            None => (asked & !self.umask, None),
        };
        Ok((ownership_of_new(self, above, kind, mode), lists))
    }

    /// A set-group-id program of a group that the maker is not in would be a gift of rights. What was asked for
    /// decides, not what the umask leaves of it: the group's right to run it can be had back later.
    fn without_gift(&self, above: Ownership, kind: FileKind, mode: u32) -> u32 {
        let executable_by_group = SET_GROUP_ID | 0o010;
        let is_gift = kind != FileKind::Directory
            && mode & executable_by_group == executable_by_group
            && above.mode & SET_GROUP_ID != 0
            && !self.credentials.in_group(above.gid)
            && !self.credentials.is_superuser();
        if is_gift { mode & !SET_GROUP_ID } else { mode }
    }
}

/// Owner, group and mode of something new: a set-group-id directory passes its group on, and to
/// directories the bit too.
fn ownership_of_new(context: &FsContext, above: Ownership, kind: FileKind, mode: u32) -> Ownership {
    let credentials = &context.credentials;
    let mut mode = match kind {
        FileKind::SymbolicLink => 0o777,
        _ => mode & MODE_BITS,
    };
    let mut gid = credentials.fsgid;
    if above.mode & SET_GROUP_ID != 0 {
        gid = above.gid;
        if kind == FileKind::Directory {
            mode |= SET_GROUP_ID;
        }
    }
    Ownership {
        mode,
        uid: credentials.fsuid,
        gid,
    }
}
