//! Pages become dirty.
//!
//! Room for a page is found before it is changed, while there is somebody to hear that there is none.
//! The order is: *prepare, then copy, then mark*. What may come in between:
//!
//! - A truncation. It lowers the size first, so that nobody begins to prepare what it will cut off,
//!   and waits for those who have begun; the file system gives room back after that. Who has prepared
//!   finds the page gone, and starts over.
//! - A hole smaller than a page. The page stays, so what is known of its room is forgotten once the room is given back,
//!   and write access is taken from those who map it: they ask again.
//! - A write-back. It takes the mark before it reads the page, so a change is in what it writes or
//!   is marked after it.
//! - Reclaim. It takes only clean pages, and of those only the ones that nobody but the cache holds:
//!   whoever is about to change a page holds its frame.
//!
//! Room is found by grains, which may be smaller than pages; of a page that is mapped for writing, for all of it. What
//! becomes zero needs none, so a page may be dirty of which parts have no room: those are zero.

use core::ops::Range;
use core::sync::atomic::Ordering;

use base::{Error, Result, time};
use hal::PAGE_SIZE;
use hal::frame::Frame;
use hal::user::Access;

use super::ahead::{Need, Pattern};
use super::{PageCache, flush, page_of, registry};

/// How often who finds no room for a mapped page waits for others to give some back.
const ROOM_ROUNDS: usize = 8;

/// What a page's room is known by: the smallest grain.
pub(super) const EIGHTH: usize = PAGE_SIZE / 8;

impl PageCache {
    /// The page at `index` of a file on a device is stored once more, as it is then: for who knows that the device has
    /// something else there. Finds no room for it. What is beyond the end is `Error::OutOfRange`.
    pub fn store_again(&self, index: u64) -> Result<()> {
        let frame = self.stored_page(index, Need::Change, false)?.0;
        self.mark_zeroed(index, &frame);
        Ok(())
    }

    /// Marks a page to which nothing was added that needs room, unless it was cut off.
    pub(super) fn mark_zeroed(&self, index: u64, frame: &Frame) {
        self.mark_changed(index, frame, 0, 0);
    }

    /// Marks a page that was changed in some eighths, unless it was cut off since.
    pub(super) fn mark_changed(&self, index: u64, frame: &Frame, eighths: u8, cuts: u64) -> bool {
        let (here, first) = {
            let mut state = self.state.lock();
            let here = state.is_here(index, frame)
                && (state.is_prepared(index, eighths)
                    || state.stored.as_ref().is_some_and(|s| s.cuts == cuts));
            (here, here && state.mark_dirty(index, eighths, time::now()))
        };
        if first {
            self.first_is_dirty();
        }
        here
    }

    /// After the first page became dirty, without locks.
    pub(super) fn first_is_dirty(&self) {
        registry::settle(&self.me);
        if let Some(source) = &self.source {
            source.became_dirty();
        }
        flush::begin();
    }

    /// How often pages were cut off.
    pub(super) fn cuts(&self) -> u64 {
        let state = self.state.lock();
        state.stored.as_ref().map_or(0, |stored| stored.cuts)
    }

    /// The eighths of a page that hold whole grains around the bytes `within` it.
    #[inline]
    pub(super) fn eighths(&self, within: &Range<usize>) -> u8 {
        if self.grain == PAGE_SIZE {
            return u8::MAX;
        }
        eighths(within.start & !(self.grain - 1)..within.end.next_multiple_of(self.grain))
    }

    /// Finds room for the bytes `within` the page at `index`; `beyond` the end, too, for somebody who extends the file.
    /// Returns the eighths of it that have some.
    pub(super) fn prepare(&self, index: u64, within: Range<usize>, beyond: bool) -> Result<u8> {
        let mut eighths = self.eighths(&within);
        let Some(source) = &self.source else {
            return Ok(eighths);
        };
        {
            let mut state = self.state.lock();
            if !beyond {
                let left = state.size.saturating_sub(index * PAGE_SIZE as u64);
                if left == 0 {
                    return Err(Error::OutOfRange);
                }
                // Behind the end there is nothing to be found room for, until the file grows.
                eighths &= self.eighths(&(0..left.min(PAGE_SIZE as u64) as usize));
            }
            if state.is_prepared(index, eighths) {
                return Ok(eighths);
            }
            if let Some(stored) = &mut state.stored {
                stored.preparing.push(index);
            }
        }
        let first = eighths.trailing_zeros() as usize * EIGHTH;
        let end = PAGE_SIZE - eighths.leading_zeros() as usize * EIGHTH;
        let outcome = source.prepare_write(index, first..end);
        if let Some(stored) = &mut self.state.lock().stored
            && let Some(place) = stored.preparing.iter().position(|&other| other == index)
        {
            stored.preparing.swap_remove(place);
        }
        self.arrived.wake_all();
        outcome.map(|()| eighths)
    }

    /// Finds room for the page at `index` as a whole, for a mapping. A call that writes is told before it begins that there
    /// is no room; here the outcome would be a signal, so what is on its way back is waited for.
    fn prepare_patiently(&self, index: u64) -> Result<u8> {
        for _ in 0..ROOM_ROUNDS {
            match self.prepare(index, 0..PAGE_SIZE, false) {
                Err(Error::NoSpace) => {}
                outcome => return outcome,
            }
            let anything = self
                .source
                .as_ref()
                .is_some_and(|source| source.wait_for_room());
            if !anything {
                break;
            }
        }
        self.prepare(index, 0..PAGE_SIZE, false)
    }

    /// Of the bytes `within` a page that is here the whole grains have no room any more: whoever is to change them, also
    /// who has the page mapped, asks for it again.
    pub(super) fn forget_room(&self, index: u64, within: Range<usize>) {
        let whole = within.start.next_multiple_of(self.grain)..within.end & !(self.grain - 1);
        {
            let mut state = self.state.lock();
            if let Some(stored) = &mut state.stored {
                // Who finds room at this moment does it again.
                stored.cuts += 1;
            }
            if let Some(marks) = state.marks(index) {
                marks.prepared &= !eighths(whole);
            }
            self.generation.fetch_add(1, Ordering::AcqRel);
        }
        self.guard_everywhere(index..index + 1);
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
            let eighths = self.prepare_patiently(index)?;
            if self.mark_changed(index, &frame, eighths, cuts) {
                if let Some(source) = &self.source {
                    source.mapped_for_writing();
                }
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
            match state.marks(border) {
                Some(marks) if marks.prepared != 0 => marks.prepared = 0,
                _ => return,
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
    /// Whether room was found for these eighths of the page, which is here.
    pub(super) fn is_prepared(&mut self, index: u64, eighths: u8) -> bool {
        self.marks(index)
            .is_some_and(|marks| marks.prepared & eighths == eighths)
    }
}

/// A bit for each eighth of a page that begins in `bytes`, which begin and end with one.
fn eighths(bytes: Range<usize>) -> u8 {
    let below = |end: usize| (1u16 << (end / EIGHTH)) - 1;
    (below(bytes.end.max(bytes.start)) & !below(bytes.start)) as u8
}
