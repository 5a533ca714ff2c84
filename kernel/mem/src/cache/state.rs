//! Which pages are in memory.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::ops::Range;
use core::sync::atomic::Ordering;

use hal::PAGE_SIZE;
use hal::frame::Frame;

use super::ahead::Job;
use super::counts::COUNTS;
use super::stored::Stored;
use super::tree::{IN_LEAF, Tree};

/// The most that a page's age counts to: how often the hand of reclaim passes it by.
const OLDEST: u8 = 3;

/// The pages of a file, and its length.
#[derive(Default)]
pub(super) struct State {
    pub(super) size: u64,
    pub(super) pages: Tree<Page>,
    resident: usize,
    next_token: u64,
    /// Pages of a file in memory that were only promised: they are holes until somebody uses them.
    reserved: BTreeSet<u64>,
    /// What there is to know about a file that lies on a device.
    pub(super) stored: Option<Box<Stored>>,
}

pub(super) enum Page {
    /// Somebody is bringing it in; the token says who.
    Coming(u64),
    Here {
        frame: Frame,
        marks: Marks,
    },
}

impl Page {
    fn is_announced(&self, token: u64) -> bool {
        matches!(self, Page::Coming(mark) if *mark == token)
    }
}

/// What is known about a page of a file on a device.
#[derive(Clone, Copy, Default)]
pub(super) struct Marks {
    /// It was changed since it was stored.
    pub(super) dirty: bool,
    /// Which eighths of it have room on the device.
    pub(super) prepared: u8,
    /// Whoever reads it should have the next pages brought in.
    pub(super) ahead: bool,
    /// It was brought in ahead and not used yet.
    pub(super) fresh: bool,
    /// How often the hand of reclaim will pass it by.
    pub(super) age: u8,
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
        match self.pages.get(index) {
            Some(Page::Here { frame, .. }) => Lookup::Here(frame.clone()),
            Some(Page::Coming(_)) => Lookup::Coming,
            None => Lookup::Absent,
        }
    }

    /// As [`State::find`] for somebody who uses the page now. Also says whether the pages after it
    /// should be brought in, which is said once.
    pub(super) fn find_for_use(&mut self, index: u64) -> (Lookup, bool) {
        // Many small reads of one page are one use.
        let is_new = match &mut self.stored {
            Some(stored) => core::mem::replace(&mut stored.last_used, index) != index,
            None => false,
        };
        match self.pages.get_mut(index) {
            Some(Page::Here { frame, marks }) => {
                // What was read ahead is as old as what was used once: it must last until it is.
                let counts = is_new && !core::mem::take(&mut marks.fresh);
                marks.age = (marks.age + u8::from(counts)).min(OLDEST);
                let ahead = core::mem::take(&mut marks.ahead);
                (Lookup::Here(frame.clone()), ahead)
            }
            Some(Page::Coming(_)) => (Lookup::Coming, false),
            None => (Lookup::Absent, false),
        }
    }

    /// Whether `frame` is the page at `index`.
    pub(super) fn is_here(&self, index: u64, frame: &Frame) -> bool {
        matches!(self.pages.get(index), Some(Page::Here { frame: present, .. })
            if present.number() == frame.number())
    }

    /// What is marked on a page that is here.
    pub(super) fn marks(&mut self, index: u64) -> Option<&mut Marks> {
        match self.pages.get_mut(index) {
            Some(Page::Here { marks, .. }) => Some(marks),
            _ => None,
        }
    }

    /// Says that the page at `index` is there as a promise only.
    pub(super) fn reserve(&mut self, index: u64) {
        self.reserved.insert(index);
    }

    /// Says that somebody uses the page at `index`; whether it was only a promise.
    #[inline]
    pub(super) fn claim(&mut self, index: u64) -> bool {
        !self.reserved.is_empty() && self.reserved.remove(&index)
    }

    /// Whether there are pages that were only promised.
    pub(super) fn has_reserved(&self) -> bool {
        !self.reserved.is_empty()
    }

    /// Leaves a mark that the page is being brought in.
    pub(super) fn announce(&mut self, index: u64) -> u64 {
        self.next_token += 1;
        self.pages.insert(index, Page::Coming(self.next_token));
        self.next_token
    }

    /// Leaves one mark for as many pages from `first` on as are not here and not coming, at most
    /// `most` and not beyond the end; returns how many, and the mark.
    pub(super) fn announce_run(&mut self, first: u64, most: u64) -> (u64, u64) {
        let end = first.saturating_add(most).min(self.page_count());
        let end = end.max(first);
        let end = self.pages.first_in(first..end).unwrap_or(end);
        let end = match &self.stored {
            Some(stored) if !stored.barred.is_empty() => (first..end)
                .find(|&index| stored.is_barred(index))
                .unwrap_or(end),
            _ => end,
        };
        self.next_token += 1;
        for index in first..end {
            self.pages.insert(index, Page::Coming(self.next_token));
        }
        (end - first, self.next_token)
    }

    /// Whether the mark is still there.
    pub(super) fn is_announced(&self, index: u64, token: u64) -> bool {
        self.pages
            .get(index)
            .is_some_and(|page| page.is_announced(token))
    }

    /// Enters pages that were announced; returns the frames of those that nobody waits for any more.
    pub(super) fn arrive(&mut self, job: &Job, first: u64, frames: Vec<Frame>) -> Vec<Frame> {
        let mut unwanted = Vec::new();
        let mut entered = 0;
        for (index, frame) in (first..).zip(frames) {
            match self.pages.get_mut(index) {
                Some(page) if page.is_announced(job.token) => {
                    let marks = Marks {
                        ahead: job.mark == Some(index),
                        fresh: true,
                        age: 1,
                        ..Marks::default()
                    };
                    *page = Page::Here { frame, marks };
                    entered += 1;
                }
                _ => unwanted.push(frame),
            }
        }
        self.remember(entered);
        unwanted
    }

    /// As [`State::find_for_use`], for as many pages in a row as are here and to be used without any more ado.
    pub(super) fn run_for_use(&mut self, first: u64, into: &mut [Option<Frame>]) -> usize {
        let Some(stored) = &mut self.stored else {
            return 0;
        };
        let mut found = 0;
        while let Some(rest) = into.get_mut(found..)
            && !rest.is_empty()
        {
            let begin = first + found as u64;
            let places = self.pages.places_mut(begin);
            let here = places.len().min(rest.len());
            let mut run = 0;
            for (page, into) in places.iter_mut().zip(rest) {
                let Some(Page::Here { frame, marks }) = page else {
                    break;
                };
                if marks.ahead {
                    break;
                }
                let index = begin + run as u64;
                let is_new = core::mem::replace(&mut stored.last_used, index) != index;
                let counts = is_new && !core::mem::take(&mut marks.fresh);
                marks.age = (marks.age + u8::from(counts)).min(OLDEST);
                *into = Some(frame.clone());
                run += 1;
            }
            found += run;
            if run < here || here == 0 {
                break;
            }
        }
        found
    }

    /// Takes the mark away.
    pub(super) fn withdraw(&mut self, index: u64, token: u64) {
        if self.is_announced(index, token) {
            self.pages.remove(index);
        }
    }

    /// Enters a page; returns the frame that was there.
    pub(super) fn put(&mut self, index: u64, frame: Frame) -> Option<Frame> {
        let marks = Marks::default();
        match self.pages.insert(index, Page::Here { frame, marks }) {
            Some(Page::Here { frame, marks }) => {
                self.forget_marks(index, marks);
                Some(frame)
            }
            _ => {
                self.remember(1);
                None
            }
        }
    }

    fn remember(&mut self, pages: usize) {
        self.resident += pages;
        COUNTS.cached.fetch_add(pages, Ordering::Relaxed);
        if self.stored.is_some() {
            COUNTS.stored.fetch_add(pages, Ordering::Relaxed);
        }
    }

    /// The pages from `first` on, as far as they are here and not beyond the end.
    pub(super) fn resident_range(&mut self, first: u64, into: &mut [Option<Frame>]) {
        let last = first
            .saturating_add(into.len() as u64)
            .min(self.page_count());
        if first >= last {
            return;
        }
        let is_stored = self.stored.is_some();
        let mut rest = &mut into[..(last - first) as usize];
        let mut index = first;
        while !rest.is_empty() {
            let here = (IN_LEAF - index as usize % IN_LEAF).min(rest.len());
            let (wanted, behind) = rest.split_at_mut(here);
            for (page, into) in self.pages.places_mut(index).iter_mut().zip(wanted) {
                if let Some(Page::Here { frame, marks }) = page {
                    if is_stored {
                        marks.age = marks.age.max(1);
                    }
                    *into = Some(frame.clone());
                }
            }
            rest = behind;
            index += here as u64;
        }
        if !is_stored && self.has_reserved() {
            // Whoever gets them may write to them without asking again.
            self.reserved.retain(|index| !(first..last).contains(index));
        }
    }

    /// Takes out every page from `first` on, marks included; returns the frames.
    pub(super) fn cut(&mut self, first: u64) -> Vec<Frame> {
        let mut frames = Vec::new();
        self.pages.drain_from(first, &mut |page| {
            if let Page::Here { frame, .. } = page {
                frames.push(frame);
            }
        });
        if self.has_reserved() {
            self.reserved.split_off(&first);
        }
        if let Some(stored) = &mut self.stored {
            stored.forget_from(first);
        }
        self.forget(frames.len());
        frames
    }

    /// Takes out the pages of `range`, marks included; returns them with their places, in order.
    pub(super) fn punch(&mut self, range: Range<u64>) -> Vec<(u64, Frame)> {
        let mut indices = Vec::new();
        self.pages.visit(range, &mut |index, _| {
            indices.push(index);
            false
        });
        let mut frames = Vec::new();
        for index in indices {
            frames.extend(self.take(index).map(|frame| (index, frame)));
        }
        if let Some(stored) = &mut self.stored {
            stored.cuts += 1;
        }
        frames
    }

    /// Takes one page out, or the mark of one that is coming.
    pub(super) fn take(&mut self, index: u64) -> Option<Frame> {
        self.claim(index);
        match self.pages.remove(index) {
            Some(Page::Here { frame, marks }) => {
                self.forget_marks(index, marks);
                self.forget(1);
                Some(frame)
            }
            _ => None,
        }
    }

    fn forget_marks(&mut self, index: u64, marks: Marks) {
        if marks.dirty
            && let Some(stored) = &mut self.stored
        {
            stored.forget(index);
        }
    }

    fn forget(&mut self, pages: usize) {
        self.resident -= pages;
        COUNTS.cached.fetch_sub(pages, Ordering::Relaxed);
        if self.stored.is_some() {
            COUNTS.stored.fetch_sub(pages, Ordering::Relaxed);
        }
    }

    /// The first page from `first` on that is here (or is not, with `hole`), below the end.
    pub(super) fn seek(&self, first: u64, hole: bool) -> Option<u64> {
        let end = self.page_count();
        let range = first..end.max(first);
        if hole {
            let promised = self.reserved.range(range.clone()).next().copied();
            let gap = self.pages.first_gap(range);
            return gap.into_iter().chain(promised).min();
        }
        let mut found = self.pages.first_in(range.clone())?;
        while self.reserved.contains(&found) {
            found = self.pages.first_in(found + 1..range.end)?;
        }
        Some(found)
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.forget(self.resident);
    }
}
