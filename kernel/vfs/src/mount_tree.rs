//! Trees of mounts: attach, detach, copy, list.
//!
//! All changes to all trees happen under one sleeping lock; they are rare, and a bind may copy from
//! one tree to another. Walks never take it: they read the links between mounts one at a time, and
//! a walk that meets a mount which is just going away simply ends up in a detached one, as if it
//! had been there a moment earlier.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering};

use base::rank;
use base::sync::Mutex;
use base::{Error, Result};
use hal::Global;

use crate::mount::Mount;
use crate::path::Path;

static TREES: Global<Mutex<()>> = Global::new(|| Mutex::new(rank::MOUNT_TREES, ()));

static NEXT_TREE: Global<AtomicU64> = Global::new(|| AtomicU64::new(1));

/// The mounts of one or more views.
pub(crate) struct MountTree {
    id: u64,
    top: Arc<Mount>,
}

impl MountTree {
    /// A tree of `top` and what hangs on it.
    pub(crate) fn new(top: Arc<Mount>) -> Arc<Self> {
        let id = NEXT_TREE.fetch_add(1, Ordering::Relaxed);
        for mount in below(&top) {
            mount.set_tree_id(id);
        }
        Arc::new(Self { id, top })
    }

    /// Its number.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// The mount at the top.
    pub(crate) fn top(&self) -> &Arc<Mount> {
        &self.top
    }

    /// All mounts, parents before children.
    pub(crate) fn list(&self) -> Vec<Arc<Mount>> {
        let _held = TREES.lock();
        below(&self.top)
    }

    fn check(&self, path: &Path) -> Result<()> {
        if path.mount.tree_id() == self.id {
            Ok(())
        } else {
            Err(Error::InvalidArgument)
        }
    }

    /// Attaches `mount` with all that hangs on it at `target`, on top of what is there.
    pub(crate) fn attach(&self, mount: Arc<Mount>, target: &Path) -> Result<()> {
        let _held = TREES.lock();
        let target = target.clone().into_topmost();
        self.check(&target)?;
        if mount.root_dentry().inode().is_directory() != target.inode().is_directory() {
            return Err(Error::NotDirectory);
        }
        if target.dentry.is_removed() || !is_named(&target) {
            return Err(Error::NotFound);
        }
        for mount in below(&mount) {
            mount.set_tree_id(self.id);
        }
        mount.attach(&target);
        Ok(())
    }

    /// Detaches the mount whose top is `target`. Unless `lazy`, it must not be in use.
    pub(crate) fn detach(&self, target: Path, lazy: bool) -> Result<()> {
        let _held = TREES.lock();
        self.check(&target)?;
        if !target.is_mount_root() {
            return Err(Error::InvalidArgument);
        }
        if Arc::ptr_eq(&target.mount, &self.top) {
            return Err(Error::Busy);
        }
        // In use by nobody: held by its parent's list and by `target` only.
        if !lazy && (target.mount.has_children() || Arc::strong_count(&target.mount) > 2) {
            return Err(Error::Busy);
        }
        dismantle(&target.mount);
        Ok(())
    }

    /// Moves the mount at `source` to `target`.
    pub(crate) fn relocate(&self, source: &Path, target: &Path) -> Result<()> {
        let _held = TREES.lock();
        let target = target.clone().into_topmost();
        self.check(source)?;
        self.check(&target)?;
        if !source.is_mount_root() || Arc::ptr_eq(&source.mount, &self.top) {
            return Err(Error::InvalidArgument);
        }
        if source.inode().is_directory() != target.inode().is_directory() {
            return Err(Error::NotDirectory);
        }
        if below(&source.mount)
            .iter()
            .any(|mount| Arc::ptr_eq(mount, &target.mount))
        {
            return Err(Error::SymlinkLoop);
        }
        source.mount.detach();
        source.mount.attach(&target);
        Ok(())
    }
}

impl Drop for MountTree {
    fn drop(&mut self) {
        let _held = TREES.lock();
        dismantle(&self.top);
    }
}

/// A copy of the mount at `source`, with `source` as its top; with `recursive`, copies of what is
/// mounted below come along. `follow` are Paths to carry over into the copies where they lie in
/// what was copied.
pub(crate) fn copy(source: &Path, recursive: bool, follow: &mut [&mut Path]) -> Arc<Mount> {
    let _held = TREES.lock();
    let top = Mount::new(
        source.dentry.clone(),
        source.mount.flags(),
        source.mount.source().clone(),
    );
    let mut copies = Vec::from([(source.mount.clone(), top.clone())]);
    let mut index = 0;
    while let Some((original, copied)) = copies.get(index).cloned() {
        index += 1;
        if !recursive {
            break;
        }
        for child in original.children() {
            let Some(place) = child.mounted_at() else {
                continue;
            };
            if !place.dentry.is_below_or_same(copied.root_dentry()) {
                continue;
            }
            let new = Mount::new(
                child.root_dentry().clone(),
                child.flags(),
                child.source().clone(),
            );
            new.attach(&Path {
                mount: copied.clone(),
                dentry: place.dentry,
            });
            copies.push((child, new));
        }
    }
    for path in follow.iter_mut() {
        let copied = copies
            .iter()
            .find(|(original, _)| Arc::ptr_eq(original, &path.mount));
        if let Some((_, copied)) = copied {
            path.mount = copied.clone();
        }
    }
    top
}

/// `top` and everything attached below it, parents first.
fn below(top: &Arc<Mount>) -> Vec<Arc<Mount>> {
    let mut found = Vec::from([top.clone()]);
    let mut index = 0;
    while let Some(mount) = found.get(index) {
        let children = mount.children();
        found.extend(children);
        index += 1;
    }
    found
}

/// Takes a mount and all below it apart; each lives on only for those who hold it.
fn dismantle(top: &Arc<Mount>) {
    for mount in below(top).into_iter().rev() {
        mount.set_tree_id(0);
        mount.detach();
    }
}

/// False for a place that was moved out of its bind mount: it has no way up.
fn is_named(path: &Path) -> bool {
    path.dentry.is_below_or_same(path.mount.root_dentry())
}
