//! Trees of mounts: attach, detach, move, list.
//!
//! All changes to all trees happen under one sleeping lock, [`TREES`]; they are rare, and what happens in one tree may
//! happen in others ([`crate::propagate`]). Walks never take it: they read the links between mounts one at a time, and
//! a walk that meets a mount which is just going away simply ends up in a detached one, as if it had been there a
//! moment earlier.
//!
//! A tree belongs to a view, or it is *detached*: held by an open file only, until it is attached somewhere
//! (open_tree(2), fsmount(2)). A *sealed* tree does not change any more.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use base::rank;
use base::sync::{Mutex, MutexGuard, SpinLock};
use base::{Error, Result};
use hal::Global;
use object::FileKind;

use crate::dentry::Dentry;
use crate::mount::Mount;
use crate::mount_changes::MountChanges;
use crate::path::Path;
use crate::peers::{Groups, Kinship, Propagation};
use crate::propagate;

/// What all trees have together.
#[derive(Default)]
pub(crate) struct Trees {
    pub(crate) groups: Groups,
    /// How many mounts each tree has.
    sizes: BTreeMap<u64, usize>,
    /// Who is told when a view's tree changes.
    changes: BTreeMap<u64, Arc<MountChanges>>,
    /// Which trees are sealed.
    sealed: BTreeSet<u64>,
    /// Every mount that is in a tree, by its number.
    mounts: BTreeMap<u64, Weak<Mount>>,
    /// What was taken out. With a mount a file system may end, and with that views of its own: not under the lock.
    ended: Vec<Arc<Mount>>,
}

/// The lock of all trees, held.
pub(crate) struct Held {
    // In this order: what was taken out goes after the lock.
    trees: MutexGuard<'static, Trees>,
    ended: Vec<Arc<Mount>>,
}

impl Deref for Held {
    type Target = Trees;

    fn deref(&self) -> &Trees {
        &self.trees
    }
}

impl DerefMut for Held {
    fn deref_mut(&mut self) -> &mut Trees {
        &mut self.trees
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.ended = core::mem::take(&mut self.trees.ended);
    }
}

static TREES: Global<Mutex<Trees>> =
    Global::new(|| Mutex::new(rank::MOUNT_TREES, Trees::default()));

static NEXT_TREE: Global<AtomicU64> = Global::new(|| AtomicU64::new(1));

/// Set in the numbers of trees that belong to no view.
pub(crate) const DETACHED: u64 = 1 << 63;

/// The most mounts in one tree (Linux: `/proc/sys/fs/mount-max`).
pub(crate) const MOST_MOUNTS: usize = 100_000;

/// Holds all trees as they are.
pub(crate) fn lock() -> Held {
    Held {
        trees: TREES.lock(),
        ended: Vec::new(),
    }
}

impl Trees {
    /// Counts a mount in a tree, which it belongs to from now on.
    pub(crate) fn enroll(&mut self, mount: &Arc<Mount>, tree: u64) {
        self.discharge(mount);
        mount.set_tree_id(tree);
        self.mounts.insert(mount.id(), Arc::downgrade(mount));
        *self.sizes.entry(tree).or_default() += 1;
        self.touch(tree);
    }

    /// Tells who listens to a tree that it has changed.
    pub(crate) fn touch(&self, tree: u64) {
        if let Some(changes) = self.changes.get(&tree) {
            changes.note();
        }
    }

    /// Fails for a place in a sealed tree: in a copy of it that can be changed, what its mounts cover would be seen, and
    /// what they forbid could be done.
    pub(crate) fn check_may_copy(&self, source: &Path) -> Result<()> {
        match self.sealed.contains(&source.mount.tree_id()) {
            true => Err(Error::NotPermitted),
            false => Ok(()),
        }
    }

    /// The mount with a number, if it is in tree `tree`.
    pub(crate) fn find(&self, number: u64, tree: u64) -> Option<Arc<Mount>> {
        let mount = self.mounts.get(&number)?.upgrade()?;
        (mount.tree_id() == tree).then_some(mount)
    }

