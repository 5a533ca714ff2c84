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
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

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
        root.volume().count_mount();
        Arc::new(Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            root,
            flags: AtomicU32::new(flags.bits()),
            tree: AtomicU64::new(0),
            place: SpinLock::new(rank::DENTRY, None),
            children: SpinLock::new(rank::DENTRY, Vec::new()),
            source,
            anonymous,
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
        self.flags().contains(MountFlags::READ_ONLY) || self.volume().filesystem().is_read_only()
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

    pub(crate) fn tree_id(&self) -> u64 {
        self.tree.load(Ordering::Relaxed)
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

impl Drop for Mount {
    fn drop(&mut self) {
        self.root.volume().uncount_mount();
    }
}
