//! The page cache of a device: its bytes, by position.
//!
//! There is one [`BlockCache`] for a device, however it is reached. Reading `/dev/vda` goes through
//! it, and a file system that lies on the device keeps its metadata in it, so that both see the same:
//!
//! ```text
//! let cache = BlockCache::of(&device)?;
//! cache.pages().read_at(1024, &mut Sink::kernel(&mut superblock))?;
//! cache.pages().write_at(position, &mut Source::kernel(&entry))?;   // written back later …
//! cache.sync()?;                                                    // … or now, and flushed
//! ```
//!
//! A file system must not write beyond the end: a page cache would grow, a device does not. A
//! partition has a cache of its own, as on Linux: who writes to the whole device what belongs to a
//! mounted partition is not seen there.
//!
//! A cache stays from its first use until [`BlockCache::forget`], because nobody else may remember
//! what was not written back yet; [`sync_all`] is for all of them.

use alloc::sync::Arc;
use alloc::vec::Vec;

use base::sync::SpinLock;
use base::{Error, Result, rank};
use hal::frame::Frame;
use hal::{Global, PAGE_SIZE};
use mem::{Ahead, ObjectDescription, PageCache, PageSource};

use super::{BlockDevice, Operation, SECTOR, Segment, flush, transfer};

/// Sectors of a page.
const SECTORS: u64 = (PAGE_SIZE / SECTOR) as u64;

static CACHES: Global<SpinLock<Vec<Arc<BlockCache>>>> =
    Global::new(|| SpinLock::new(rank::DEVICE, Vec::new()));

/// See the module.
pub struct BlockCache {
    device: Arc<dyn BlockDevice>,
    pages: Arc<PageCache>,
}

impl BlockCache {
    /// The cache of a device.
    pub fn of(device: &Arc<dyn BlockDevice>) -> Result<Arc<BlockCache>> {
        let find = |caches: &Vec<Arc<BlockCache>>| {
            caches.iter().find(|cache| cache.is_of(device)).cloned()
        };
        if let Some(found) = find(&CACHES.lock()) {
            return Ok(found);
        }
        let source = Arc::new(Pages {
            device: device.clone(),
        });
        let pages = PageCache::with_source(device.name(), source, Self::size_of(device));
        pages.set_description(ObjectDescription {
            name: alloc::format!("/dev/{}", device.name()),
            device: device.number().to_linux(),
            inode: 0,
        });
        let made = Arc::new(BlockCache {
            device: device.clone(),
            pages,
        });
        let mut caches = CACHES.lock();
        if let Some(found) = find(&caches) {
            // Dropped after the lock: it is empty, but it frees memory.
            drop(caches);
            return Ok(found);
        }
        caches.try_reserve(1).map_err(|_| Error::OutOfMemory)?;
        caches.push(made.clone());
        Ok(made)
    }

    /// Writes the cache of a device back and gives it up: the device is going away.
    pub fn forget(device: &Arc<dyn BlockDevice>) -> Result<()> {
        let found = {
            let mut caches = CACHES.lock();
            let place = caches.iter().position(|cache| cache.is_of(device));
            place.map(|place| caches.swap_remove(place))
        };
        found.map_or(Ok(()), |cache| cache.sync())
    }

    /// The device was used past its cache: what the cache, if there is one, has of it and nobody changed is asked for anew.
    pub fn was_passed(device: &Arc<dyn BlockDevice>) {
        let found = {
            let caches = CACHES.lock();
            caches.iter().find(|cache| cache.is_of(device)).cloned()
        };
        if let Some(cache) = found {
            cache.pages.drop_clean(0, u64::MAX);
        }
    }

    /// Whether anybody has a device's cache: an open file, a file system.
    pub fn is_in_use(device: &Arc<dyn BlockDevice>) -> bool {
        let caches = CACHES.lock();
        let found = caches.iter().find(|cache| cache.is_of(device));
        found.is_some_and(|cache| Arc::strong_count(cache) > 1)
    }

    fn is_of(&self, device: &Arc<dyn BlockDevice>) -> bool {
        core::ptr::addr_eq(Arc::as_ptr(&self.device), Arc::as_ptr(device))
    }

    fn size_of(device: &Arc<dyn BlockDevice>) -> u64 {
        device.geometry().sectors.saturating_mul(SECTOR as u64)
    }

    /// The device.
    pub fn device(&self) -> &Arc<dyn BlockDevice> {
        &self.device
    }

    /// Its bytes.
    pub fn pages(&self) -> &Arc<PageCache> {
        &self.pages
    }

    /// The device's length in bytes.
    pub fn size(&self) -> u64 {
        Self::size_of(&self.device)
    }

    /// Brings everything to the device, and remembers nothing: the next reader asks the device. For
    /// whoever is about to use the device past this cache, or has done so.
    pub fn settle(&self) -> Result<()> {
        self.sync()?;
        self.pages.drop_clean(0, u64::MAX);
        Ok(())
    }

    /// Brings everything that was written to the device, and has the device make it safe.
    pub fn sync(&self) -> Result<()> {
        self.pages.write_back(0, u64::MAX)?;
        flush(&*self.device)
    }
}

/// Syncs every device's cache; the first error, after all were tried.
pub fn sync_all() -> Result<()> {
    let caches = CACHES.lock().clone();
    let mut first = Ok(());
    for cache in &caches {
        first = first.and(cache.sync());
    }
    first
}

/// A device as a source of pages.
struct Pages {
    device: Arc<dyn BlockDevice>,
}

impl Pages {
    /// What of these pages lies on the device: the first sector, and the pieces.
    fn pieces(&self, first: u64, frames: &[Frame]) -> Result<(u64, Vec<Segment>)> {
        let sector = first.checked_mul(SECTORS).ok_or(Error::InputOutput)?;
        let end = self.device.geometry().sectors;
        let mut left = end.checked_sub(sector).ok_or(Error::InputOutput)?;
        let mut segments = Vec::new();
        segments
            .try_reserve_exact(frames.len())
            .map_err(|_| Error::OutOfMemory)?;
        for frame in frames {
            let count = left.min(SECTORS);
            if count == 0 {
                return Err(Error::InputOutput);
            }
            left -= count;
            segments.push(Segment {
                frame: frame.clone(),
                offset: 0,
                length: count as usize * SECTOR,
            });
        }
        Ok((sector, segments))
    }
}

impl PageSource for Pages {
    fn ahead(&self) -> Option<Arc<Ahead>> {
        self.device.ahead().cloned()
    }

    fn read_page(&self, index: u64, frame: &Frame) -> Result<()> {
        self.read_pages(index, core::slice::from_ref(frame))
    }

    fn write_page(&self, index: u64, frame: &Frame) -> Result<()> {
        self.write_pages(index, core::slice::from_ref(frame))
    }

    fn read_pages(&self, first: u64, frames: &[Frame]) -> Result<()> {
        let (sector, segments) = self.pieces(first, frames)?;
        if let Some(last) = segments.last()
            && last.length < PAGE_SIZE
        {
            last.frame.fill(last.length, PAGE_SIZE - last.length, 0);
        }
        transfer(&*self.device, Operation::Read, sector, &segments)
    }

    fn write_pages(&self, first: u64, frames: &[Frame]) -> Result<()> {
        let (sector, segments) = self.pieces(first, frames)?;
        transfer(&*self.device, Operation::Write, sector, &segments)
    }
}
