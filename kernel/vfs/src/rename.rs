//! Rename: the one operation that changes two directories and the tree's shape.
//!
//! Locks, in this order: the volume's rename lock (only if the directories differ, so that renames
//! within one directory do not wait for each other), then the two directories, an ancestor before
//! what is below it, unrelated ones by number; then directories that are moved or replaced.
//! Only the holder of the rename lock ever locks two unrelated directories, and everyone else locks
//! from parent to child, so no circle of waiters can form. The rename lock also keeps the tree's
//! shape still while ancestors are checked: two renames that would together make a loop cannot both
//! pass.

use alloc::sync::Arc;
use core::sync::atomic::Ordering;

use base::{Error, Result};
use object::FileKind;

use crate::context::FsContext;
use crate::credentials::{Credentials, Ownership, Permission};
use crate::dentry::{ChangeGuard, Dentry, Location};
use crate::dentry_cache;
use crate::inode::{NewInode, RenameFlags};
use crate::lookup::{enter_new, lookup_locked, note_absence};
use crate::mount_tree;
use crate::name::Name;
use crate::names::{check_removal, settle_names};
use crate::path::Path;
use crate::walk::{Last, ParentOf, resolve_parent};
use crate::watch;

/// One side of a rename: a directory and a name in it.
struct Side<'a> {
    directory: &'a Arc<Dentry>,
    name: Name<'a>,
    slash: bool,
}

impl FsContext {
    /// renameat2(2).
    pub fn rename(
        &self,
        old_at: Option<&Path>,
        old_path: &[u8],
        new_at: Option<&Path>,
        new_path: &[u8],
        flags: RenameFlags,
    ) -> Result<()> {
        let exchange_and = RenameFlags::NO_REPLACE | RenameFlags::WHITEOUT;
        if flags.contains(RenameFlags::EXCHANGE) && flags.intersects(exchange_and) {
            return Err(Error::InvalidArgument);
        }
        if flags.contains(RenameFlags::WHITEOUT) && !self.credentials.is_superuser() {
            return Err(Error::NotPermitted);
        }
        let old = resolve_parent(self, old_at, old_path)?;
        let new = resolve_parent(self, new_at, new_path)?;
        if !Arc::ptr_eq(&old.directory.mount, &new.directory.mount) {
            return Err(Error::CrossDevice);
        }
        let ParentOf {
            last: Last::Name(old_name),
            ..
        } = &old
        else {
            return Err(Error::Busy);
        };
        let ParentOf {
            last: Last::Name(new_name),
            ..
        } = &new
        else {
            let keep = flags.contains(RenameFlags::NO_REPLACE);
            return Err(if keep { Error::Exists } else { Error::Busy });
        };
        self.check_writable(&old.directory)?;
        let from = Side {
            directory: &old.directory.dentry,
            name: Name::new(old_name)?,
            slash: old.slash,
        };
        let to = Side {
            directory: &new.directory.dentry,
            name: Name::new(new_name)?,
            slash: new.slash,
        };
        let asker = Asker {
            credentials: &self.credentials,
            tree: self.view.id(),
        };
        rename_between(&asker, &from, &to, flags)
    }
}

/// Who asks for a rename.
struct Asker<'a> {
    credentials: &'a Credentials,
    /// The tree in which what is mounted on a name keeps it; 0 for none.
    tree: u64,
}

/// The rename that a file system above asks for, which has judged who asked.
pub(crate) fn unchecked(
    from: &Arc<Dentry>,
    name: Name<'_>,
    to: &Arc<Dentry>,
    new_name: Name<'_>,
    flags: RenameFlags,
) -> Result<()> {
    let side = |directory, name| Side {
        directory,
        name,
        slash: false,
    };
    let asker = Asker {
        credentials: &Credentials::root(),
        tree: 0,
    };
    rename_between(&asker, &side(from, name), &side(to, new_name), flags)
}

