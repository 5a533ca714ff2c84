//! What all inodes of a file system on a disk share.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::{Bound, Deref};
use core::sync::atomic::{AtomicBool, Ordering};

use base::sync::{Mutex, MutexGuard, SpinLock};
use base::{Error, Result, log, rank};
use device::block::{BlockCache, BlockDevice};
use hal::PAGE_SIZE;

use crate::uses::Uses;
use crate::{ATTRIBUTES, DiskNode};

/// A mounted disk, as its inodes see it.
pub trait Volume: Deref<Target = Shared<Self>> + Send + Sync + Sized + 'static {
    /// A live inode.
    type Node: DiskNode<Volume = Self>;
    /// What names an inode.
    type Number: Copy + Ord + Into<u64> + Send + Sync;
    /// What is known of the file system as a whole, under one sleeping lock.
    type Meta: Send;
    /// What an inode leaves behind that nobody names and nobody uses any more.
    type Gone: Send;

    /// Brings every change but that of data to the disk, and flushes it.
    fn commit(&self, meta: &mut Self::Meta) -> Result<()>;

    /// Whether a commit would make room.
    fn has_freed(&self, meta: &Self::Meta) -> bool;

    /// Of how many bytes a file can be a hole: see [`mem::PageSource::grain`].
    fn grain(&self) -> usize {
        PAGE_SIZE
    }

    /// Commits until nothing waits.
    fn commit_whole(&self, meta: &mut Self::Meta) -> Result<()> {
        self.commit(meta)
    }

    /// Brings all data and everything else to the disk.
    fn sync_all(&self) -> Result<()> {
        if self.is_read_only() {
            return Ok(());
        }
        let outcome = self.write_pages_back();
        outcome.and(self.commit_whole(&mut self.meta()))
    }

    /// Does something that takes room; where there is none, once more after what was freed lately is free.
    fn with_room<T>(
        &self,
        meta: &mut Self::Meta,
        mut action: impl FnMut(&mut Self::Meta) -> Result<T>,
    ) -> Result<T> {
        match action(meta) {
            Err(Error::NoSpace) if self.has_freed(meta) => {
                self.commit(meta)?;
                action(meta)
            }
            outcome => outcome,
        }
    }
}

/// Of how many files pages are on their way to the disk at once, and how many pages, about.
const FILES_AT_ONCE: usize = 32;
const PAGES_AT_ONCE: usize = 256;

/// How often who finds no room waits for others to let files go. One use of a file may have begun before another of it ended.
const ROUNDS: usize = 8;

/// How a volume begins.
pub struct Shared<V: Volume> {
    device: Arc<dyn BlockDevice>,
    meta: Mutex<V::Meta>,
    read_only: AtomicBool,
    /// The latest commit did not come to its end, so what it was to bring to the disk waits for the next.
    unfinished: AtomicBool,
    /// Held for each file whose pages are stored, and while it is let go.
    storing: Mutex<()>,
    /// What memory does with inodes on its own.
    uses: Arc<Uses>,
    /// Inodes that differ from the disk.
    changed: SpinLock<BTreeMap<V::Number, Arc<V::Node>>>,
    /// What is left of inodes that nobody names and nobody uses any more.
    dropped: SpinLock<Vec<V::Gone>>,
}

impl<V: Volume> Shared<V> {
    /// The beginning of a volume on `device`.
    pub fn new(device: Arc<dyn BlockDevice>, meta: V::Meta, read_only: bool) -> Self {
        Shared {
            device,
            meta: Mutex::new(rank::ALLOCATION, meta),
            read_only: AtomicBool::new(read_only),
            unfinished: AtomicBool::new(false),
            storing: Mutex::new(rank::WRITE_BACK, ()),
            uses: Arc::new(Uses::new()),
            changed: SpinLock::new(ATTRIBUTES, BTreeMap::new()),
            dropped: SpinLock::new(ATTRIBUTES, Vec::new()),
        }
    }

