//! Volumes: a file system instance as the vfs sees it.
//!
//! However often and in however many views a file system is mounted, it has one [`Volume`] and one
//! root dentry, found by its device number, so that a name changed through one mount is changed
//! through all. The volume ends with its last mount and open file.

use alloc::collections::BTreeMap;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};

use base::rank;
use base::sync::{Mutex, SpinLock};
use base::{Error, Result};
use hal::Global;
use hal::sync::Rank;

use crate::dentry::Dentry;
use crate::dentry_cache;
use crate::inode::{FileSystem, Inode};
use crate::watch;

bitflags::bitflags! {
    /// What has reached the device when the call that changed it returns (mount(8), `sync` and `dirsync`).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Prompt: u8 {
        /// Everything: bytes, attributes, names.
        const ALL = 1;
        /// Names.
        const NAMES = 2;
    }
}

/// A file system instance, as mounted.
pub struct Volume {
    filesystem: Arc<dyn FileSystem>,
    device: u64,
    /// It is in the table of roots, and its names in the cache.
    shared: bool,
    /// It lies on other file systems.
    stacked: bool,
    mounts: AtomicUsize,
    /// Nothing is written, because a mount or a remount said so.
    read_only: AtomicBool,
    /// Bits of [`Prompt`].
    prompt: AtomicU8,
    /// Files open for writing, through whatever mount, and through what writes to this one.
    writers: AtomicUsize,
    /// Held while a rename moves something from one directory to another.
    pub(crate) rename_lock: Mutex<()>,
    /// Counts renames, so that building a path can notice one.
    pub(crate) renames: AtomicU64,
}

static ROOTS: Global<SpinLock<BTreeMap<u64, Weak<Dentry>>>> =
    Global::new(|| SpinLock::new(rank::DENTRY, BTreeMap::new()));

static NEXT_DEVICE: Global<AtomicU64> = Global::new(|| AtomicU64::new(1));

/// A device number for a file system that lies on no device: major 0, a new minor.
pub fn allocate_device() -> u64 {
    let minor = NEXT_DEVICE.fetch_add(1, Ordering::Relaxed);
    // Linux's encoding of major 0: the minor's low byte below, the rest above the major's place.
    (minor & 0xff) | (minor & !0xff) << 12
}

/// A file system that lies on others renames there while its own shape is held, and writes there what
/// it first has to bring up.
fn shape_rank(filesystem: &dyn FileSystem) -> Rank {
    match filesystem.stack_depth() {
        0 => rank::TREE_SHAPE,
        depth => Rank(rank::STACKED_SHAPE.0.saturating_sub(depth)),
    }
}

impl Volume {
    /// The root dentry of `filesystem`, the same for all its mounts.
    pub(crate) fn root_of(filesystem: &Arc<dyn FileSystem>) -> Arc<Dentry> {
        let device = filesystem.device();
        if let Some(root) = ROOTS.lock().get(&device).and_then(Weak::upgrade) {
            return root;
        }
        let made = Dentry::root(Self::make(filesystem.clone(), true), filesystem.root());
        let mut roots = ROOTS.lock();
        if let Some(root) = roots.get(&device).and_then(Weak::upgrade) {
            drop(roots);
            return root;
        }
        roots.retain(|_, root| root.strong_count() != 0);
        roots.insert(device, Arc::downgrade(&made));
        made
    }

    /// The root of the whole file system. As long as somebody keeps it this is *the* volume of its file system, mounted or
    /// not: who mounts that again gets this one, with its counts.
    pub fn root(&self) -> Arc<Dentry> {
        Self::root_of(&self.filesystem)
    }

    /// A volume that cannot be found by its device: for file systems of one nameless object.
    pub(crate) fn alone(filesystem: Arc<dyn FileSystem>) -> Arc<Self> {
        Self::make(filesystem, false)
    }

    fn make(filesystem: Arc<dyn FileSystem>, shared: bool) -> Arc<Self> {
        Arc::new(Volume {
            device: filesystem.device(),
            shared,
            stacked: filesystem.stack_depth() != 0,
            mounts: AtomicUsize::new(0),
            read_only: AtomicBool::new(filesystem.begins_read_only()),
            prompt: AtomicU8::new(0),
            writers: AtomicUsize::new(0),
            rename_lock: Mutex::new(shape_rank(&*filesystem), ()),
            renames: AtomicU64::new(0),
            filesystem,
        })
    }

    /// The volume of the file system with a device number, if it is mounted or held somewhere.
    pub fn find(device: u64) -> Option<Arc<Volume>> {
        let root = ROOTS.lock().get(&device).and_then(Weak::upgrade)?;
        Some(root.volume().clone())
    }

