//! The page cache: the bytes of one file, as pages in memory.
//!
//! Read, write, mapping and exec of a file all meet in its one [`PageCache`], so they always agree.
//! For a file that lives in memory the cache *is* the file; for one on a device a [`PageSource`]
//! brings pages in and takes dirty ones out.
//!
//! The state is guarded by a spin lock that is held for lookups only. No byte is copied and no
//! device waited for under it: a reader takes a reference to the frame, lets go, and copies. A
//! page that is being brought in leaves a mark in the map, so that it is brought in once, and who
//! else wants it sleeps.
//!
//! Cutting a file short first changes its size and its generation, then drops the pages, then
//! takes them out of all address spaces: a page fault that is under way either sees the new
//! generation and starts over, or is found by the last step.
//!
//! For files on devices: [`ahead`] decides what is read, [`dirty`] how a page becomes dirty,
//! [`write_back`] how it is stored, [`flush`] when, [`failures`] who hears of what went wrong, and
//! [`reclaim`] which pages go when memory runs short.

mod ahead;
mod copy;
mod counts;
mod dirty;
mod failures;
mod fill;
mod flush;
mod mappings;
pub(crate) mod reclaim;
mod reclaimer;
mod registry;
mod reserve;
mod shrinkers;
mod state;
mod stored;
mod stored_copy;
#[cfg(test)]
mod stored_kit;
#[cfg(test)]
mod stored_tests;
#[cfg(test)]
mod tests;
mod threads;
mod tree;
mod truncate;
mod write_back;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::{Arc, Weak};
use core::ops::Range;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use base::sync::SpinLock;
use base::wait::WaitQueue;
use base::{Result, rank};
use hal::PAGE_SIZE;
use hal::frame::Frame;
use hal::user::Access;

use crate::identity::next_identity;
use crate::{AddressSpace, MemoryObject, ObjectDescription};
pub use ahead::{Ahead, Pattern};
pub use counts::{CacheStatistics, cache_statistics, cached_pages};
use dirty::EIGHTH;
pub use failures::ErrorMark;
pub use flush::store_everything;
use mappings::Mappings;
pub use reclaim::drop_clean_pages;
pub use shrinkers::{Shrinker, add_shrinker};
use state::{Lookup, State};
use stored::Stored;
pub use write_back::Begun;

/// Where the pages of a file come from and go to.
///
/// What the cache promises: a page is never written by two at once, and what is read while it is
/// written is thrown away.
/// [`PageCache::truncate`] and [`PageCache::punch_hole`] come back when nobody finds room for what
/// they cut off and nothing of it is being written: its room may be given back then. The methods are
/// called without spin locks, by threads that may hold an inode's bytes or a position, but no address
/// space; they must take no lock below `rank::ADDRESS_SPACE`.
pub trait PageSource: Send + Sync {
    /// Fills `frame` with the page at `index`; what lies beyond the end of the file becomes zero.
    fn read_page(&self, index: u64, frame: &Frame) -> Result<()>;

    /// Stores the page at `index`.
    fn write_page(&self, index: u64, frame: &Frame) -> Result<()>;

    /// As [`PageSource::read_page`], for as many pages as there are frames, the first at `first`: a source that
    /// lies on a device asks it once for what lies together.
    fn read_pages(&self, first: u64, frames: &[Frame]) -> Result<()> {
        (first..)
            .zip(frames)
            .try_for_each(|(index, frame)| self.read_page(index, frame))
    }

    /// As [`PageSource::write_page`], for several pages.
    fn write_pages(&self, first: u64, frames: &[Frame]) -> Result<()> {
        (first..)
            .zip(frames)
            .try_for_each(|(index, frame)| self.write_page(index, frame))
    }

    /// Begins what [`PageSource::write_pages`] does. `None` if it is done already; else the outcome is what `wait` of the
    /// result says, which is called before anything else is written of these pages.
    fn begin_write(&self, first: u64, frames: &[Frame]) -> Result<Option<Box<dyn Storing>>> {
        self.write_pages(first, frames).map(|()| None)
    }

    /// The bytes `within` the page at `index`, whole grains, are about to be changed: room for them is found now, while
    /// there is somebody to hear `Error::NoSpace`. Asked once for a grain, as long as its page stays in memory and it is
    /// not cut off; asked again it has to be cheap. Where a page is bigger than a block of the device, the last page of a
    /// file is asked for again after the file grew.
    ///
    /// Pages that only become zero in some place are stored without being asked for: grains without room are zero then, and
    /// need none. A page that is mapped for writing is asked for as a whole.
    fn prepare_write(&self, _index: u64, _within: Range<usize>) -> Result<()> {
        Ok(())
    }

