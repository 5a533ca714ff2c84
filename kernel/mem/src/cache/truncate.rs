//! Cutting a file short, also under the feet of those who map it.

use alloc::vec::Vec;
use core::ops::Range;
use core::sync::atomic::Ordering;

use base::{Error, Result};
use hal::PAGE_SIZE;
use hal::frame::Frame;

use super::state::Lookup;
use super::{PageCache, page_of};

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
            let partial = match (present, &self.source) {
                (Lookup::Absent, None) => None,
                _ => Some(self.page_within(border)?),
            };
            if let Some(frame) = partial {
                frame.fill(within, PAGE_SIZE - within, 0);
                if self.source.is_some() {
                    self.state.lock().mark_dirty(border);
                }
            }
        }
        let first_cut = size.div_ceil(PAGE_SIZE as u64);
        let cut = {
            let mut state = self.state.lock();
            state.size = size;
            if size < old {
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
        Ok(())
    }

    /// Makes a hole: whole pages are dropped, parts of pages become zero. The length stays.
    pub fn punch_hole(&self, offset: u64, length: u64) -> Result<()> {
        let end = offset.saturating_add(length).min(self.size());
        let mut at = offset;
        while at < end {
            let (index, within) = page_of(at);
            let part = ((PAGE_SIZE - within) as u64).min(end - at);
            let whole = part == PAGE_SIZE as u64;
            if whole && self.source.is_none() {
                let next_end = end / PAGE_SIZE as u64;
                let cut = {
                    let mut state = self.state.lock();
                    self.cut(|| state.punch(index..next_end))
                };
                self.unmap_everywhere(index..next_end);
                self.refund(cut.len());
                at = next_end * PAGE_SIZE as u64;
                continue;
            }
            let absent = matches!(self.state.lock().find(index), Lookup::Absent);
            if !(absent && self.source.is_none()) {
                self.page_within(index)?.fill(within, part as usize, 0);
                if self.source.is_some() {
                    self.state.lock().mark_dirty(index);
                }
            }
            at += part;
        }
        Ok(())
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
    fn cut(&self, take: impl FnOnce() -> Vec<Frame>) -> Vec<Frame> {
        self.generation.fetch_add(1, Ordering::AcqRel);
        take()
    }

    /// Takes the pages of `range` out of every address space that shows them.
    pub(super) fn unmap_everywhere(&self, range: Range<u64>) {
        let spaces = {
            let mappings = self.mappings.lock();
            if mappings.is_empty() {
                return;
            }
            mappings.living()
        };
        for space in spaces {
            space.forget_object(self.identity, range.clone());
        }
    }
}
