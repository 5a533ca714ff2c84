//! One step down: from a directory and a name to a dentry.
//!
//! A hit in the name cache takes one bucket lock. A miss takes the directory's change lock, looks
//! again, asks the file system, and enters the answer, so that the cache never disagrees with a
//! change made at the same time.

use alloc::sync::Arc;

use base::{Error, Result};

use crate::dentry::{ChangeGuard, Dentry};
use crate::dentry_cache::{self, Cached};
use crate::name::Name;

/// Finds `name` in `directory`; [`Error::NotFound`] if there is none. Part of every step of a walk.
#[inline(always)]
pub(crate) fn lookup(directory: &Arc<Dentry>, name: Name<'_>) -> Result<Arc<Dentry>> {
    match dentry_cache::find(directory, name) {
        Some(Cached::Present(dentry)) => Ok(dentry),
        Some(Cached::Absent) => Err(Error::NotFound),
        None => lookup_uncached(directory, name),
    }
}

#[inline(never)]
fn lookup_uncached(directory: &Arc<Dentry>, name: Name<'_>) -> Result<Arc<Dentry>> {
    let guard = directory.lock_live()?;
    lookup_locked(directory, name, &guard)
}

/// The same under the directory's change lock.
pub(crate) fn lookup_locked(
    directory: &Arc<Dentry>,
    name: Name<'_>,
    _held: &ChangeGuard<'_>,
) -> Result<Arc<Dentry>> {
    match dentry_cache::find(directory, name) {
        Some(Cached::Present(dentry)) => return Ok(dentry),
        Some(Cached::Absent) => return Err(Error::NotFound),
        None => {}
    }
    if directory.folds_names() {
        return lookup_spelled(directory, name);
    }
    match directory.inode().lookup(name) {
        Ok(inode) => {
            let name: Arc<[u8]> = name.as_bytes().into();
            let keep = inode.cacheable();
            let dentry = Dentry::child(directory, name.clone(), inode);
            if keep {
                dentry_cache::enter(directory, name, Some(dentry.clone()));
            }
            Ok(dentry)
        }
        Err(Error::NotFound) => {
            note_absence(directory, name.as_bytes());
            Err(Error::NotFound)
        }
        Err(error) => Err(error),
    }
}

/// The same where a name has several spellings: one that has nothing in common with the entry's own leads
/// to the dentry of that, and is not kept.
fn lookup_spelled(directory: &Arc<Dentry>, name: Name<'_>) -> Result<Arc<Dentry>> {
    match directory.inode().lookup_spelled(name) {
        Ok((inode, own)) => {
            let own = own.unwrap_or_else(|| name.as_bytes().into());
            if let Ok(name) = Name::new(&own)
                && let Some(Cached::Present(present)) = dentry_cache::find(directory, name)
            {
                return Ok(present);
            }
            let dentry = Dentry::child(directory, own.clone(), inode);
            dentry_cache::enter(directory, own, Some(dentry.clone()));
            Ok(dentry)
        }
        Err(Error::NotFound) => {
            note_absence(directory, name.as_bytes());
            Err(Error::NotFound)
        }
        Err(error) => Err(error),
    }
}

/// Looks for a name that is to be made: `None` if it is free.
pub(crate) fn lookup_free(
    directory: &Arc<Dentry>,
    name: Name<'_>,
    held: &ChangeGuard<'_>,
) -> Result<Option<Arc<Dentry>>> {
    match lookup_locked(directory, name, held) {
        Ok(present) => Ok(Some(present)),
        Err(Error::NotFound) if !directory.inode().absence_is_final() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Enters a new inode's dentry. The caller holds the directory's change lock.
pub(crate) fn enter_new(
    directory: &Arc<Dentry>,
    name: Name<'_>,
    inode: Arc<dyn crate::inode::Inode>,
) -> Arc<Dentry> {
    let name: Arc<[u8]> = name.as_bytes().into();
    let keep = inode.cacheable();
    let dentry = Dentry::child(directory, name.clone(), inode);
    if keep {
        dentry_cache::enter(directory, name, Some(dentry.clone()));
    }
    dentry
}

/// Remembers that `name` is not in `directory` (any more). The caller holds the change lock.
pub(crate) fn note_absence(directory: &Arc<Dentry>, name: impl Into<Arc<[u8]>>) {
    if directory.inode().caches_absence() {
        dentry_cache::enter(directory, name.into(), None);
    } else {
        dentry_cache::forget(directory, &name.into());
    }
}