    fn discharge(&mut self, mount: &Mount) {
        let tree = mount.tree_id();
        if let Some(size) = self.sizes.get_mut(&tree) {
            *size -= 1;
            if *size == 0 {
                self.sizes.remove(&tree);
            }
            self.touch(tree);
        }
        mount.set_tree_id(0);
        self.mounts.remove(&mount.id());
    }

    /// The mounts that lie on a dentry, in whatever tree.
    fn on(&self, dentry: &Arc<Dentry>) -> Vec<Arc<Mount>> {
        let mounts = self.mounts.values().filter_map(Weak::upgrade);
        let lies_there = |mount: &Arc<Mount>| {
            mount
                .mounted_at()
                .is_some_and(|place| Arc::ptr_eq(&place.dentry, dentry))
        };
        mounts.filter(lies_there).collect()
    }

    /// Fails if a tree would have too many mounts with `more` of them.
    pub(crate) fn check_room(&self, tree: u64, more: usize) -> Result<()> {
        let size = self.sizes.get(&tree).copied().unwrap_or(0);
        if size.saturating_add(more) > MOST_MOUNTS {
            return Err(Error::NoSpace);
        }
        Ok(())
    }

    /// Takes one mount out of everything; it lives on only for those who hold it.
    pub(crate) fn remove(&mut self, mount: &Arc<Mount>) {
        self.groups.leave(mount);
        self.discharge(mount);
        mount.detach();
        self.ended.push(mount.clone());
    }

    /// Takes a mount and all below it apart.
    pub(crate) fn dismantle(&mut self, top: &Arc<Mount>) {
        for mount in below(top).into_iter().rev() {
            self.remove(&mount);
        }
    }

    /// A mount of what `original` shows from `root` on.
    pub(crate) fn copy_one(
        &mut self,
        original: &Arc<Mount>,
        root: &Path,
        kinship: Kinship,
    ) -> Result<Arc<Mount>> {
        base::room::for_one_more()?;
        let copy = Mount::new(
            root.dentry.clone(),
            original.flags(),
            original.source().clone(),
        );
        self.groups.relate(&copy, original, kinship);
        Ok(copy)
    }

    /// A copy of the mount at `source`, with `source` as its top, and how to find a mount's copy: pairs of both. With
    /// `recursive`, copies of what is mounted below come along, unbindable ones only with `everything`.
    pub(crate) fn copy(
        &mut self,
        source: &Path,
        recursive: bool,
        everything: bool,
        kinship: Kinship,
    ) -> Result<Copies> {
        let top = self.copy_one(&source.mount, source, kinship)?;
        top.set_unbindable(source.mount.is_unbindable());
        let mut copies = Vec::from([(source.mount.clone(), top)]);
        if recursive && let Err(error) = self.copy_below(source, everything, kinship, &mut copies) {
            self.dismantle(&copies[0].1);
            return Err(error);
        }
        Ok(Copies(copies))
    }

    fn copy_below(
        &mut self,
        source: &Path,
        everything: bool,
        kinship: Kinship,
        copies: &mut Vec<(Arc<Mount>, Arc<Mount>)>,
    ) -> Result<()> {
        // Parents before children, and nothing below what was left out.
        for original in below(&source.mount).into_iter().skip(1) {
            let Some(place) = original.mounted_at() else {
                continue;
            };
            let above = copies
                .iter()
                .find(|(known, _)| Arc::ptr_eq(known, &place.mount));
            let Some((_, above)) = above.cloned() else {
                continue;
            };
            if (original.is_unbindable() && !everything)
                || !place.dentry.is_below_or_same(above.root_dentry())
            {
                continue;
            }
            let copy = self.copy_one(&original, &top_of(&original), kinship)?;
            copy.set_unbindable(original.is_unbindable());
            copy.attach(&Path {
                mount: above,
                dentry: place.dentry,
            });
            copies.push((original, copy));
        }
        Ok(())
    }
}

