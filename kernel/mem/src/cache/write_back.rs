//! Bringing dirty pages to where they are stored.
//!
//! Dirty pages that lie together are written together. While a run is being written its pages count
//! as clean: who changes one of them makes it dirty again, and it is written again, but not before the
//! first writing has ended. Two writings of one page therefore never run at once, and a truncation
//! waits for those of the pages that it cuts off, because their place is somebody else's afterwards.
//!
//! A page that is mapped for writing would become dirty again without anyone being told. So, after
//! its mark is taken and before it is written, write access is taken from everyone who maps it; and the
//! generation rises in between, so that a fault that was told "dirty" before does not map it after.

use core::ops::Range;
use core::sync::atomic::Ordering;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use base::{Error, Result, time};
use hal::frame::Frame;

use super::counts::COUNTS;
use super::stored::NextRun;
use super::{PageCache, PageSource, Storing, registry};

impl PageCache {
    /// Stores the dirty ones of `count` pages from `first` on, and waits for those that are being
    /// stored already. What was dirty before the call is stored when it returns; an error of what
    /// others were storing is told by [`PageCache::error_since`].
    pub fn write_back(&self, first: u64, count: u64) -> Result<()> {
        self.write_range(first..first.saturating_add(count), true)
    }

    /// As [`PageCache::write_back`], but leaves alone what others are storing.
    pub fn start_write_back(&self, first: u64, count: u64) -> Result<()> {
        self.write_range(first..first.saturating_add(count), false)
    }

    /// Waits until nothing of `count` pages from `first` on is being stored any more that is now.
    pub fn wait_for_write_back(&self, first: u64, count: u64) {
        self.wait_written(first..first.saturating_add(count));
    }

    fn write_range(&self, range: Range<u64>, wait: bool) -> Result<()> {
        if self.source.is_none() {
            return Ok(());
        }
        let mut outcome = Ok(());
        let mut at = range.start;
        while at < range.end {
            let (next, written) = self.write_next(at..range.end)?;
            match next {
                Step::Done => break,
                Step::Behind(end) => at = end,
                Step::Busy(index, end) if wait => {
                    self.wait_written(index..end);
                    at = index;
                }
                Step::Busy(_, end) => at = end,
            }
            outcome = outcome.and(written);
        }
        if wait {
            self.wait_written(range);
        }
        outcome
    }

    /// Stores one run of dirty pages; returns how many, 0 if there is none that nobody else stores.
    pub(super) fn write_some(&self) -> usize {
        let mut at = 0;
        loop {
            match self.write_next(at..u64::MAX) {
                Ok((Step::Behind(end), Ok(()))) => return (end - at) as usize,
                Ok((Step::Busy(_, end), _)) => at = end,
                _ => return 0,
            }
        }
    }

    /// Stores the first run of dirty pages in `range`.
    fn write_next(&self, range: Range<u64>) -> Result<(Step, Result<()>)> {
        let Some(source) = &self.source else {
            return Ok((Step::Done, Ok(())));
        };
        let next = {
            let mut state = self.state.lock();
            let next = state.take_run(range)?;
            if matches!(next, NextRun::Run { .. }) {
                self.generation.fetch_add(1, Ordering::AcqRel);
            }
            next
        };
        Ok(match next {
            NextRun::None => (Step::Done, Ok(())),
            NextRun::Busy(index, end) => (Step::Busy(index, end), Ok(())),
            NextRun::Run {
                first,
                number,
                frames,
            } => {
                let end = first + frames.len() as u64;
                self.guard_everywhere(first..end);
                let written = source.write_pages(first, &frames);
                let written = self.note_outcome(source, first, &frames, written);
                drop(frames);
                self.end_run(number);
                (Step::Behind(end), written)
            }
        })
    }

    /// Begins to store the first run of dirty pages; `None` if there is none, or somebody else stores it. So what several
    /// files have can be on its way at once.
    pub fn begin_write_back(&self) -> Result<Option<Begun>> {
        let (Some(source), Some(cache)) = (&self.source, self.me.upgrade()) else {
            return Ok(None);
        };
        let next = {
            let mut state = self.state.lock();
            let next = state.take_run(0..u64::MAX)?;
            if matches!(next, NextRun::Run { .. }) {
                self.generation.fetch_add(1, Ordering::AcqRel);
            }
            next
        };
        let NextRun::Run {
            first,
            number,
            frames,
        } = next
        else {
            return Ok(None);
        };
        self.guard_everywhere(first..first + frames.len() as u64);
        let under_way = source.begin_write(first, &frames);
        Ok(Some(Begun {
            cache,
            first,
            number,
            frames,
            under_way: Some(under_way),
        }))
    }

