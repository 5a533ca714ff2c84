//! Which pages are in memory.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use core::sync::atomic::{AtomicUsize, Ordering};

use hal::frame::Frame;
use hal::{Global, PAGE_SIZE};

/// Pages in all caches of the machine.
static CACHED: Global<AtomicUsize> = Global::new(|| AtomicUsize::new(0));

/// How many pages the page caches of all files hold, those of files that live in memory included.
pub fn cached_pages() -> usize {
    CACHED.load(Ordering::Relaxed)
}

/// The pages of a file, and its length.
#[derive(Default)]
pub(super) struct State {
    pub(super) size: u64,
    pages: BTreeMap<u64, Page>,
    resident: usize,
    next_token: u64,
}

enum Page {
    /// Somebody is bringing it in; the token says who.
    Coming(u64),
    Here {
        frame: Frame,
        dirty: bool,
    },
}

/// What a lookup found.
pub(super) enum Lookup {
    Here(Frame),
    Coming,
    Absent,
}

impl State {
    pub(super) fn resident(&self) -> usize {
        self.resident
    }

    /// How many pages the length takes, counting one that is begun.
    pub(super) fn page_count(&self) -> u64 {
        self.size.div_ceil(PAGE_SIZE as u64)
    }

    pub(super) fn find(&self, index: u64) -> Lookup {
        match self.pages.get(&index) {
            Some(Page::Here { frame, .. }) => Lookup::Here(frame.clone()),
            Some(Page::Coming(_)) => Lookup::Coming,
            None => Lookup::Absent,
        }
    }

    /// Leaves a mark that the page is being brought in.
    pub(super) fn announce(&mut self, index: u64) -> u64 {
        self.next_token += 1;
        self.pages.insert(index, Page::Coming(self.next_token));
        self.next_token
    }

    /// Whether the mark is still there.
    pub(super) fn is_announced(&self, index: u64, token: u64) -> bool {
        matches!(self.pages.get(&index), Some(Page::Coming(mark)) if *mark == token)
    }

    /// Takes the mark away.
    pub(super) fn withdraw(&mut self, index: u64, token: u64) {
        if self.is_announced(index, token) {
            self.pages.remove(&index);
        }
    }

    /// Enters a page; returns the frame that was there.
    pub(super) fn put(&mut self, index: u64, frame: Frame) -> Option<Frame> {
        match self.pages.insert(
            index,
            Page::Here {
                frame,
                dirty: false,
            },
        ) {
            Some(Page::Here { frame, .. }) => Some(frame),
            _ => {
                self.resident += 1;
                CACHED.fetch_add(1, Ordering::Relaxed);
                None
            }
        }
    }

    pub(super) fn mark_dirty(&mut self, index: u64) {
        if let Some(Page::Here { dirty, .. }) = self.pages.get_mut(&index) {
            *dirty = true;
        }
    }

    /// The pages from `first` on, as far as they are here and not beyond the end.
    pub(super) fn resident_range(&self, first: u64, into: &mut [Option<Frame>]) {
        let last = first
            .saturating_add(into.len() as u64)
            .min(self.page_count());
        if first >= last {
            return;
        }
        for (&index, page) in self.pages.range(first..last) {
            if let Page::Here { frame, .. } = page {
                into[(index - first) as usize] = Some(frame.clone());
            }
        }
    }

    /// Takes out every page from `first` on, marks included; returns the frames.
    pub(super) fn cut(&mut self, first: u64) -> Vec<Frame> {
        let cut = self.pages.split_off(&first);
        let frames: Vec<Frame> = cut
            .into_values()
            .filter_map(|page| match page {
                Page::Here { frame, .. } => Some(frame),
                Page::Coming(_) => None,
            })
            .collect();
        self.forget(frames.len());
        frames
    }

    /// Takes out the pages of `range` that are here.
    pub(super) fn punch(&mut self, range: core::ops::Range<u64>) -> Vec<Frame> {
        let indices: Vec<u64> = self.pages.range(range).map(|(&index, _)| index).collect();
        let mut frames = Vec::new();
        for index in indices {
            if let Some(Page::Here { frame, .. }) = self.pages.remove(&index) {
                frames.push(frame);
            }
        }
        self.forget(frames.len());
        frames
    }

    fn forget(&mut self, pages: usize) {
        self.resident -= pages;
        CACHED.fetch_sub(pages, Ordering::Relaxed);
    }

    /// The next dirty page in `range`, which counts as clean from now on.
    pub(super) fn take_dirty(&mut self, range: core::ops::Range<u64>) -> Option<(u64, Frame)> {
        self.pages
            .range_mut(range)
            .find_map(|(&index, page)| match page {
                Page::Here { frame, dirty } if *dirty => {
                    *dirty = false;
                    Some((index, frame.clone()))
                }
                _ => None,
            })
    }

    /// The first page from `first` on that is here (or is not, with `hole`), below the end.
    pub(super) fn seek(&self, first: u64, hole: bool) -> Option<u64> {
        let end = self.page_count();
        if !hole {
            return self
                .pages
                .range(first..end.max(first))
                .next()
                .map(|(&index, _)| index);
        }
        let mut expected = first;
        for &index in self
            .pages
            .range(first..end.max(first))
            .map(|(index, _)| index)
        {
            if index != expected {
                break;
            }
            expected += 1;
        }
        (expected < end).then_some(expected)
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.forget(self.resident);
    }
}