/// Whether something is mounted on `dentry` in a tree, which keeps the name from going away. What is mounted there in
/// other trees does not: nobody keeps another's files by mounting on them.
pub(crate) fn is_mounted_on(dentry: &Arc<Dentry>, tree: u64) -> bool {
    dentry.is_mount_point()
        && lock()
            .on(dentry)
            .iter()
            .any(|mount| mount.tree_id() == tree)
}

/// Takes away, lazily, whatever is mounted on a name that is gone.
pub(crate) fn uncover(dentry: &Arc<Dentry>) {
    if !dentry.is_mount_point() {
        return;
    }
    let mut trees = lock();
    for mount in trees.on(dentry) {
        trees.dismantle(&mount);
    }
}

/// Mounts that were copied, each with its copy; the top first.
pub(crate) struct Copies(Vec<(Arc<Mount>, Arc<Mount>)>);

impl Copies {
    /// The copy of the top.
    pub(crate) fn top(&self) -> &Arc<Mount> {
        &self.0[0].1
    }

    /// Carries a Path over to the copy of its mount, if there is one.
    pub(crate) fn follow(&self, path: &mut Path) {
        let copied = self
            .0
            .iter()
            .find(|(original, _)| Arc::ptr_eq(original, &path.mount));
        if let Some((_, copy)) = copied {
            path.mount = copy.clone();
        }
    }
}

/// The place at the top of a mount.
pub(crate) fn top_of(mount: &Arc<Mount>) -> Path {
    Path {
        mount: mount.clone(),
        dentry: mount.root_dentry().clone(),
    }
}

/// `top` and everything attached below it, each before what is below it.
pub(crate) fn below(top: &Arc<Mount>) -> Vec<Arc<Mount>> {
    let mut found = Vec::new();
    let mut pending = Vec::from([top.clone()]);
    while let Some(mount) = pending.pop() {
        pending.extend(mount.children().into_iter().rev());
        found.push(mount);
    }
    found
}

/// The mounts of a view, or detached ones that somebody holds.
pub(crate) struct MountTree {
    id: u64,
    /// `None` once a detached tree has been attached elsewhere.
    top: SpinLock<Option<Arc<Mount>>>,
    sealed: AtomicBool,
    changes: Arc<MountChanges>,
}

impl MountTree {
    /// A tree of `top` and what hangs on it.
    pub(crate) fn new(top: Arc<Mount>) -> Arc<Self> {
        Self::with_id(&mut lock(), top, 0)
    }

    /// A tree that belongs to no view.
    pub(crate) fn detached(trees: &mut Trees, top: Arc<Mount>) -> Arc<Self> {
        Self::with_id(trees, top, DETACHED)
    }

    pub(crate) fn with_id(trees: &mut Trees, top: Arc<Mount>, mark: u64) -> Arc<Self> {
        let id = NEXT_TREE.fetch_add(1, Ordering::Relaxed) | mark;
        for mount in below(&top) {
            trees.enroll(&mount, id);
        }
        let changes = Arc::new(MountChanges::new());
        if mark != DETACHED {
            trees.changes.insert(id, changes.clone());
        }
        Arc::new(Self {
            id,
            top: SpinLock::new(rank::VIEW, Some(top)),
            sealed: AtomicBool::new(false),
            changes,
        })
    }

    /// Its number.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Who is told when it changes.
    pub(crate) fn changes(&self) -> &Arc<MountChanges> {
        &self.changes
    }

    /// The mount at the top.
    pub(crate) fn top(&self) -> Option<Arc<Mount>> {
        self.top.lock().clone()
    }

    pub(crate) fn set_top(&self, top: &Arc<Mount>) {
        let old = self.top.lock().replace(top.clone());
        drop(old);
    }

    fn is_top(&self, mount: &Arc<Mount>) -> bool {
        self.top().is_some_and(|top| Arc::ptr_eq(&top, mount))
    }

    /// All mounts, in the order in which they were made.
    pub(crate) fn list(&self) -> Vec<Arc<Mount>> {
        let _held = lock();
        let mut mounts = self.top().map_or_else(Vec::new, |top| below(&top));
        mounts.sort_by_key(|mount| mount.id());
        mounts
    }