    /// A run is written, or will not be.
    fn end_run(&self, number: u64) {
        let pending = {
            let mut state = self.state.lock();
            state.finish_run(number);
            state.stored.as_ref().is_some_and(|s| s.is_pending())
        };
        self.arrived.wake_all();
        if !pending {
            registry::settle(&self.me);
        }
    }

    /// What has become of a run.
    fn note_outcome(
        &self,
        source: &Arc<dyn PageSource>,
        first: u64,
        frames: &[Frame],
        written: Result<()>,
    ) -> Result<()> {
        match written {
            Ok(()) => {
                COUNTS.written.fetch_add(frames.len(), Ordering::Relaxed);
                Ok(())
            }
            Err(error) if frames.len() == 1 => self.note_failure(first, &frames[0], error),
            // One bad place must not cost its neighbours.
            Err(_) => {
                let mut outcome = Ok(());
                for (index, frame) in (first..).zip(frames) {
                    let written = match source.write_page(index, frame) {
                        Ok(()) => {
                            COUNTS.written.fetch_add(1, Ordering::Relaxed);
                            Ok(())
                        }
                        Err(error) => self.note_failure(index, frame, error),
                    };
                    outcome = outcome.and(written);
                }
                outcome
            }
        }
    }

    /// A page could not be stored. For want of memory it stays dirty and will be tried again. Otherwise
    /// it counts as clean, as on Linux, and the error is kept for those who ask: a device that is gone
    /// must not fill memory with pages that nobody can get rid of.
    fn note_failure(&self, index: u64, frame: &Frame, error: Error) -> Result<()> {
        let mut state = self.state.lock();
        if error == Error::OutOfMemory {
            if state.is_here(index, frame) {
                state.mark_dirty(index, 0, time::now());
            }
        } else if let Some(stored) = &mut state.stored {
            stored.failures.record(error);
        }
        Err(error)
    }

    /// Waits until the runs that are being written now have left `range`.
    pub(super) fn wait_written(&self, range: Range<u64>) {
        let last = match &self.state.lock().stored {
            Some(stored) => stored.last_run(),
            None => return,
        };
        self.arrived.wait_until(|| {
            let state = self.state.lock();
            let busy = state
                .stored
                .as_ref()
                .is_some_and(|stored| stored.is_writing(&range, last));
            (!busy).then_some(())
        });
    }

    /// Takes write access to the pages of `range` from everyone who maps them.
    pub(super) fn guard_everywhere(&self, range: Range<u64>) {
        for space in self.mapping_spaces() {
            space.guard_object(self.identity, range.clone());
        }
    }
}

/// A run of pages that is being stored: see [`PageCache::begin_write_back`].
pub struct Begun {
    cache: Arc<PageCache>,
    first: u64,
    number: u64,
    frames: Vec<Frame>,
    /// None when it has ended.
    under_way: Option<Result<Option<Box<dyn Storing>>>>,
}

impl Begun {
    /// How many pages it has.
    pub fn pages(&self) -> usize {
        self.frames.len()
    }

    /// Whether there is nothing to wait for.
    pub fn is_done(&self) -> bool {
        !matches!(self.under_way, Some(Ok(Some(_))))
    }

    /// Waits until the pages are stored.
    pub fn finish(mut self) -> Result<()> {
        self.end()
    }

    fn end(&mut self) -> Result<()> {
        let (Some(under_way), Some(source)) = (self.under_way.take(), &self.cache.source) else {
            return Ok(());
        };
        let written = under_way.and_then(|storing| storing.map_or(Ok(()), Storing::wait));
        let frames = core::mem::take(&mut self.frames);
        let outcome = self
            .cache
            .note_outcome(source, self.first, &frames, written);
        drop(frames);
        self.cache.end_run(self.number);
        outcome
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        // What went wrong is kept with the file.
        let _ = self.end();
    }
}

/// Where writing goes on.
enum Step {
    Done,
    /// A run was written, up to this index.
    Behind(u64),
    /// Somebody else writes the dirty page at the first index, and on up to the second.
    Busy(u64, u64),
}
