//! What a file system asks of the tree that it lies on.
//!
//! A file system like overlay has its names in directories of others. It stands at [`Path`]s of
//! mounts of its own ([`top_of`]), and changes them by these functions: one step, one name,
//! under the same locks and through the same name cache as a program that works there, but without
//! any check of permissions (who asked has been judged above) and without following links or
//! mounts. A symbolic link that somebody puts in the way leads nowhere.

use alloc::format;
use alloc::sync::Arc;

use base::{Error, Result};

use crate::credentials::Ownership;
use crate::dentry::Dentry;
use crate::inode::{NewInode, RenameFlags};
use crate::lookup::{self, enter_new, lookup_free, lookup_locked, note_absence};
use crate::mount::{Mount, MountFlags};
use crate::name::Name;
use crate::names::settle_names;
use crate::path::Path;
use crate::rename;

fn at(directory: &Path, dentry: Arc<Dentry>) -> Path {
    Path {
        mount: directory.mount.clone(),
        dentry,
    }
}

/// `place` as the top of a mount that belongs to no view: nothing that is mounted below is seen, and
/// nothing above.
pub fn top_of(place: &Path) -> Path {
    let dentry = place.dentry.clone();
    let source = place.mount.source().clone();
    Path {
        mount: Mount::new(dentry.clone(), MountFlags::empty(), source),
        dentry,
    }
}

/// Finds `name` in `directory`; [`Error::NotFound`] if there is none.
pub fn lookup(directory: &Path, name: Name<'_>) -> Result<Path> {
    if !directory.inode().is_directory() {
        return Err(Error::NotDirectory);
    }
    Ok(at(directory, lookup::lookup(directory.dentry(), name)?))
}

/// Makes `name`; [`Error::Exists`] if it is there.
pub fn create(
    directory: &Path,
    name: Name<'_>,
    new: &NewInode<'_>,
    owner: Ownership,
) -> Result<Path> {
    let held = directory.dentry.lock_live()?;
    if lookup_free(&directory.dentry, name, &held)?.is_some() {
        return Err(Error::Exists);
    }
    let inode = directory.inode().create(name, new, owner)?;
    let made = at(directory, enter_new(&directory.dentry, name, inode));
    settle_names(&directory.dentry)?;
    Ok(made)
}

/// Makes a regular file without a name on the file system of `directory`.
pub fn create_unnamed(directory: &Path, owner: Ownership) -> Result<Path> {
    let inode = directory.inode().create_unnamed(owner)?;
    let name = format!("#{}", inode.status()?.inode);
    let dentry = Dentry::child(directory.dentry(), name.as_bytes().into(), inode);
    dentry.mark_removed();
    Ok(at(directory, dentry))
}

/// Enters `target`, of the same file system, as `name`.
pub fn link(directory: &Path, name: Name<'_>, target: &Path) -> Result<Path> {
    let held = directory.dentry.lock_live()?;
    if lookup_free(&directory.dentry, name, &held)?.is_some() {
        return Err(Error::Exists);
    }
    directory.inode().link(name, target.inode())?;
    let dentry = enter_new(&directory.dentry, name, target.inode().clone());
    settle_names(&directory.dentry)?;
    Ok(at(directory, dentry))
}

/// Takes out `name`, which is no directory.
pub fn unlink(directory: &Path, name: Name<'_>) -> Result<()> {
    let held = directory.dentry.lock_live()?;
    let victim = lookup_locked(&directory.dentry, name, &held)?;
    if victim.inode().is_directory() {
        return Err(Error::IsDirectory);
    }
    if victim.is_mount_point() {
        return Err(Error::Busy);
    }
    directory.inode().unlink(name)?;
    victim.mark_removed();
    note_absence(&directory.dentry, victim.name());
    drop(held);
    // The last reference may go here, and with it the file's pages.
    drop(victim);
    settle_names(&directory.dentry)
}

/// Takes out the empty directory `name`.
pub fn remove_directory(directory: &Path, name: Name<'_>) -> Result<()> {
    let held = directory.dentry.lock_live()?;
    let victim = lookup_locked(&directory.dentry, name, &held)?;
    if !victim.inode().is_directory() {
        return Err(Error::NotDirectory);
    }
    if victim.is_mount_point() {
        return Err(Error::Busy);
    }
    let inside = victim.lock_changes();
    directory.inode().remove_directory(name)?;
    victim.mark_removed();
    drop(inside);
    note_absence(&directory.dentry, victim.name());
    settle_names(&directory.dentry)
}

/// Moves `name` of `directory` to `new_name` of `new_directory`, replacing what is there.
pub fn rename(
    directory: &Path,
    name: Name<'_>,
    new_directory: &Path,
    new_name: Name<'_>,
    flags: RenameFlags,
) -> Result<()> {
    rename::unchecked(
        &directory.dentry,
        name,
        &new_directory.dentry,
        new_name,
        flags,
    )
}

/// True if `place` is `above` or lies below it, by the trees of their file systems.
pub fn is_below_or_same(place: &Path, above: &Path) -> bool {
    place.dentry.is_below_or_same(&above.dentry)
}

/// True if both are the same name of the same file system, through whatever mount.
pub fn is_same(one: &Path, other: &Path) -> bool {
    Arc::ptr_eq(&one.dentry, &other.dentry)
}
