//! Mounts: a file system, or a part of one, attached somewhere.
//!
//! Every mount belongs to one tree ([`crate::mount_tree`]), which is what a view stands on. The walk crosses a
//! mount by two questions only: *what is mounted on this dentry of this mount* ([`Mount::mounted_on`], asked
//! only where the dentry says that something is mounted on it in some view) and *where is this mount
//! attached* ([`Mount::mounted_at`]). Both are answered by the mounts themselves, so a walk needs
//! no table of its view, and a Path that came from another view goes on in that view's tree: names
//! lead only through what one holds.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};

use base::rank;
use base::sync::SpinLock;
use hal::Global;

use crate::dentry::Dentry;
use crate::path::Path;
use crate::volume::Volume;

bitflags::bitflags! {
    /// How a mount restricts what is seen through it.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct MountFlags: u32 {
        /// Nothing is written.
        const READ_ONLY = 1;
        /// Set-user-id and set-group-id bits are ignored.
        const NO_SET_ID = 2;
        /// Device nodes are not opened.
        const NO_DEVICES = 4;
        /// Nothing is executed.
        const NO_EXECUTE = 8;
        /// Access times are not kept.
        const NO_ACCESS_TIME = 16;
        /// Access times of directories are not kept.
        const NO_DIRECTORY_ACCESS_TIME = 32;
        /// Access times are kept at every read, instead of once a day or after a change.
        const STRICT_ACCESS_TIME = 64;
        /// Symbolic links are not followed.
        const NO_SYMLINK_FOLLOW = 128;
    }
}

/// An attached file system, or a part of one.
pub struct Mount {
    id: u64,
    root: Arc<Dentry>,
    flags: AtomicU32,
    /// The number of the tree it belongs to; 0 once it is detached.
    tree: AtomicU64,
    place: SpinLock<Option<Path>>,
    /// What is mounted on dentries seen through this mount, by the dentry's number.
    children: SpinLock<Vec<(u64, Arc<Mount>)>>,
    /// The device column of `mount`.
    source: Arc<[u8]>,
    /// The text of objects that have no name (`pipe:[7]`).
    anonymous: Option<Vec<u8>>,
    /// Its peer group; 0 for none. This and `master` are changed under the lock of mount trees only.
    group: AtomicU64,
    /// The group it hears, where it is in none itself.
    master: AtomicU64,
    unbindable: AtomicBool,
    /// Files open for writing through it: such a mount does not become read-only.
    writers: AtomicU32,
    /// How many walks may still come in before it no longer counts as unused (umount2, `MNT_EXPIRE`).
    unused: AtomicU8,
    /// Last, so that it goes last: with the last mount the names of a file system go that nobody holds any more.
    _counted: Counted,
}

/// A mount, as its volume counts it.
struct Counted(Arc<Volume>);

impl Counted {
    fn new(volume: &Arc<Volume>) -> Self {
        volume.count_mount();
        Self(volume.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.uncount_mount();
    }
}

static NEXT_ID: Global<AtomicU64> = Global::new(|| AtomicU64::new(1));

impl Mount {
    /// A mount whose top is `root`, attached nowhere yet.
    pub(crate) fn new(root: Arc<Dentry>, flags: MountFlags, source: Arc<[u8]>) -> Arc<Self> {
        Self::make(root, flags, source, None)
    }

    /// The mount that an unnamed object is seen through.
    pub(crate) fn anonymous(root: Arc<Dentry>, text: Vec<u8>) -> Arc<Self> {
        Self::make(root, MountFlags::empty(), Arc::from([]), Some(text))
    }

    fn make(
        root: Arc<Dentry>,
        flags: MountFlags,
        source: Arc<[u8]>,
        anonymous: Option<Vec<u8>>,
    ) -> Arc<Self> {
        let counted = Counted::new(root.volume());
        Arc::new(Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            root,
            flags: AtomicU32::new(flags.bits()),
            tree: AtomicU64::new(0),
            place: SpinLock::new(rank::DENTRY, None),
            children: SpinLock::new(rank::DENTRY, Vec::new()),
            source,
            anonymous,
            group: AtomicU64::new(0),
            master: AtomicU64::new(0),
            unbindable: AtomicBool::new(false),
            writers: AtomicU32::new(0),
            unused: AtomicU8::new(0),
            _counted: counted,
        })
    }

    /// Its number in `mountinfo`.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The dentry at its top.
    pub fn root_dentry(&self) -> &Arc<Dentry> {
        &self.root
    }

    /// The file system seen through it.
    pub fn volume(&self) -> &Arc<Volume> {
        self.root.volume()
    }

    /// What was said to be mounted: a device, or a word.
    pub fn source(&self) -> &Arc<[u8]> {
        &self.source
    }

    /// Its restrictions.
    pub fn flags(&self) -> MountFlags {
        MountFlags::from_bits_truncate(self.flags.load(Ordering::Relaxed))
    }

    /// Replaces its restrictions (a remount).
    pub(crate) fn set_flags(&self, flags: MountFlags) {
        self.flags.store(flags.bits(), Ordering::Relaxed);
    }

    /// True where nothing may be written.
    pub fn is_read_only(&self) -> bool {
        self.flags().contains(MountFlags::READ_ONLY) || self.volume().is_read_only()
    }

