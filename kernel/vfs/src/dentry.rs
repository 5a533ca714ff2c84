//! Dentries: an inode with its name and its place in the tree.
//!
//! There is at most one [`Dentry`] for a cached name at any time, so a directory's dentry can carry
//! what belongs to the directory as the vfs sees it: the lock that serialises changes, whether
//! something is mounted on it, whether it has been removed. A dentry holds its parent strongly, up
//! to the root; nothing holds children but the cache ([`crate::dentry_cache`]) and whoever uses
//! them. A removed dentry keeps its last name and parent, so that `getcwd` can still say what it
//! was.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use base::rank;
use base::sync::SpinLock;
use base::wait::WaitQueue;
use base::{Error, Result};
use hal::Global;
use object::FileKind;

use crate::inode::Inode;
use crate::volume::Volume;
use crate::watch;

/// Where a dentry hangs: changes with a rename.
#[derive(Clone)]
pub(crate) struct Location {
    /// `None` for the root of a file system.
    pub(crate) parent: Option<Arc<Dentry>>,
    /// Empty for the root of a file system.
    pub(crate) name: Arc<[u8]>,
}

/// A named inode.
pub struct Dentry {
    id: u64,
    volume: Arc<Volume>,
    inode: Arc<dyn Inode>,
    /// The inode's, which never changes: the walk asks at every step.
    kind: FileKind,
    /// The inode's too.
    folds_names: bool,
    location: SpinLock<Location>,
    changes: ChangeLock,
    mounts_here: AtomicU32,
    removed: AtomicBool,
}

/// Numbers for dentries; never used twice, so that a stale cache key matches nothing.
static NEXT_ID: Global<AtomicU64> = Global::new(|| AtomicU64::new(1));

impl Dentry {
    /// The root of a volume.
    pub(crate) fn root(volume: Arc<Volume>, inode: Arc<dyn Inode>) -> Arc<Self> {
        Self::make(
            volume,
            inode,
            Location {
                parent: None,
                name: Arc::from([]),
            },
        )
    }

    /// A dentry below `parent`. It is the caller's business to enter it in the cache.
    pub(crate) fn child(parent: &Arc<Dentry>, name: Arc<[u8]>, inode: Arc<dyn Inode>) -> Arc<Self> {
        let location = Location {
            parent: Some(parent.clone()),
            name,
        };
        Self::make(parent.volume.clone(), inode, location)
    }

    fn make(volume: Arc<Volume>, inode: Arc<dyn Inode>, location: Location) -> Arc<Self> {
        Arc::new(Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            volume,
            kind: inode.kind(),
            folds_names: inode.folds_names(),
            inode,
            location: SpinLock::new(rank::DENTRY, location),
            changes: ChangeLock::new(),
            mounts_here: AtomicU32::new(0),
            removed: AtomicBool::new(false),
        })
    }

    /// A number that no other dentry of this kernel has or had.
    #[inline]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// What kind of file is behind the name.
    #[inline]
    pub fn kind(&self) -> FileKind {
        self.kind
    }

    /// Whether its names have several spellings.
    #[inline]
    pub(crate) fn folds_names(&self) -> bool {
        self.folds_names
    }

    /// What the cache keeps a name in this directory by.
    pub(crate) fn cache_key(&self, name: &Arc<[u8]>) -> Arc<[u8]> {
        match self.folds_names {
            true => self.inode.name_key(name),
            false => name.clone(),
        }
    }

    /// The file behind the name.
    #[inline]
    pub fn inode(&self) -> &Arc<dyn Inode> {
        &self.inode
    }

    /// The file system instance it belongs to.
    pub fn volume(&self) -> &Arc<Volume> {
        &self.volume
    }

    /// Its present name; empty for a root.
    pub fn name(&self) -> Arc<[u8]> {
        self.location.lock().name.clone()
    }

    /// The directory it hangs in; `None` for a root.
    pub fn parent(&self) -> Option<Arc<Dentry>> {
        self.location.lock().parent.clone()
    }

    pub(crate) fn location(&self) -> Location {
        self.location.lock().clone()
    }

    pub(crate) fn set_location(&self, location: Location) {
        // The old parent is dropped outside the lock: it may be the last reference.
        let old = core::mem::replace(&mut *self.location.lock(), location);
        drop(old);
    }

    /// True once the name is gone from its directory.
    pub fn is_removed(&self) -> bool {
        self.removed.load(Ordering::Acquire)
    }

    pub(crate) fn mark_removed(&self) {
        self.removed.store(true, Ordering::Release);
    }

    /// True if something is mounted here in some view.
    #[inline]
    pub fn is_mount_point(&self) -> bool {
        self.mounts_here.load(Ordering::Acquire) != 0
    }

    pub(crate) fn count_mount(&self) {
        self.mounts_here.fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn uncount_mount(&self) {
        self.mounts_here.fetch_sub(1, Ordering::AcqRel);
    }

    /// True if `self` is `other` or lies below it. Only stable under the volume's rename lock.
    pub(crate) fn is_below_or_same(self: &Arc<Self>, other: &Arc<Dentry>) -> bool {
        let mut at = self.clone();
        loop {
            if Arc::ptr_eq(&at, other) {
                return true;
            }
            match at.parent() {
                Some(parent) => at = parent,
                None => return false,
            }
        }
    }

    /// Locks the directory against changes of its entries.
    pub(crate) fn lock_changes(&self) -> ChangeGuard<'_> {
        self.changes.lock()
    }

    /// Locks the directory to make or take entries; fails if it has been removed.
    pub(crate) fn lock_live(&self) -> Result<ChangeGuard<'_>> {
        let guard = self.changes.lock();
        if self.is_removed() {
            Err(Error::NotFound)
        } else {
            Ok(guard)
        }
    }
}

impl Drop for Dentry {
    /// Drops the chain of parents in a loop: a tree may be deeper than a kernel stack.
    fn drop(&mut self) {
        watch::note_dropped(self);
        let mut next = self.location.lock().parent.take();
        while let Some(parent) = next {
            next = Arc::into_inner(parent).and_then(|parent| parent.location.lock().parent.take());
        }
    }
}

/// The sleeping lock of a directory's entries.
///
/// It has no rank: directories nest by the tree, and two unrelated ones are only ever locked by a
/// rename that holds the volume's rename lock (see [`crate::rename`]).
struct ChangeLock {
    held: AtomicBool,
    waiting: WaitQueue,
}

/// Releases the directory when dropped.
pub(crate) struct ChangeGuard<'a>(&'a ChangeLock);

impl ChangeLock {
    fn new() -> Self {
        Self {
            held: AtomicBool::new(false),
            waiting: WaitQueue::new(),
        }
    }

    fn try_take(&self) -> bool {
        self.held
            .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    fn lock(&self) -> ChangeGuard<'_> {
        if !self.try_take() {
            self.waiting.wait_until(|| self.try_take().then_some(()));
        }
        ChangeGuard(self)
    }
}

impl Drop for ChangeGuard<'_> {
    fn drop(&mut self) {
        self.0.held.store(false, Ordering::Release);
        self.0.waiting.wake_one();
    }
}