    /// All volumes that are mounted or held somewhere.
    pub fn all() -> Vec<Arc<Volume>> {
        let roots: Vec<_> = ROOTS.lock().values().filter_map(Weak::upgrade).collect();
        roots.iter().map(|root| root.volume().clone()).collect()
    }

    /// The file system.
    pub fn filesystem(&self) -> &Arc<dyn FileSystem> {
        &self.filesystem
    }

    /// Its device number.
    pub fn device(&self) -> u64 {
        self.device
    }

    /// True where nothing is written, through whatever mount: the file system cannot, or it was told not to.
    pub fn is_read_only(&self) -> bool {
        self.read_only.load(Ordering::SeqCst) || self.filesystem.is_read_only()
    }

    /// Whether a file system that nobody else has mounted is read-only from its start, and what of it is prompt.
    pub(crate) fn begin(&self, read_only: bool, prompt: Prompt) {
        if self.mounts.load(Ordering::Acquire) <= 1 {
            if read_only {
                self.read_only.store(true, Ordering::SeqCst);
            }
            self.prompt.store(prompt.bits(), Ordering::Relaxed);
        }
    }

    /// What has reached the device when the call that changed it returns.
    #[inline]
    pub fn prompt(&self) -> Prompt {
        Prompt::from_bits_truncate(self.prompt.load(Ordering::Relaxed))
    }

    /// Whether that is everything: it was said of this one, or of the one that it writes to.
    #[inline]
    pub fn is_prompt(&self) -> bool {
        self.prompt().contains(Prompt::ALL) || self.below().is_some_and(|below| below.is_prompt())
    }

    #[inline]
    fn below(&self) -> Option<&Arc<Volume>> {
        match self.stacked {
            true => self.filesystem.written_below(),
            false => None,
        }
    }

    /// Brings a file that was changed to the device, where that is to be prompt.
    #[inline]
    pub(crate) fn settle(&self, inode: &dyn Inode) -> Result<()> {
        match self.is_prompt() {
            true => inode.sync(true),
            false => Ok(()),
        }
    }

    /// Brings the names of a directory to the device, where that is to be prompt.
    #[inline]
    pub(crate) fn settle_names(&self, directory: &dyn Inode) -> Result<()> {
        match self.prompt().is_empty() {
            true => Ok(()),
            false => directory.sync(true),
        }
    }

    /// Takes new options of the file system as a whole (mount(2), `MS_REMOUNT`). It becomes read-only only while no file
    /// is open for writing ([`Error::Busy`]), and writable only where the file system itself can be written, and its
    /// device may be ([`Error::AccessDenied`]).
    pub fn reconfigure(&self, read_only: bool, prompt: Prompt, options: &[u8]) -> Result<()> {
        if !read_only && self.filesystem.is_protected() {
            return Err(Error::AccessDenied);
        }
        let was = self.read_only.load(Ordering::SeqCst);
        if read_only {
            self.read_only.store(true, Ordering::SeqCst);
            if !was && self.writers.load(Ordering::SeqCst) != 0 {
                self.read_only.store(false, Ordering::SeqCst);
                return Err(Error::Busy);
            }
        } else if self.filesystem.is_read_only() {
            return Err(Error::ReadOnlyFileSystem);
        }
        let changed = self.filesystem.reconfigure(read_only, options);
        let keep = if changed.is_ok() { read_only } else { was };
        self.read_only.store(keep, Ordering::SeqCst);
        if changed.is_ok() {
            self.prompt.store(prompt.bits(), Ordering::Relaxed);
            self.filesystem.note_read_only(read_only);
        }
        changed
    }

    pub(crate) fn begin_write(&self) {
        self.writers.fetch_add(1, Ordering::SeqCst);
        if let Some(below) = self.below() {
            below.begin_write();
        }
    }

    pub(crate) fn end_write(&self) {
        self.writers.fetch_sub(1, Ordering::SeqCst);
        if let Some(below) = self.below() {
            below.end_write();
        }
    }

    pub(crate) fn count_mount(&self) {
        self.mounts.fetch_add(1, Ordering::AcqRel);
    }

    /// After the last mount is gone, nobody can look a name up: the cached ones are let go.
    pub(crate) fn uncount_mount(&self) {
        if self.mounts.fetch_sub(1, Ordering::AcqRel) == 1 && self.shared {
            watch::note_unmount(self.device);
            dentry_cache::forget_volume(self.device);
        }
    }
}