    /// Whether a place lies in this tree.
    pub(crate) fn holds(&self, path: &Path) -> bool {
        path.mount.tree_id() == self.id
    }

    /// True if it does not change any more.
    pub(crate) fn is_sealed(&self) -> bool {
        self.sealed.load(Ordering::Acquire)
    }

    /// Seals it. Its mounts hear of nobody else's changes from now on.
    pub(crate) fn seal(&self) {
        let mut trees = lock();
        self.sealed.store(true, Ordering::Release);
        trees.sealed.insert(self.id);
        for mount in self.top().iter().flat_map(below) {
            trees.groups.leave(&mount);
        }
    }

    /// Fails if `path` is not in this tree, or the tree is sealed.
    pub(crate) fn check(&self, path: &Path) -> Result<()> {
        if !self.holds(path) {
            Err(Error::InvalidArgument)
        } else if self.is_sealed() {
            Err(Error::NotPermitted)
        } else {
            Ok(())
        }
    }

    /// Attaches `mount` with all that hangs on it at `target`, on top of what is there, and a copy wherever that is
    /// heard. What is not attached is taken apart.
    pub(crate) fn attach(&self, mount: Arc<Mount>, target: &Path) -> Result<()> {
        let mut trees = lock();
        let attached = self.attach_locked(&mut trees, &mount, target);
        if attached.is_err() {
            trees.dismantle(&mount);
        }
        attached
    }

    pub(crate) fn attach_locked(
        &self,
        trees: &mut Trees,
        mount: &Arc<Mount>,
        target: &Path,
    ) -> Result<()> {
        let target = target.clone().into_topmost();
        self.check(&target)?;
        check_mount_point(&target)?;
        if mount.root_dentry().inode().is_directory() != target.inode().is_directory() {
            return Err(Error::NotDirectory);
        }
        propagate::attach(trees, mount, &target, self.id)
    }

    /// Detaches the mount whose top is `target`. Unless `lazy`, it must not be in use, nor any that goes with it.
    pub(crate) fn detach(&self, target: Path, lazy: bool) -> Result<()> {
        let mut trees = lock();
        self.check(&target)?;
        if !target.is_mount_root() || self.is_top(&target.mount) {
            return Err(Error::InvalidArgument);
        }
        // In use by nobody: held by its parent's list and by `target` only.
        if !lazy && propagate::is_busy(&trees, &target.mount, 2) {
            return Err(Error::Busy);
        }
        propagate::detach(&mut trees, &target.mount, lazy);
        Ok(())
    }

    /// Detaches a mount that nobody has used since the last time; [`Error::WouldBlock`] marks it for the next.
    pub(crate) fn expire(&self, target: Path) -> Result<()> {
        {
            let trees = lock();
            self.check(&target)?;
            if !target.is_mount_root() {
                return Err(Error::InvalidArgument);
            }
            if self.is_top(&target.mount) || propagate::is_busy(&trees, &target.mount, 2) {
                return Err(Error::Busy);
            }
            if !target.mount.expire() {
                return Err(Error::WouldBlock);
            }
        }
        self.detach(target, false)
    }

    /// Moves the mount at `source` to `target`.
    pub(crate) fn relocate(&self, source: &Path, target: &Path, cover: Cover) -> Result<()> {
        let mut trees = lock();
        let target = self.mount_point(&trees, &source.mount, target, cover)?;
        self.check(source)?;
        let place = source.mount.mounted_at();
        let place = place.ok_or(Error::InvalidArgument)?;
        if !source.is_mount_root() || place.mount.group() != 0 {
            return Err(Error::InvalidArgument);
        }
        check_move(source, &target)?;
        propagate::attach(&mut trees, &source.mount, &target, self.id)
    }

    /// Attaches what a detached tree holds at `target`; the tree is empty afterwards.
    pub(crate) fn adopt(&self, tree: &MountTree, target: &Path, cover: Cover) -> Result<()> {
        let mut trees = lock();
        let top = tree.top().ok_or(Error::InvalidArgument)?;
        let target = self.mount_point(&trees, &top, target, cover)?;
        check_move(&top_of(&top), &target)?;
        propagate::attach(&mut trees, &top, &target, self.id)?;
        let given = tree.top.lock().take();
        drop(given);
        Ok(())
    }

