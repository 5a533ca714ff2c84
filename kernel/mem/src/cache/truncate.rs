//! Cutting a file short, also under the feet of those who map it.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;
use core::sync::atomic::Ordering;

use base::{Error, Result, Room};
use hal::PAGE_SIZE;
use hal::frame::Frame;

use super::ahead::Need;
use super::state::Lookup;
use super::{PageCache, page_of, registry};
use crate::AddressSpace;

impl PageCache {
    /// Makes the file `size` bytes long. What is cut off is gone; what is added is zero.
    pub fn truncate(&self, size: u64) -> Result<()> {
        if size > i64::MAX as u64 {
            return Err(Error::FileTooLarge);
        }
        let old = self.size();
        let (border, within) = page_of(size.min(old));
        if within != 0 {
            // The rest of the last page: read later it has to be zero, also when the file grew
            // before, and also when a program wrote there through a mapping.
            // Looked up in a statement of its own: the lock must not be held over what follows.
            let present = self.state.lock().find(border);
            if self.source.is_some() {
                self.clear_part(border, within, PAGE_SIZE - within)?;
            } else if !matches!(present, Lookup::Absent) {
                let frame = self.page_within(border)?;
                frame.fill(within, PAGE_SIZE - within, 0);
            }
        }
        let first_cut = size.div_ceil(PAGE_SIZE as u64);
        // Room beyond the end that was promised goes with any cut, also one that cuts nothing else.
        let shortens = size < old || (size == old && self.state.lock().has_reserved());
        if self.source.is_some() && size < old {
            // From now on nobody begins to find room for what is cut off; who did, ends.
            self.state.lock().size = size;
            self.wait_prepared(first_cut);
        }
        let cut = {
            let mut state = self.state.lock();
            state.size = size;
            if shortens {
                if within != 0
                    && let Some(marks) = state.marks(border)
                {
                    marks.prepared &= self.eighths(&(0..within));
                }
                self.cut(|| state.cut(first_cut))
            } else {
                Vec::new()
            }
        };
        if size < old {
            self.arrived.wake_all();
            self.unmap_everywhere(first_cut..u64::MAX);
        }
        self.refund(cut.len());
        drop(cut);
        if self.source.is_some() && size < old {
            self.after_cut(first_cut..u64::MAX);
        } else if self.source.is_some() {
            self.after_growth(old);
        }
        Ok(())
    }

    /// The pages of `range` are gone; their place on the device is somebody else's when nothing of
    /// them is being written any more.
    fn after_cut(&self, range: Range<u64>) {
        self.wait_written(range);
        registry::settle(&self.me);
    }

    /// Makes a part of a page of a file on a device zero. What is zero already stays as it is, and nothing of it needs
    /// room: what has none is a hole. Returns the page, unless it is beyond the end.
    pub(super) fn clear_part(
        &self,
        index: u64,
        within: usize,
        length: usize,
    ) -> Result<Option<Frame>> {
        let frame = match self.stored_page(index, Need::Change, false) {
            Ok((frame, _)) => frame,
            Err(Error::OutOfRange) => return Ok(None),
            Err(error) => return Err(error),
        };
        if !frame.is_zero(within, length) {
            frame.fill(within, length, 0);
            self.mark_zeroed(index, &frame);
        }
        Ok(Some(frame))
    }

    /// Makes a hole: whole pages are dropped, parts of pages become zero. The length stays. For files
    /// on a device [`PageCache::punch_hole_with`] gives their room back, too.
    pub fn punch_hole(&self, offset: u64, length: u64) -> Result<()> {
        if self.source.is_some() {
            return self.punch_hole_with(offset, length, |_| Ok(()));
        }
        // Also what was promised beyond the end.
        let end = offset.saturating_add(length);
        let mut at = offset;
        while at < end {
            let (index, within) = page_of(at);
            let part = ((PAGE_SIZE - within) as u64).min(end - at);
            if part == PAGE_SIZE as u64 {
                let next_end = end / PAGE_SIZE as u64;
                let cut = {
                    let mut state = self.state.lock();
                    self.cut(|| state.punch(index..next_end))
                };
                self.arrived.wake_all();
                self.unmap_pages(&cut);
                self.refund(cut.len());
                at = next_end * PAGE_SIZE as u64;
                continue;
            }
            let absent = matches!(self.state.lock().find(index), Lookup::Absent);
            if !absent {
                match self.page_within(index) {
                    Ok(frame) => frame.fill(within, part as usize, 0),
                    Err(Error::OutOfRange) => {}
                    Err(error) => return Err(error),
                }
            }
            at += part;
        }
        Ok(())
    }

