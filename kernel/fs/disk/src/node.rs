//! A live inode of a file system on a disk: its pages, its locks, and what keeps it in memory.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::{Arc, Weak};
use core::any::Any;
use core::ops::Deref;
use core::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use base::sync::Mutex;
use base::wait::WaitQueue;
use base::{Error, Result, rank};
use hal::PAGE_SIZE;
use hal::frame::Frame;
use mem::{Begun, ObjectDescription, PageCache, Storing};
use object::FileKind;
use vfs::{Attachments, Inode};

use crate::Volume;
use crate::pages::FilePages;

/// A live inode: a [`Live`] and what its file system adds.
pub trait DiskNode: Inode + Deref<Target = Live<Self::Volume>> + Sized {
    /// Where it lies.
    type Volume: Volume<Node = Self>;

    /// Whether the disk is to know of its changes: not without a name.
    fn is_lasting(&self) -> bool;

    /// Fills pages from the disk, those behind the end with zeros.
    fn read_from_disk(&self, first: u64, frames: &[Frame]) -> Result<()>;

    /// Writes pages, up to the end, to the disk.
    fn write_to_disk(&self, first: u64, frames: &[Frame]) -> Result<()>;

    /// Begins to write pages: see [`mem::PageSource::begin_write`].
    fn begin_to_disk(
        self: &Arc<Self>,
        first: u64,
        frames: &[Frame],
    ) -> Result<Option<Box<dyn Storing>>> {
        self.write_to_disk(first, frames).map(|()| None)
    }

    /// Makes sure that there is room for the bytes of a file from `begin` to `end`, which may be before it; they lie in one
    /// page.
    fn find_room(&self, begin: u64, end: u64) -> Result<()>;

    /// Somebody is about to write to the bytes through a mapping: the times of the last change, where there are any.
    fn changed_by_mapping(&self) {}
}

/// How a live inode begins.
pub struct Live<V: Volume> {
    /// Where it lies.
    pub volume: Arc<V>,
    me: Weak<V::Node>,
    /// Its number.
    pub number: V::Number,
    /// What it is.
    pub kind: FileKind,
    /// The record differs from what lies on the disk.
    pub stale: AtomicBool,
    /// Not only times differ.
    pub essential: AtomicBool,
    /// There may be dirty pages.
    pub written: AtomicBool,
    /// The latest commit has found nothing to do for it.
    pub quiet: AtomicBool,
    /// Told its pages when the last use of a file without names ends.
    buried: Arc<AtomicBool>,
    /// The bytes, of a regular file.
    pub cache: Option<Arc<PageCache>>,
    /// One writer of bytes, or of length, at a time.
    pub writer: Mutex<()>,
    /// Held while the file's blocks are written, or begun to be; for who cuts some off there is [`Live::hold_still`].
    pub placing: Mutex<()>,
    /// How many runs of pages are on their way to the disk with nobody holding that.
    pub(crate) flights: AtomicUsize,
    /// Woken when one has come there.
    pub(crate) landings: WaitQueue,
    /// Where the write under way ends; the file is as long as that soon.
    pub reach: AtomicU64,
    /// What others hang on it.
    pub attachments: Attachments,
}

impl<V: Volume> Live<V> {
    /// The beginning of `me`; `size` is a regular file's length.
    pub fn new(
        volume: Arc<V>,
        me: &Weak<V::Node>,
        number: V::Number,
        kind: FileKind,
        size: u64,
    ) -> Self {
        let buried = Arc::new(AtomicBool::new(false));
        let cache = (kind == FileKind::Regular).then(|| {
            let grain = volume.grain();
            let pages = Arc::new(FilePages::new(
                me.clone(),
                buried.clone(),
                volume.uses(),
                grain,
                volume.device().ahead().cloned(),
            ));
            let cache = PageCache::with_source("", pages, size);
            cache.set_description(ObjectDescription {
                name: String::new(),
                device: volume.device_number(),
                inode: number.into(),
            });
            cache
        });
        Live {
            volume,
            me: me.clone(),
            number,
            kind,
            stale: AtomicBool::new(false),
            essential: AtomicBool::new(false),
            written: AtomicBool::new(false),
            quiet: AtomicBool::new(false),
            buried,
            cache,
            writer: Mutex::new(rank::INODE_BYTES, ()),
            placing: Mutex::new(rank::FILE_MAP, ()),
            flights: AtomicUsize::new(0),
            landings: WaitQueue::new(),
            reach: AtomicU64::new(0),
            attachments: Attachments::new(),
        }
    }

    /// The bytes, of a regular file.
    #[inline]
    pub fn bytes(&self) -> Result<&Arc<PageCache>> {
        self.cache.as_ref().ok_or(match self.kind {
            FileKind::Directory => Error::IsDirectory,
            _ => Error::InvalidArgument,
        })
    }

