//! Pages become dirty.
//!
//! Room for a page is found before it is changed, while there is somebody to hear that there is none.
//! The order is: *prepare, then copy, then mark*. What may come in between:
//!
//! - A truncation. It lowers the size first, so that nobody begins to prepare what it will cut off,
//!   and waits for those who have begun; the file system gives room back after that. Who has prepared
//!   finds the page gone, and starts over.
//! - A write-back. It takes the mark before it reads the page, so a change is in what it writes or
//!   is marked after it.
//! - Reclaim. It takes only clean pages, and of those only the ones that nobody but the cache holds:
//!   whoever is about to change a page holds its frame.

use core::sync::atomic::Ordering;

use base::{Error, Result, time};
use hal::frame::Frame;
use hal::user::Access;

use super::ahead::{Need, Pattern};
use super::{PageCache, flush, page_of, registry};

impl PageCache {
    /// Brings in the page at `index`, finds room for it, lets `change` change it, and marks it as
    /// dirty. For a file system that keeps its own records in a cache; what is beyond the end is
    /// `Error::OutOfRange`. Nobody is kept from changing the page at the same time.
    pub fn change_page<R>(&self, index: u64, change: impl FnOnce(&Frame) -> R) -> Result<R> {
        if self.source.is_none() {
            return Ok(change(&self.page_within(index)?));
        }
        let mut cuts = self.cuts();
        let frame = self.stored_page(index, Need::Change, false)?.0;
        self.prepare(index, false)?;
        let result = change(&frame);
        // A cut elsewhere in the file is no reason to give up; if the page itself was cut off, so is
        // the change.
        while !self.mark_changed(index, &frame, cuts) && self.state.lock().is_here(index, &frame) {
            cuts = self.cuts();
            self.prepare(index, false)?;
        }
        Ok(result)
    }

    /// Marks a page that was changed, unless it was cut off since.
    pub(super) fn mark_changed(&self, index: u64, frame: &Frame, cuts: u64) -> bool {
        let (here, first) = {
            let mut state = self.state.lock();
            let here = state.is_here(index, frame)
                && (state.is_prepared(index)
                    || state.stored.as_ref().is_some_and(|s| s.cuts == cuts));
            (here, here && state.mark_dirty(index, time::now()))
        };
        if first {
            self.first_is_dirty();
        }
        here
    }

    /// After the first page became dirty, without locks.
    pub(super) fn first_is_dirty(&self) {
        registry::settle(&self.me);
        flush::begin();
    }

    /// How often pages were cut off.
    pub(super) fn cuts(&self) -> u64 {
        let state = self.state.lock();
        state.stored.as_ref().map_or(0, |stored| stored.cuts)
    }

    /// Finds room for the page at `index`; `beyond` the end, too, for somebody who extends the file.
    pub(super) fn prepare(&self, index: u64, beyond: bool) -> Result<()> {
        let Some(source) = &self.source else {
            return Ok(());
        };
        {
            let mut state = self.state.lock();
            if !beyond && index >= state.page_count() {
                return Err(Error::OutOfRange);
            }
            if state.is_prepared(index) {
                return Ok(());
            }
            if let Some(stored) = &mut state.stored {
                stored.preparing.push(index);
            }
        }
        let outcome = source.prepare_write(index);
        if let Some(stored) = &mut self.state.lock().stored
            && let Some(place) = stored.preparing.iter().position(|&other| other == index)
        {
            stored.preparing.swap_remove(place);
        }
        self.arrived.wake_all();
        outcome
    }

    /// Waits until nobody finds room for pages from `first` on.
    pub(super) fn wait_prepared(&self, first: u64) {
        self.arrived.wait_until(|| {
            let state = self.state.lock();
            let busy = state
                .stored
                .as_ref()
                .is_some_and(|stored| stored.preparing.iter().any(|&index| index >= first));
            (!busy).then_some(())
        });
    }

    /// The page at `index` for a mapping that will change it: it is dirty from now on.
    pub(super) fn page_for_mapping(&self, index: u64, pattern: Pattern) -> Result<Frame> {
        loop {
            let cuts = self.cuts();
            let frame = self.stored_page(index, Need::Touch(pattern), false)?.0;
            self.prepare(index, false)?;
            if self.mark_changed(index, &frame, cuts) {
                flush::throttle(self);
                return Ok(frame);
            }
        }
    }

    /// The page at `index` of a file on a device.
    pub(super) fn touched_page(
        &self,
        index: u64,
        access: Access,
        pattern: Pattern,
    ) -> Result<Frame> {
        if access == Access::Write {
            self.page_for_mapping(index, pattern)
        } else {
            Ok(self.stored_page(index, Need::Touch(pattern), false)?.0)
        }
    }

    /// After the file grew from `old` bytes: room for its last page was found up to the old end only.
    /// Who has the page mapped for writing is to ask again.
    pub(super) fn after_growth(&self, old: u64) {
        let (border, within) = page_of(old);
        if within == 0 {
            return;
        }
        {
            let mut state = self.state.lock();
            if state.size <= old {
                return;
            }
            if let Some(stored) = &mut state.stored {
                // Who finds room at this moment does it again.
                stored.cuts += 1;
            }
            if !state.is_prepared(border) {
                return;
            }
            if let Some(marks) = state.marks(border) {
                marks.prepared = false;
            }
            self.generation.fetch_add(1, Ordering::AcqRel);
        }
        self.guard_everywhere(border..border + 1);
    }

    pub(super) fn is_metadata(&self) -> bool {
        self.is_metadata.load(Ordering::Relaxed)
    }

    pub(super) fn is_random(&self) -> bool {
        // Beside a block of records there are most often bytes of files.
        self.is_random.load(Ordering::Relaxed) || self.is_metadata()
    }
}

impl super::state::State {
    /// Whether room was found for the page, which is here.
    pub(super) fn is_prepared(&mut self, index: u64) -> bool {
        self.marks(index).is_some_and(|marks| marks.prepared)
    }
}