    /// Where `source` goes if it is to be attached at `target`.
    fn mount_point(
        &self,
        trees: &Trees,
        source: &Arc<Mount>,
        target: &Path,
        cover: Cover,
    ) -> Result<Path> {
        let top = target.clone().into_topmost();
        self.check(&top)?;
        let target = match cover {
            Cover::All => top,
            Cover::NotTheTop => {
                // What hangs on the covering mount cannot come below it.
                let mut above = Some(source.clone());
                while let Some(mount) = above {
                    if Arc::ptr_eq(&mount, &top.mount) {
                        return Err(Error::InvalidArgument);
                    }
                    above = mount.mounted_at().map(|place| place.mount);
                }
                let place = top.mount.mounted_at().filter(|_| top.is_mount_root());
                let place = place.ok_or(Error::InvalidArgument)?;
                // What is attached there would come back as a copy on top of one of the two.
                let group = place.mount.group();
                let comes_back = |mount: &Arc<Mount>| {
                    Arc::ptr_eq(mount.root_dentry(), &place.dentry)
                        && trees.groups.is_reached(mount, group)
                };
                if group != 0 && (comes_back(&top.mount) || comes_back(source)) {
                    return Err(Error::InvalidArgument);
                }
                place
            }
        };
        check_mount_point(&target)?;
        Ok(target)
    }

    /// Changes how the mount whose top is `target` takes part in the changes of others, with `recursive` all below it
    /// too.
    pub(crate) fn change(&self, target: &Path, to: Propagation, recursive: bool) -> Result<()> {
        let mut trees = lock();
        self.check(target)?;
        if !target.is_mount_root() {
            return Err(Error::InvalidArgument);
        }
        for mount in these(&target.mount, recursive) {
            trees.groups.change(&mount, to);
        }
        Ok(())
    }
}

/// What a mount covers where it is attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cover {
    /// Whatever is at the place.
    All,
    /// What lies below the topmost mount there, which stays on top (move_mount(2), `MOVE_MOUNT_BENEATH`).
    NotTheTop,
}

/// A mount, with `recursive` those below it too.
pub(crate) fn these(mount: &Arc<Mount>, recursive: bool) -> Vec<Arc<Mount>> {
    if recursive {
        below(mount)
    } else {
        Vec::from([mount.clone()])
    }
}

/// Fails where nothing can be mounted: on what was removed, has no way up, or is no name of its own.
fn check_mount_point(target: &Path) -> Result<()> {
    let named = target.dentry.is_below_or_same(target.mount.root_dentry());
    if target.dentry.is_removed() || !named {
        return Err(Error::NotFound);
    }
    // What leads to an object rather than a name (`/proc/PID/fd/N`) goes with that object. It is not followed here: the
    // last who has the object open may be gone by then, and with it may go a tree of mounts.
    if target.dentry.kind() == FileKind::SymbolicLink && target.inode().is_magic_link() {
        return Err(Error::NotFound);
    }
    Ok(())
}

/// What holds for every move: kinds agree, nothing unbindable becomes shared, and nothing lands in itself.
fn check_move(source: &Path, target: &Path) -> Result<()> {
    if source.inode().is_directory() != target.inode().is_directory() {
        return Err(Error::InvalidArgument);
    }
    let moved = below(&source.mount);
    if target.mount.group() != 0 && moved.iter().any(|mount| mount.is_unbindable()) {
        return Err(Error::InvalidArgument);
    }
    if moved.iter().any(|mount| Arc::ptr_eq(mount, &target.mount)) {
        return Err(Error::SymlinkLoop);
    }
    Ok(())
}

impl Drop for MountTree {
    fn drop(&mut self) {
        let top = self.top.lock().take();
        if let Some(top) = top {
            let mut trees = lock();
            trees.changes.remove(&self.id);
            trees.sealed.remove(&self.id);
            trees.dismantle(&top);
        }
    }
}