    /// Where the bytes end, those of the write under way among them.
    #[inline]
    pub fn end(&self) -> Result<u64> {
        Ok(self.bytes()?.size().max(self.reach.load(Ordering::Acquire)))
    }

    /// Of pages that were read, what lies behind the end is zero, whatever the disk says.
    pub fn clear_behind_end(&self, first: u64, frames: &[Frame]) -> Result<()> {
        let end = self.bytes()?.size();
        for (index, frame) in (first..).zip(frames) {
            let within = end.saturating_sub(index * PAGE_SIZE as u64);
            if within < PAGE_SIZE as u64 {
                frame.fill(within as usize, PAGE_SIZE - within as usize, 0);
            }
        }
        Ok(())
    }

    /// The record differs from the disk: it is kept until it does not.
    #[inline]
    pub fn note_change(&self) {
        self.note(&self.stale);
    }

    /// There are dirty pages: it is kept until they are written.
    #[inline]
    pub fn note_written(&self) {
        self.note(&self.written);
    }

    #[inline]
    fn note(&self, what: &AtomicBool) {
        self.quiet.store(false, Ordering::Release);
        if !what.swap(true, Ordering::AcqRel)
            && let Some(me) = self.me.upgrade()
        {
            self.volume.keep(me);
        }
    }

    /// Whether all of it is on the disk.
    pub fn is_settled(&self) -> bool {
        if self.stale.load(Ordering::Acquire) {
            return false;
        }
        // Whoever makes a page dirty after it was looked for says so after this.
        self.written.swap(false, Ordering::AcqRel);
        let pending = self.is_pending();
        if pending {
            self.written.store(true, Ordering::Release);
        }
        !pending
    }

    fn is_pending(&self) -> bool {
        self.cache.as_ref().is_some_and(|cache| cache.is_pending())
    }

    /// Writes the dirty pages, if there may be some.
    pub fn write_pages_back(&self) -> Result<()> {
        match self.written.swap(false, Ordering::AcqRel) || self.is_pending() {
            true => self.write_pages(),
            false => Ok(()),
        }
    }

    /// Begins to write the dirty pages, if there may be some. What somebody else is writing is waited for.
    pub(crate) fn begin_pages_back(&self) -> Result<Option<Begun>> {
        let Some(cache) = self.cache.as_ref() else {
            return Ok(None);
        };
        // Somebody may be looking at this moment whether it is settled.
        if !self.written.swap(false, Ordering::AcqRel) && !cache.is_pending() {
            return Ok(None);
        }
        match cache.begin_write_back() {
            Ok(None) if cache.is_pending() => self.write_pages().map(|()| None),
            Err(_) => self.write_pages().map(|()| None),
            begun => begun,
        }
    }

    /// Waits for what was begun, and writes what else is dirty.
    pub(crate) fn end_pages_back(&self, begun: Begun) -> Result<()> {
        let outcome = begun.finish();
        if outcome.is_err() {
            self.written.store(true, Ordering::Release);
        }
        match self.is_pending() {
            true => outcome.and(self.write_pages()),
            false => outcome,
        }
    }

    /// Writes the dirty pages, whatever was said about them.
    pub fn write_all_pages(&self) -> Result<()> {
        self.written.store(false, Ordering::Release);
        self.write_pages()
    }

    fn write_pages(&self) -> Result<()> {
        let Some(cache) = &self.cache else {
            return Ok(());
        };
        let outcome = cache.write_back(0, u64::MAX);
        if outcome.is_err() {
            self.written.store(true, Ordering::Release);
        }
        outcome
    }

    /// [`Error::ReadOnlyFileSystem`] if something of it waits, and nothing is written any more.
    pub fn check_reached(&self) -> Result<()> {
        match self.volume.is_read_only() && !self.is_settled() {
            true => Err(Error::ReadOnlyFileSystem),
            false => Ok(()),
        }
    }

    /// Whether bringing it to the disk takes a commit; [`Volume::commit`] and a flush differ only in that.
    pub fn is_essential(&self, metadata: bool) -> bool {
        let essential = self.essential.load(Ordering::Relaxed) || self.volume.is_unfinished();
        metadata || self.kind != FileKind::Regular || essential
    }

    /// The last use ends; what is `gone` has no name, and nobody will miss its pages.
    pub fn bury(&self, gone: bool) {
        self.buried.store(gone, Ordering::Release);
    }
}

/// The same inode as what it is here; another file system's cannot be entered.
pub fn own<V: Volume>(inode: &Arc<dyn Inode>, volume: &Arc<V>) -> Result<Arc<V::Node>> {
    let any: Arc<dyn Any + Send + Sync> = inode.clone();
    let node = any.downcast::<V::Node>().map_err(|_| Error::CrossDevice)?;
    match Arc::ptr_eq(&node.volume, volume) {
        true => Ok(node),
        false => Err(Error::CrossDevice),
    }
}