/// The rename with its locks.
fn rename_between(
    asker: &Asker<'_>,
    from: &Side<'_>,
    to: &Side<'_>,
    flags: RenameFlags,
) -> Result<()> {
    if Arc::ptr_eq(from.directory, to.directory) {
        let held = from.directory.lock_live()?;
        return rename_locked(asker, from, to, flags, None, &held, None);
    }
    let volume = from.directory.volume().clone();
    let _shape = volume.rename_lock.lock();
    // Which directory, if any, lies above the other: it cannot be moved below itself.
    let above = if to.directory.is_below_or_same(from.directory) {
        Some(from.directory)
    } else if from.directory.is_below_or_same(to.directory) {
        Some(to.directory)
    } else {
        None
    };
    let from_first = match above {
        Some(above) => Arc::ptr_eq(above, from.directory),
        None => from.directory.id() < to.directory.id(),
    };
    let (held, also) = if from_first {
        (from.directory.lock_live()?, to.directory.lock_live()?)
    } else {
        let also = to.directory.lock_live()?;
        (from.directory.lock_live()?, also)
    };
    rename_locked(asker, from, to, flags, above, &held, Some(&also))
}

/// The rename with both directories locked (`also` is the target's, if it is another one).
fn rename_locked(
    asker: &Asker<'_>,
    from: &Side<'_>,
    to: &Side<'_>,
    flags: RenameFlags,
    above: Option<&Arc<Dentry>>,
    held: &ChangeGuard<'_>,
    also: Option<&ChangeGuard<'_>>,
) -> Result<()> {
    let exchange = flags.contains(RenameFlags::EXCHANGE);
    let source = lookup_locked(from.directory, from.name, held)?;
    let target = match lookup_locked(to.directory, to.name, also.unwrap_or(held)) {
        Ok(_) if flags.contains(RenameFlags::NO_REPLACE) => return Err(Error::Exists),
        Ok(target) => Some(target),
        Err(Error::NotFound) if !exchange => None,
        Err(error) => return Err(error),
    };
    let source_is_directory = source.inode().is_directory();
    let target_is_directory = target.as_ref().map(|target| target.inode().is_directory());
    if exchange && to.slash && target_is_directory == Some(false) {
        return Err(Error::NotDirectory);
    }
    if !source_is_directory && (from.slash || (to.slash && !exchange)) {
        return Err(Error::NotDirectory);
    }
    if also.is_some() {
        check_ancestry(from, to, &source, target.as_ref(), above, exchange)?;
    }
    if let Some(target) = &target
        && Arc::ptr_eq(target.inode(), source.inode())
    {
        return Ok(());
    }
    check_rename(asker, from, to, &source, target.as_ref(), exchange)?;
    let victim = target
        .as_ref()
        .filter(|one| !exchange && one.inode().is_directory());
    // Nothing may appear in a replaced directory between the look and its end. One that only
    // moves needs no lock, because its entries do not change.
    let inside = victim.map(|victim| victim.lock_changes());
    let how = flags - RenameFlags::WHITEOUT;
    let (old, new) = (from.directory.inode(), to.directory.inode());
    old.rename(from.name, new, to.name, how)?;
    let whiteout = match flags.contains(RenameFlags::WHITEOUT) {
        true => Some(old.create(from.name, &WHITEOUT, whiteout_owner(asker.credentials))),
        false => None,
    };
    if let Some(Err(error)) = &whiteout
        && target.is_none()
    {
        new.rename(to.name, old, from.name, RenameFlags::empty())?;
        return Err(*error);
    }
    if let Some(victim) = victim {
        victim.mark_removed();
    }
    drop(inside);
    let replaced = target.clone().filter(|_| !exchange);
    record(from, to, source, target, exchange);
    if let Some(replaced) = replaced {
        mount_tree::uncover(&replaced);
    }
    if let Some(left) = whiteout {
        enter_new(from.directory, from.name, left?);
    }
    // The new name first: a loss of power in between leaves two, not none.
    settle_names(to.directory)?;
    match also.is_some() {
        true => settle_names(from.directory),
        false => Ok(()),
    }
}

/// What hides a name of a lower layer.
const WHITEOUT: NewInode<'_> = NewInode::Device {
    kind: FileKind::CharacterDevice,
    major: 0,
    minor: 0,
};