    /// Makes a hole in a file on a device. `give_back` is told which bytes, whole grains, are to have no room any more.
    /// Of these, no whole page is in memory or being written, and until it comes back nobody brings one in. Other pages stay
    /// in memory with zeros there, and may be being written. Writers have to be kept away by the caller; who writes through a
    /// mapping waits.
    pub fn punch_hole_with(
        &self,
        offset: u64,
        length: u64,
        give_back: impl FnOnce(Range<u64>) -> Result<()>,
    ) -> Result<()> {
        let page = PAGE_SIZE as u64;
        let size = self.size();
        if offset >= size {
            return Ok(());
        }
        // A hole that goes beyond the end takes the last page as a whole.
        let end = offset.saturating_add(length);
        let end = end.min(size.div_ceil(page).saturating_mul(page));
        let whole = offset.div_ceil(page)..end / page;
        let grain = self.grain as u64;
        let gone = offset.next_multiple_of(grain)..end / grain * grain;
        // Pages of which parts are cut out, and how much. As long as they are held they stay in memory.
        let mut parts = Vec::new();
        let mut at = offset;
        while at < end {
            let (index, within) = page_of(at);
            let part = ((PAGE_SIZE - within) as u64).min(end - at);
            if part == page {
                at = whole.end * page;
            } else {
                let length = part as usize;
                if let Some(frame) = self.clear_part(index, within, length)? {
                    parts.make_room(1)?;
                    parts.push((index, within, length, frame));
                }
                at += part;
            }
        }
        if gone.is_empty() {
            return Ok(());
        }
        let outcome = match whole.is_empty() {
            true => give_back(gone),
            false => self.punch_pages(whole, || give_back(gone)),
        };
        for (index, within, length, _frame) in parts {
            self.forget_room(index, within..within + length);
            // What a mapping has written there meanwhile has no room, and came before.
            self.clear_part(index, within, length)?;
        }
        outcome
    }

    /// Takes whole pages out of a file on a device, and keeps them out until `give_back` comes back.
    fn punch_pages(&self, whole: Range<u64>, give_back: impl FnOnce() -> Result<()>) -> Result<()> {
        if let Some(stored) = &mut self.state.lock().stored {
            stored.barred.push(whole.clone());
        }
        self.wait_prepared(whole.start);
        let cut = {
            let mut state = self.state.lock();
            self.cut(|| state.punch(whole.clone()))
        };
        self.arrived.wake_all();
        self.unmap_pages(&cut);
        drop(cut);
        self.after_cut(whole.clone());
        let outcome = give_back();
        if let Some(stored) = &mut self.state.lock().stored
            && let Some(place) = stored.barred.iter().position(|range| *range == whole)
        {
            stored.barred.swap_remove(place);
        }
        self.arrived.wake_all();
        outcome
    }

    /// The first byte at or after `offset` that is data, or is a hole; `None` beyond the end.
    pub fn seek_data_or_hole(&self, offset: u64, hole: bool) -> Option<u64> {
        let state = self.state.lock();
        if offset >= state.size {
            return None;
        }
        if self.source.is_some() {
            return Some(if hole { state.size } else { offset });
        }
        let (index, _) = page_of(offset);
        match state.seek(index, hole) {
            Some(found) => Some((found * PAGE_SIZE as u64).max(offset)),
            None if hole => Some(state.size),
            None => None,
        }
    }

    /// Drops pages that a write made beyond the end and then could not fill.
    pub(super) fn drop_beyond_end(&self) {
        let cut = {
            let mut state = self.state.lock();
            let first = state.page_count();
            self.cut(|| state.cut(first))
        };
        self.arrived.wake_all();
        self.refund(cut.len());
    }

    /// Takes pages out with a new generation, so that faults under way notice.
    fn cut<T>(&self, take: impl FnOnce() -> Vec<T>) -> Vec<T> {
        self.generation.fetch_add(1, Ordering::AcqRel);
        take()
    }

    /// Takes the pages of `range` out of every address space that shows them.
    pub(super) fn unmap_everywhere(&self, range: Range<u64>) {
        for space in self.mapping_spaces() {
            space.forget_object(self.identity, range.clone());
        }
    }

    /// Takes these very pages out of every address space that shows them. Private copies stay: a hole is a
    /// change of the file, not of what somebody made of it.
    fn unmap_pages(&self, pages: &[(u64, Frame)]) {
        let numbers: Vec<_> = pages
            .iter()
            .map(|(index, frame)| (*index, frame.number()))
            .collect();
        for space in self.mapping_spaces() {
            space.release_object(self.identity, &numbers);
        }
    }

    /// The address spaces that may show pages of it.
    pub(super) fn mapping_spaces(&self) -> Vec<Arc<AddressSpace>> {
        let mappings = self.mappings.lock();
        if mappings.is_empty() {
            return Vec::new();
        }
        mappings.living()
    }
}