    /// The place it covers; `None` for the top of a tree and once it is detached.
    pub fn mounted_at(&self) -> Option<Path> {
        self.place.lock().clone()
    }

    /// What covers `dentry` seen through this mount.
    pub(crate) fn mounted_on(&self, dentry: &Dentry) -> Option<Arc<Mount>> {
        let children = self.children.lock();
        children
            .iter()
            .find(|(at, _)| *at == dentry.id())
            .map(|(_, mount)| mount.clone())
    }

    /// The mounts attached to this one, oldest first.
    pub fn children(&self) -> Vec<Arc<Mount>> {
        self.children
            .lock()
            .iter()
            .map(|(_, mount)| mount.clone())
            .collect()
    }

    pub(crate) fn has_children(&self) -> bool {
        !self.children.lock().is_empty()
    }

    /// Its peer group; 0 for none.
    pub(crate) fn group(&self) -> u64 {
        self.group.load(Ordering::Relaxed)
    }

    /// The group it hears, where it is in no group itself; 0 for none.
    pub(crate) fn own_master(&self) -> u64 {
        self.master.load(Ordering::Relaxed)
    }

    pub(crate) fn set_peers(&self, group: u64, master: u64) {
        self.group.store(group, Ordering::Relaxed);
        self.master.store(master, Ordering::Relaxed);
    }

    /// True where it may not be bound.
    pub(crate) fn is_unbindable(&self) -> bool {
        self.unbindable.load(Ordering::Relaxed)
    }

    pub(crate) fn set_unbindable(&self, unbindable: bool) {
        self.unbindable.store(unbindable, Ordering::Relaxed);
    }

    /// Counts a file open for writing. The caller looks whether the mount is read-only *afterwards*, and whoever makes
    /// it read-only looks for writers after that: one of the two sees the other.
    pub(crate) fn begin_write(&self) {
        self.writers.fetch_add(1, Ordering::SeqCst);
        self.volume().begin_write();
    }

    pub(crate) fn end_write(&self) {
        self.writers.fetch_sub(1, Ordering::SeqCst);
        self.volume().end_write();
    }

    pub(crate) fn has_writers(&self) -> bool {
        self.writers.load(Ordering::SeqCst) != 0
    }

    /// A walk comes in.
    #[inline]
    pub(crate) fn note_use(&self) {
        let left = self.unused.load(Ordering::Relaxed);
        if left != 0 {
            self.unused.store(left - 1, Ordering::Relaxed);
        }
    }

    /// True if nobody but the caller's own walk has come in since the last time; marks it for the next time.
    pub(crate) fn expire(&self) -> bool {
        self.unused.swap(2, Ordering::Relaxed) == 1
    }

    pub(crate) fn tree_id(&self) -> u64 {
        self.tree.load(Ordering::Relaxed)
    }

    /// True if it belongs to a view, and is neither detached nor unmounted.
    pub(crate) fn is_in_view(&self) -> bool {
        let tree = self.tree_id();
        tree != 0 && tree & crate::mount_tree::DETACHED == 0
    }

    /// True at the top of mounts that only an open file holds.
    pub(crate) fn is_detached_top(&self) -> bool {
        self.tree_id() & crate::mount_tree::DETACHED != 0 && self.place.lock().is_none()
    }

    pub(crate) fn set_tree_id(&self, id: u64) {
        self.tree.store(id, Ordering::Relaxed);
    }

    pub(crate) fn anonymous_name(&self) -> Option<Vec<u8>> {
        self.anonymous.clone()
    }

    /// Puts this mount on `place`. The caller holds the lock of mount trees and has checked that
    /// the place is free.
    pub(crate) fn attach(self: &Arc<Self>, place: &Path) {
        place.dentry.count_mount();
        *self.place.lock() = Some(place.clone());
        place
            .mount
            .children
            .lock()
            .push((place.dentry.id(), self.clone()));
    }

    /// Takes this mount off its place. The caller holds the lock of mount trees.
    pub(crate) fn detach(self: &Arc<Self>) {
        let Some(place) = self.place.lock().take() else {
            return;
        };
        let mut children = place.mount.children.lock();
        let index = children
            .iter()
            .position(|(_, mount)| Arc::ptr_eq(mount, self));
        let entry = index.map(|index| children.remove(index));
        drop(children);
        drop(entry);
        place.dentry.uncount_mount();
    }
}

impl Mount {
    /// Comes between `upper` and the place that `upper` covers, in one step for those who walk there; what covers this
    /// mount already comes below `upper` too. The caller holds the lock of mount trees.
    pub(crate) fn slip_below(self: &Arc<Self>, upper: &Arc<Mount>) {
        let Some(place) = upper.mounted_at() else {
            return;
        };
        let own = Path {
            mount: self.clone(),
            dentry: self.root.clone(),
        };
        let own = own.into_topmost();
        own.dentry.count_mount();
        let entry = (own.dentry.id(), upper.clone());
        own.mount.children.lock().push(entry);
        *self.place.lock() = Some(place.clone());
        let entry = (place.dentry.id(), self.clone());
        let mut children = place.mount.children.lock();
        let found = children
            .iter_mut()
            .find(|(_, mount)| Arc::ptr_eq(mount, upper));
        // One mount less and one more on that dentry.
        let old = found.map(|found| core::mem::replace(found, entry));
        drop(children);
        drop(old);
        let old = upper.place.lock().replace(own);
        drop(old);
    }
}