    /// [`PageSource::prepare_write`] found no room for a mapping: waits for what is giving some back at this moment. Whether
    /// there was anything.
    fn wait_for_room(&self) -> bool {
        false
    }

    /// A page became dirty where none was: something of the file waits for being stored from now on, also where no room
    /// had to be found for it. Called before whoever changes it goes on.
    fn became_dirty(&self) {}

    /// A page was brought in to be written to through a mapping: times may change. Asked after room was found for it.
    fn mapped_for_writing(&self) {}

    /// How much is read ahead of pages of this source, if that can be set.
    fn ahead(&self) -> Option<Arc<Ahead>> {
        None
    }

    /// For how many bytes room is found at once: a power of two, from 512 to the size of a page.
    fn grain(&self) -> usize {
        PAGE_SIZE
    }
}

/// Pages on their way to where they are stored: see [`PageSource::begin_write`].
pub trait Storing: Send {
    /// Waits until they are there, or are known not to get there.
    fn wait(self: Box<Self>) -> Result<()>;
}

/// Who pays for the pages of a file that lives in memory. Neither method may sleep.
pub trait PageBudget: Send + Sync {
    /// Takes `pages` from the budget, or `Error::NoSpace`.
    fn charge(&self, pages: usize) -> Result<()>;

    /// Gives `pages` back.
    fn refund(&self, pages: usize);

    /// Whether the environment of whoever fills a page pays for it too; not where the budget alone is
    /// the bound, as on a disk.
    fn is_charged_to_writer(&self) -> bool {
        true
    }
}

/// The bytes of one file, as pages in memory.
pub struct PageCache {
    identity: u64,
    source: Option<Arc<dyn PageSource>>,
    /// See [`PageSource::grain`].
    grain: usize,
    /// See [`PageSource::ahead`].
    ahead: Option<Arc<Ahead>>,
    budget: Option<Arc<dyn PageBudget>>,
    description: SpinLock<ObjectDescription>,
    state: SpinLock<State>,
    generation: AtomicU64,
    /// Woken when a page that was being brought in is there, or will not come.
    arrived: WaitQueue,
    mappings: SpinLock<Mappings>,
    /// Itself, if it lies on a device.
    me: Weak<PageCache>,
    is_metadata: AtomicBool,
    is_random: AtomicBool,
}

impl PageCache {
    /// An empty file in memory; what people see of it is `name`.
    pub fn memory(name: &str) -> Arc<Self> {
        Arc::new(Self::build(None, None, String::from(name), Weak::new()))
    }

    /// An empty file in memory whose pages are paid for from `budget`.
    pub fn memory_with_budget(name: &str, budget: Arc<dyn PageBudget>) -> Arc<Self> {
        let budget = Some(budget);
        Arc::new(Self::build(None, budget, String::from(name), Weak::new()))
    }

    /// A file of `size` bytes whose pages come from `source`.
    pub fn with_source(name: &str, source: Arc<dyn PageSource>, size: u64) -> Arc<Self> {
        let cache = Arc::new_cyclic(|me| {
            let mut cache = Self::build(Some(source), None, String::from(name), me.clone());
            let state = cache.state.get_mut();
            state.size = size;
            state.stored = Some(Box::new(Stored::default()));
            cache
        });
        registry::enter(&cache);
        // Without the thread, whoever needs memory can still help itself.
        flush::start();
        reclaimer::start();
        reclaim::install();
        cache
    }

    fn build(
        source: Option<Arc<dyn PageSource>>,
        budget: Option<Arc<dyn PageBudget>>,
        name: String,
        me: Weak<Self>,
    ) -> Self {
        let description = ObjectDescription {
            name,
            device: 0,
            inode: 0,
        };
        let grain = source.as_ref().map_or(PAGE_SIZE, |source| source.grain());
        let ahead = source.as_ref().and_then(|source| source.ahead());
        Self {
            identity: next_identity(),
            ahead,
            source,
            grain: grain.clamp(EIGHTH, PAGE_SIZE),
            budget,
            description: SpinLock::new(rank::PAGE_CACHE, description),
            state: SpinLock::new(rank::PAGE_CACHE, State::default()),
            generation: AtomicU64::new(0),
            arrived: WaitQueue::new(),
            mappings: SpinLock::new(rank::PAGE_CACHE, Mappings::default()),
            me,
            is_metadata: AtomicBool::new(false),
            is_random: AtomicBool::new(false),
        }
    }