fn whiteout_owner(credentials: &Credentials) -> Ownership {
    Ownership {
        mode: 0,
        uid: credentials.fsuid,
        gid: credentials.fsgid,
    }
}

fn check_rename(
    asker: &Asker<'_>,
    from: &Side<'_>,
    to: &Side<'_>,
    source: &Arc<Dentry>,
    target: Option<&Arc<Dentry>>,
    exchange: bool,
) -> Result<()> {
    let credentials = asker.credentials;
    check_removal(credentials, from.directory, source)?;
    let source_is_directory = source.inode().is_directory();
    match target {
        Some(target) => {
            check_removal(credentials, to.directory, target)?;
            if !exchange {
                match (source_is_directory, target.inode().is_directory()) {
                    (true, false) => return Err(Error::NotDirectory),
                    (false, true) => return Err(Error::IsDirectory),
                    _ => {}
                }
            }
        }
        None => {
            let wanted = Permission::WRITE | Permission::EXECUTE;
            credentials.check_inode(&**to.directory.inode(), wanted)?;
        }
    }
    // A directory that changes its parent is itself written to: its `..` changes.
    if !Arc::ptr_eq(from.directory, to.directory) {
        let moved = [Some(source), target.filter(|_| exchange)];
        for directory in moved
            .into_iter()
            .flatten()
            .filter(|one| one.inode().is_directory())
        {
            credentials.check_inode(&**directory.inode(), Permission::WRITE)?;
        }
    }
    let busy = |dentry: &Arc<Dentry>| mount_tree::is_mounted_on(dentry, asker.tree);
    if busy(source) || target.is_some_and(busy) {
        return Err(Error::Busy);
    }
    Ok(())
}

/// Nothing moves below itself, and nothing replaces what it lies in.
fn check_ancestry(
    from: &Side<'_>,
    to: &Side<'_>,
    source: &Arc<Dentry>,
    target: Option<&Arc<Dentry>>,
    above: Option<&Arc<Dentry>>,
    exchange: bool,
) -> Result<()> {
    let Some(above) = above else { return Ok(()) };
    if Arc::ptr_eq(above, from.directory) && to.directory.is_below_or_same(source) {
        return Err(Error::InvalidArgument);
    }
    if let Some(target) = target
        && from.directory.is_below_or_same(target)
    {
        return Err(if exchange {
            Error::InvalidArgument
        } else {
            Error::NotEmpty
        });
    }
    Ok(())
}

/// Brings dentries and cache in line with what the file system has done.
fn record(
    from: &Side<'_>,
    to: &Side<'_>,
    source: Arc<Dentry>,
    target: Option<Arc<Dentry>>,
    exchange: bool,
) {
    let old_place = source.location();
    // Where names have several spellings, what was there keeps its own.
    let new_name = match &target {
        Some(target) => target.name(),
        None => to.name.as_bytes().into(),
    };
    let (moved, other_side) = (source.clone(), target.clone());
    source.volume().renames.fetch_add(1, Ordering::AcqRel);
    source.set_location(Location {
        parent: Some(to.directory.clone()),
        name: new_name.clone(),
    });
    match target {
        Some(target) if exchange => {
            let old_name = old_place.name.clone();
            target.set_location(old_place);
            place(from.directory, old_name, target);
        }
        other => {
            if let Some(target) = other {
                target.mark_removed();
            }
            note_absence(from.directory, old_place.name);
        }
    }
    source.volume().renames.fetch_add(1, Ordering::AcqRel);
    place(to.directory, new_name, source);
    let old = (&**from.directory, from.name.as_bytes());
    let new = (&**to.directory, to.name.as_bytes());
    watch::note_move(
        old,
        new,
        &moved,
        other_side.as_deref().filter(|_| !exchange),
    );
    if let Some(other) = other_side.filter(|_| exchange) {
        watch::note_move(new, old, &other, None);
    }
}

fn place(directory: &Arc<Dentry>, name: Arc<[u8]>, dentry: Arc<Dentry>) {
    if dentry.inode().cacheable() {
        dentry_cache::enter(directory, name, Some(dentry));
    } else {
        dentry_cache::forget(directory, &name);
    }
}
