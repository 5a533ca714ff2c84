//! What there is to know about a file on a device: what of it is dirty, being written, being
//! prepared, and what went wrong.

use alloc::vec::Vec;
use core::ops::Range;
use core::sync::atomic::Ordering;

use base::time::Instant;
use base::{Error, Room};
use hal::frame::Frame;

use super::ahead::Streams;
use super::counts::COUNTS;
use super::failures::Failures;
use super::state::{Page, State};
use super::tree::Tree;

/// The most pages that are written at once: 1 MiB.
pub(super) const RUN: usize = 256;

/// See the module. Part of [`State`], under its lock.
#[derive(Default)]
pub(super) struct Stored {
    /// The dirty pages that are here.
    dirty: Tree<()>,
    dirty_count: usize,
    /// Since when some page was dirty without a break.
    pub(super) dirty_since: Instant,
    /// What is being written, each run with its number.
    writing: Vec<(u64, Range<u64>)>,
    next_run: u64,
    /// Pages for which room is being found at this moment.
    pub(super) preparing: Vec<u64>,
    /// Pages that nobody may bring in at this moment.
    pub(super) barred: Vec<Range<u64>>,
    /// Counts how often pages were cut off, and the file grew.
    pub(super) cuts: u64,
    pub(super) failures: Failures,
    pub(super) streams: Streams,
    pub(super) last_used: u64,
    /// Where the hand of reclaim stands.
    pub(super) hand: u64,
}

/// What comes next to be written.
pub(super) enum NextRun {
    /// Nothing is dirty.
    None,
    /// The dirty page at the first index is being written; that run goes up to the second.
    Busy(u64, u64),
    Run {
        first: u64,
        number: u64,
        frames: Vec<Frame>,
    },
}

impl Stored {
    /// Whether anything of the file has not reached the device.
    pub(super) fn is_pending(&self) -> bool {
        !self.dirty.is_empty() || !self.writing.is_empty()
    }

    pub(super) fn forget(&mut self, index: u64) {
        if self.dirty.remove(index).is_some() {
            self.dirty_count -= 1;
            COUNTS.dirty.fetch_sub(1, Ordering::Relaxed);
        }
    }

    pub(super) fn forget_from(&mut self, first: u64) {
        let mut gone = 0;
        self.dirty.drain_from(first, &mut |()| gone += 1);
        self.dirty_count -= gone;
        COUNTS.dirty.fetch_sub(gone, Ordering::Relaxed);
        self.cuts += 1;
    }

    /// The end of the run that writes the page at `index`.
    pub(super) fn writing_until(&self, index: u64) -> Option<u64> {
        self.writing
            .iter()
            .find(|(_, run)| run.contains(&index))
            .map(|(_, run)| run.end)
    }

    /// Whether the page must not be brought in now.
    pub(super) fn is_barred(&self, index: u64) -> bool {
        self.barred.iter().any(|range| range.contains(&index))
    }

    /// The number of the last run that was begun.
    pub(super) fn last_run(&self) -> u64 {
        self.next_run
    }

    /// Whether a run up to the number `last` is still writing pages of `range`.
    pub(super) fn is_writing(&self, range: &Range<u64>, last: u64) -> bool {
        self.writing
            .iter()
            .any(|(number, run)| *number <= last && run.start < range.end && range.start < run.end)
    }
}

impl Drop for Stored {
    fn drop(&mut self) {
        COUNTS.dirty.fetch_sub(self.dirty_count, Ordering::Relaxed);
    }
}

impl State {
    /// Marks a page that is here as dirty, some eighths of which were found room for; returns whether it is the file's
    /// first.
    pub(super) fn mark_dirty(&mut self, index: u64, prepared: u8, now: Instant) -> bool {
        let Some(marks) = self.marks(index) else {
            return false;
        };
        marks.prepared |= prepared;
        marks.age = marks.age.max(1);
        if core::mem::replace(&mut marks.dirty, true) {
            return false;
        }
        let Some(stored) = &mut self.stored else {
            return false;
        };
        let first = stored.dirty.is_empty();
        if first {
            stored.dirty_since = now;
        }
        stored.dirty.insert(index, ());
        stored.dirty_count += 1;
        COUNTS.dirty.fetch_add(1, Ordering::Relaxed);
        COUNTS.dirtied.fetch_add(1, Ordering::Relaxed);
        first
    }

    /// The next run of dirty pages in `range`, which count as clean and as being written from now on.
    pub(super) fn take_run(&mut self, range: Range<u64>) -> Result<NextRun, Error> {
        let State { pages, stored, .. } = self;
        let Some(stored) = stored else {
            return Ok(NextRun::None);
        };
        let Some(first) = stored.dirty.first_in(range.clone()) else {
            return Ok(NextRun::None);
        };
        if let Some(end) = stored.writing_until(first) {
            return Ok(NextRun::Busy(first, end));
        }
        let limit = stored
            .writing
            .iter()
            .map(|(_, run)| run.start)
            .filter(|&start| start > first)
            .fold(range.end.min(first.saturating_add(RUN as u64)), u64::min);
        let limit = stored.dirty.first_gap(first..limit).unwrap_or(limit);
        let length = (limit - first) as usize;
        let mut frames = Vec::new();
        frames.make_room(length)?;
        stored.writing.make_room(1)?;
        for index in first..first + length as u64 {
            if let Some(Page::Here { frame, marks }) = pages.get_mut(index) {
                marks.dirty = false;
                frames.push(frame.clone());
            }
            stored.dirty.remove(index);
        }
        stored.next_run += 1;
        let number = stored.next_run;
        stored.writing.push((number, first..first + length as u64));
        stored.dirty_count -= length;
        COUNTS.dirty.fetch_sub(length, Ordering::Relaxed);
        COUNTS.writing.fetch_add(length, Ordering::Relaxed);
        Ok(NextRun::Run {
            first,
            number,
            frames,
        })
    }

    /// A run is written, or will not be.
    pub(super) fn finish_run(&mut self, number: u64) {
        let Some(stored) = &mut self.stored else {
            return;
        };
        if let Some(place) = stored.writing.iter().position(|(run, _)| *run == number) {
            let (_, run) = stored.writing.swap_remove(place);
            COUNTS
                .writing
                .fetch_sub((run.end - run.start) as usize, Ordering::Relaxed);
        }
    }
}