    /// How many pages are read ahead at most.
    fn most_ahead(&self) -> u64 {
        let set = self.ahead.as_ref().map(|ahead| ahead.pages());
        set.unwrap_or(ahead::BIGGEST_WINDOW)
    }

    /// Whether its pages lie on a device, so that they can be stored and had again.
    pub fn is_stored(&self) -> bool {
        self.source.is_some()
    }

    /// Whether anything of it has not reached its device.
    pub fn is_pending(&self) -> bool {
        let state = self.state.lock();
        state
            .stored
            .as_ref()
            .is_some_and(|stored| stored.is_pending())
    }

    /// Says that it is a file system's own view of its device, read and written under the file system's
    /// own locks: nothing is brought in behind its back, by another thread, or beside what it asks for,
    /// and whoever changes pages is never made to store some, however many are dirty.
    pub fn set_metadata(&self) {
        self.is_metadata.store(true, Ordering::Relaxed);
    }

    /// Says that nobody reads it in order: one page is brought in at a time, unless more are asked for.
    pub fn set_random(&self, is_random: bool) {
        self.is_random.store(is_random, Ordering::Relaxed);
    }

    /// Sets what people are told about it.
    pub fn set_description(&self, description: ObjectDescription) {
        *self.description.lock() = description;
    }

    /// The length in bytes.
    pub fn size(&self) -> u64 {
        self.state.lock().size
    }

    /// The length in bytes, and how many pages are in memory.
    pub fn extent(&self) -> (u64, usize) {
        let state = self.state.lock();
        (state.size, state.resident())
    }

    /// Sets the length of a file that has no pages beyond it. [`truncate`](Self::truncate) is for
    /// all others.
    pub fn set_size(&self, size: u64) {
        self.state.lock().size = size;
    }

    /// Whether these pages, as far as they lie within the file, are in memory; not more than the first 1024 are
    /// looked for.
    pub fn is_at_hand(&self, pages: Range<u64>) -> bool {
        let state = self.state.lock();
        let end = pages.end.min(state.page_count()).min(pages.start + 1024);
        (pages.start..end).all(|index| matches!(state.find(index), Lookup::Here(_)))
    }

    /// How many pages are in memory.
    pub fn resident_pages(&self) -> usize {
        self.state.lock().resident()
    }

    /// Adopts `frame` as the page at `index`, in the place of what was there. Its bytes beyond the
    /// end of the file have to be zero.
    pub fn insert(&self, index: u64, frame: Frame) -> Result<()> {
        if let Some(budget) = &self.budget {
            budget.charge(1)?;
        }
        let replaced = self.state.lock().put(index, frame);
        if let Some(budget) = &self.budget
            && replaced.is_some()
        {
            budget.refund(1);
        }
        Ok(())
    }
}

impl MemoryObject for PageCache {
    fn page(&self, index: u64, access: Access) -> Result<Frame> {
        self.page_expected(index, access, Pattern::Normal)
    }

    fn page_expected(&self, index: u64, access: Access, pattern: Pattern) -> Result<Frame> {
        if self.source.is_some() {
            return self.touched_page(index, access, pattern);
        }
        self.page_within(index)
    }

    fn will_need(&self, first: u64, count: u64) {
        self.prefetch(first, count);
    }

    fn resident(&self, first: u64, pages: &mut [Option<Frame>]) {
        self.state.lock().resident_range(first, pages);
    }

    fn writable_early(&self) -> bool {
        self.source.is_none()
    }

    fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    fn identity(&self) -> u64 {
        self.identity
    }

    fn mapped_by(&self, space: &Weak<AddressSpace>) {
        let dead = self.mappings.lock().add(space);
        drop(dead);
    }

    fn sync(&self, first: u64, count: u64) -> Result<()> {
        self.write_back(first, count)
    }

    fn describe(&self) -> ObjectDescription {
        self.description.lock().clone()
    }
}

impl Drop for PageCache {
    fn drop(&mut self) {
        if let Some(budget) = &self.budget {
            budget.refund(self.state.get_mut().resident());
        }
    }
}

/// The index of the page that `offset` lies in, and where in it.
fn page_of(offset: u64) -> (u64, usize) {
    (
        offset / PAGE_SIZE as u64,
        (offset % PAGE_SIZE as u64) as usize,
    )
}
