//! Bringing pages in.

use alloc::vec::Vec;
use core::ops::Range;
use core::sync::atomic::Ordering;

use base::{Error, Result, Room};
use hal::frame::Frame;

use super::ahead::{Job, Need, Pattern, Window};
use super::counts::COUNTS;
use super::state::Lookup;
use super::{PageCache, reclaim};

/// What to do about a page that is not here.
enum Turn {
    Found(Frame),
    Wait,
    Bring(u64),
}

/// The same for a file on a device.
enum StoredTurn {
    Found(Frame, u64, Option<Window>),
    Wait,
    Bring(Job),
    /// It lies beyond the end, so it is zero.
    Make(u64),
}

impl PageCache {
    /// The page at `index`, which has to lie within the file.
    pub(super) fn page_within(&self, index: u64) -> Result<Frame> {
        if self.source.is_some() {
            return Ok(self.stored_page(index, Need::Change, false)?.0);
        }
        self.page_with(index, |cache| {
            if index < cache.state.lock().page_count() {
                Ok(())
            } else {
                Err(Error::OutOfRange)
            }
        })
    }

    /// The page at `index`, wherever the end is: for a write that will extend the file.
    pub(super) fn page_for_write(&self, index: u64) -> Result<Frame> {
        self.page_with(index, |_| Ok(()))
    }

    fn page_with(&self, index: u64, allowed: impl Fn(&Self) -> Result<()>) -> Result<Frame> {
        loop {
            allowed(self)?;
            let turn = {
                let mut state = self.state.lock();
                match state.find(index) {
                    Lookup::Here(frame) => {
                        state.claim(index);
                        Turn::Found(frame)
                    }
                    Lookup::Coming => Turn::Wait,
                    Lookup::Absent => Turn::Bring(state.announce(index)),
                }
            };
            match turn {
                Turn::Found(frame) => return Ok(frame),
                Turn::Wait => self.wait_for(index),
                Turn::Bring(token) => {
                    let brought = self.bring(index, token);
                    self.arrived.wake_all();
                    if let Some(frame) = brought? {
                        return Ok(frame);
                    }
                }
            }
        }
    }

    /// Waits until the page at `index` is here, or is known not to come. What nobody has begun to fetch is fetched at once:
    /// the thread that is to do so may itself be waiting for the caller, who then does a loop device's work.
    fn wait_for(&self, index: u64) {
        let mine = self.arrived.wait_until(|| {
            let (coming, barred) = {
                let state = self.state.lock();
                let coming = matches!(state.find(index), Lookup::Coming);
                let barred = state.stored.as_ref().is_some_and(|s| s.is_barred(index));
                (coming, barred)
            };
            match coming {
                true => self.take_queued(index).map(Some),
                false => (!barred).then_some(None),
            }
        });
        if let Some((cache, job)) = mine {
            // As for the thread: whoever needs a page asks again and hears the error.
            let _ = cache.complete(&job);
        }
    }

    /// Makes a page and enters it in the place of the mark; `None` if the mark is gone because
    /// the page was cut off meanwhile.
    pub(super) fn bring(&self, index: u64, token: u64) -> Result<Option<Frame>> {
        let brought = self.make_page();
        let mut state = self.state.lock();
        match brought {
            Err(error) => {
                state.withdraw(index, token);
                Err(error)
            }
            Ok(frame) if state.is_announced(index, token) => {
                state.put(index, frame.clone());
                Ok(Some(frame))
            }
            Ok(frame) => {
                drop(state);
                drop(frame);
                self.refund(1);
                Ok(None)
            }
        }
    }

    fn make_page(&self) -> Result<Frame> {
        if self.source.is_some() {
            return allocate_stored(true, Frame::allocate);
        }
        if let Some(budget) = &self.budget {
            budget.charge(1)?;
        }
        let made = match &self.budget {
            Some(budget) if !budget.is_charged_to_writer() => {
                let payer = base::thread::pay_from(0);
                let made = Frame::allocate();
                base::thread::pay_from(payer);
                made
            }
            _ => Frame::allocate(),
        };
        if made.is_err() {
            self.refund(1);
        }
        made.map_err(Error::from)
    }

    pub(super) fn refund(&self, pages: usize) {
        if let Some(budget) = &self.budget
            && pages > 0
        {
            budget.refund(pages);
        }
    }

    /// The page at `index` of a file on a device; `beyond` the end, too, if somebody is about to
    /// extend it. Also the size of the file.
    pub(super) fn stored_page(&self, index: u64, need: Need, beyond: bool) -> Result<(Frame, u64)> {
        loop {
            match self.stored_turn(index, need, beyond)? {
                StoredTurn::Found(frame, size, next) => {
                    if let Some(window) = next {
                        self.fetch_later(window);
                    }
                    return Ok((frame, size));
                }
                StoredTurn::Wait => self.wait_for(index),
                StoredTurn::Bring(job) => self.complete(&job)?,
                StoredTurn::Make(token) => {
                    let brought = self.bring(index, token);
                    self.arrived.wake_all();
                    if let Some(frame) = brought? {
                        return Ok((frame, self.size()));
                    }
                }
            }
        }
    }