    /// The lock on everything but bytes.
    #[inline]
    pub fn meta(&self) -> MutexGuard<'_, V::Meta> {
        self.meta.lock()
    }

    /// The disk.
    #[inline]
    pub fn device(&self) -> &Arc<dyn BlockDevice> {
        &self.device
    }

    /// The disk's number, as Linux writes it.
    #[inline]
    pub fn device_number(&self) -> u64 {
        self.device.number().to_linux()
    }

    /// Whether nothing is written to the disk.
    #[inline]
    pub fn is_read_only(&self) -> bool {
        self.read_only.load(Ordering::Relaxed)
    }

    /// Says whether the disk is written to.
    pub fn set_read_only(&self, read_only: bool) {
        self.read_only.store(read_only, Ordering::Relaxed);
    }

    /// The disk is not written to any more.
    pub fn stop_writing(&self) {
        self.set_read_only(true);
    }

    /// Keeps an inode in memory until it is on the disk.
    pub fn keep(&self, node: Arc<V::Node>) {
        if !node.is_lasting() {
            return;
        }
        let replaced = self.changed.lock().insert(node.number, node);
        drop(replaced);
    }

    /// An inode need not be kept for the disk's sake.
    pub fn let_go(&self, number: V::Number) {
        let gone = self.changed.lock().remove(&number);
        drop(gone);
    }

    /// All inodes that differ from the disk.
    pub fn changed(&self) -> Vec<Arc<V::Node>> {
        self.changed.lock().values().cloned().collect()
    }

    /// Whether any inode differs from the disk.
    pub fn has_changed(&self) -> bool {
        !self.changed.lock().is_empty()
    }

    /// A commit begins to put what was changed where it is written from. It ends with [`Shared::forget_settled`].
    pub fn begin_commit(&self) {
        self.unfinished.store(true, Ordering::Relaxed);
    }

    /// Whether the latest commit did not come to its end.
    pub(crate) fn is_unfinished(&self) -> bool {
        self.unfinished.load(Ordering::Relaxed)
    }

    /// A commit has come to its end: lets those go that did not change again.
    pub fn forget_settled(&self, settled: Vec<Arc<V::Node>>) {
        self.unfinished.store(false, Ordering::Relaxed);
        for node in settled {
            // Twice in a row: who has just been written to will be again.
            if node.is_settled() && node.quiet.swap(true, Ordering::AcqRel) {
                let mut changed = self.changed.lock();
                // Who says from now on that something differs enters it after this.
                let gone = match node.is_settled() {
                    true => changed.remove(&node.number),
                    false => None,
                };
                drop(changed);
                drop(gone);
            }
        }
    }

    /// The last use of an inode without a name has ended.
    pub fn drop_gone(&self, gone: V::Gone) {
        self.dropped.lock().push(gone);
    }

    /// Whether anything is left of inodes that ended without a name.
    pub fn has_dropped(&self) -> bool {
        !self.dropped.lock().is_empty()
    }

    /// Takes what is left of those.
    pub fn take_dropped(&self) -> Vec<V::Gone> {
        core::mem::take(&mut *self.dropped.lock())
    }

    /// Writes the dirty pages of all files, those of several at once; the first error, after all were tried. No file is held
    /// but those whose turn it is, so that what is removed meanwhile makes room.
    pub fn write_pages_back(&self) -> Result<()> {
        let mut outcome = Ok(());
        let mut after = None;
        let mut begun = Vec::with_capacity(FILES_AT_ONCE);
        loop {
            let _storing = self.storing.lock();
            let mut pages = 0;
            let mut is_last = false;
            while begun.len() < FILES_AT_ONCE && pages < PAGES_AT_ONCE {
                let Some(node) = self.next_changed(after) else {
                    is_last = true;
                    break;
                };
                after = Some(node.number);
                match node.begin_pages_back() {
                    Ok(Some(run)) if run.is_done() => {
                        outcome = outcome.and(node.end_pages_back(run));
                    }
                    Ok(Some(run)) => {
                        pages += run.pages();
                        begun.push((node, run));
                    }
                    other => outcome = outcome.and(other.map(drop)),
                }
            }
            for (node, run) in begun.drain(..) {
                outcome = outcome.and(node.end_pages_back(run));
            }
            if is_last {
                return outcome;
            }
        }
    }

    /// The changed inode with the next number.
    fn next_changed(&self, after: Option<V::Number>) -> Option<Arc<V::Node>> {
        let changed = self.changed.lock();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let next = changed.range((from, Bound::Unbounded)).next();
        next.map(|(_, node)| node.clone())
    }

    /// Does something that takes room; where there is none, again after those files are let go that are being stored or
    /// read at this moment: they may have lost their last names meanwhile. The caller holds no lock of the volume.
    pub fn patiently<T>(&self, mut action: impl FnMut() -> Result<T>) -> Result<T> {
        let mut outcome = action();
        for _ in 0..ROUNDS {
            if !matches!(outcome, Err(Error::NoSpace)) {
                break;
            }
            let anybody = self.wait_for_room();
            outcome = action();
            if !anybody {
                break;
            }
        }
        outcome
    }

    /// Waits until those files are let go that are being stored or read at this moment; whether there were any. The caller
    /// holds no lock of the volume, and uses none of its inodes as their pages do.
    pub(crate) fn wait_for_room(&self) -> bool {
        let _storing = self.storing.lock();
        self.uses.wait()
    }

    /// The uses of inodes by their pages.
    pub(crate) fn uses(&self) -> Arc<Uses> {
        self.uses.clone()
    }

    /// The mount of a file system of the kind `name` is over, and its end came out so. What did not reach the disk keeps
    /// nothing in memory, and somebody else may mount it.
    pub fn ended(&self, name: &str, outcome: Result<()>) {
        if let Err(error) = outcome {
            let device = self.device.name();
            log::error!("{name} {device}: the last write-back failed: {error}");
        }
        self.stop_writing();
        self.release_changed();
        // Who read the disk as a file meanwhile has what lay there then.
        BlockCache::was_passed(&self.device);
        crate::forget(self.device_number());
    }

    /// What cannot reach the disk any more keeps nothing in memory.
    pub fn release_changed(&self) {
        let left = core::mem::take(&mut *self.changed.lock());
        drop(left);
    }
}