    fn stored_turn(&self, index: u64, need: Need, beyond: bool) -> Result<StoredTurn> {
        let mut state = self.state.lock();
        let within = index < state.page_count();
        if !within && !beyond {
            return Err(Error::OutOfRange);
        }
        let (lookup, is_marked) = state.find_for_use(index);
        Ok(match lookup {
            Lookup::Here(frame) => {
                let next = match &mut state.stored {
                    Some(stored) if is_marked => {
                        Some(stored.streams.after_mark(index, self.most_ahead()))
                    }
                    _ => None,
                };
                StoredTurn::Found(frame, state.size, next)
            }
            Lookup::Coming => StoredTurn::Wait,
            Lookup::Absent if !within => StoredTurn::Make(state.announce(index)),
            Lookup::Absent if state.stored.as_ref().is_some_and(|s| s.is_barred(index)) => {
                StoredTurn::Wait
            }
            Lookup::Absent => {
                let need = match need {
                    Need::Read(_, Pattern::Normal) | Need::Touch(_) if self.is_random() => {
                        Need::Read(1, Pattern::Random)
                    }
                    other => other,
                };
                let window = match &mut state.stored {
                    Some(stored) => stored.streams.after_miss(index, need, self.most_ahead()),
                    None => Window {
                        pages: index..index + 1,
                        mark: None,
                    },
                };
                let pages = state.absent_around(index, window.pages);
                let (count, token) =
                    state.announce_run(pages.start, pages.end.saturating_sub(pages.start));
                StoredTurn::Bring(Job {
                    first: pages.start,
                    count,
                    token,
                    mark: window.mark.filter(|_| !self.is_metadata()),
                    needed: Some(index),
                })
            }
        })
    }

    /// Brings in pages that were announced. An error is that of the page that is needed.
    pub(super) fn complete(&self, job: &Job) -> Result<()> {
        let outcome = self.read_announced(job);
        self.give_up(job);
        outcome
    }

    fn read_announced(&self, job: &Job) -> Result<()> {
        let Some(source) = &self.source else {
            return Ok(());
        };
        let mut frames = Vec::new();
        frames.make_room(job.count as usize)?;
        if let Err(error) = unpaid(|| allocate_announced(job, &mut frames)) {
            return self.read_needed(job, error);
        }
        match source.read_pages(job.first, &frames) {
            Ok(()) => {
                self.enter_announced(job, job.first, frames);
                Ok(())
            }
            Err(error) if frames.len() == 1 => Err(error),
            Err(error) => {
                drop(frames);
                self.read_needed(job, error)
            }
        }
    }

    /// All of them together failed: the one that is needed may be had alone.
    fn read_needed(&self, job: &Job, error: Error) -> Result<()> {
        let (Some(source), Some(needed)) = (&self.source, job.needed) else {
            return Err(error);
        };
        let frame = allocate_stored(true, Frame::allocate_dirty)?;
        source.read_page(needed, &frame)?;
        self.enter_announced(job, needed, alloc::vec![frame]);
        Ok(())
    }

    fn enter_announced(&self, job: &Job, first: u64, frames: Vec<Frame>) {
        COUNTS.read.fetch_add(frames.len(), Ordering::Relaxed);
        let unwanted = self.state.lock().arrive(job, first, frames);
        drop(unwanted);
    }

    /// Takes the marks away that are left of a job, and wakes who waits.
    pub(super) fn give_up(&self, job: &Job) {
        {
            let mut state = self.state.lock();
            for index in job.first..job.first + job.count {
                state.withdraw(index, job.token);
            }
        }
        self.arrived.wake_all();
    }
}

impl super::state::State {
    /// The part of `window` around `index` of which nothing is here or coming.
    fn absent_around(&self, index: u64, window: Range<u64>) -> Range<u64> {
        let before = self.pages.last_in(window.start.min(index)..index);
        let barred = self.stored.as_ref().is_some_and(|s| !s.barred.is_empty());
        let start = match before {
            _ if barred => index,
            Some(present) => present + 1,
            None => window.start.min(index),
        };
        start..window.end.max(index + 1)
    }
}

/// A frame for a page that can be had again: nobody pays for it. If it is `needed`, room is made.
pub(super) fn allocate_stored(
    needed: bool,
    allocate: fn() -> core::result::Result<Frame, hal::OutOfMemory>,
) -> Result<Frame> {
    unpaid(|| allocate_unpaid(needed, allocate))
}

/// Nobody pays for what is allocated meanwhile.
fn unpaid<T>(action: impl FnOnce() -> T) -> T {
    let payer = base::thread::pay_from(0);
    let outcome = action();
    base::thread::pay_from(payer);
    outcome
}

fn allocate_unpaid(
    needed: bool,
    allocate: fn() -> core::result::Result<Frame, hal::OutOfMemory>,
) -> Result<Frame> {
    let mut made = allocate();
    if needed {
        let mut round = 0;
        while made.is_err() && reclaim::make_room(round) {
            made = allocate();
            round += 1;
        }
    }
    made.map_err(Error::from)
}

/// Frames for the pages of a job: all up to the one that is needed, and behind it as many as there are.
fn allocate_announced(job: &Job, frames: &mut Vec<Frame>) -> Result<()> {
    for index in job.first..job.first + job.count {
        let needed = job.needed.is_some_and(|needed| index <= needed);
        match allocate_unpaid(needed, Frame::allocate_dirty) {
            Ok(frame) => frames.push(frame),
            Err(error) if needed => return Err(error),
            Err(_) => break,
        }
    }
    Ok(())
}
