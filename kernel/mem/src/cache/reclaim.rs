//! Winning pages back when frames run short.
//!
//! Pages of files on devices can be had again, so they are given back before anything fails. The hand
//! of a clock goes round all caches, and in each round its pages. A page has an *age* of up to three,
//! which counts its uses; the hand takes one off, and takes the page if there is nothing left to take
//! off, it is clean, and nobody else holds its frame. A file that is read once from end to end
//! thus goes before one that is used again and again.
//!
//! There are two callers, with different rights.
//!
//! *Whoever allocates*, when free memory falls under the low watermark. It may hold any sleeping lock
//! (an address space's, a file system's), so it waits for nothing: it only *tries* to take the spin
//! locks, writes nothing, unmaps nothing, and does not even let go of a cache's last reference, which
//! could run a file system's code; that is left to the work thread.
//!
//! *The reclaiming thread* ([`super::reclaimer`]), and the work thread before it would end a process. They hold nothing. They
//! store dirty pages, and take pages that nobody used lately out of the address spaces that show them,
//! so that the next round finds them held by nobody. They also have names and inodes go, which other rooms
//! keep ([`super::shrinkers`]).
//!
//! Who brings in a page and finds no frame at all waits for the reclaiming thread, but not for ever: it
//! may hold a lock of the very file system whose pages would have to be stored. After half a second it
//! goes on with `Error::OutOfMemory`.

use alloc::vec::Vec;
use core::sync::atomic::Ordering;

use hal::frame::Frame;

use super::counts::COUNTS;
use super::state::{Page, State};
use super::{PageCache, reclaimer, registry, shrinkers};

/// How many pages of one cache are looked at under its lock, and how often in a row before the hand goes
/// on to the next.
const LOOKS: usize = 1024;
const LOOKS_IN_A_ROW: usize = 32;

/// How many pages are taken, or unmapped, in one go.
const BATCH: usize = 64;

/// How many caches whoever allocates looks at: many, because a tree of small files has a cache for each.
const CACHES: usize = 1024;

/// How often who needs a page waits for one.
const ROUNDS: usize = 50;

/// How many times round the clock finds whatever can be found: each age, and once to unmap.
const TURNS: usize = 6;

/// What whoever allocates calls; registered with the allocator.
pub(super) fn direct(wanted: usize) -> usize {
    reclaimer::call();
    let mut won = 0;
    for _ in 0..CACHES {
        let Some(cache) = registry::next_to_reclaim(false) else {
            break;
        };
        for _ in 0..LOOKS_IN_A_ROW {
            let Some(mut state) = cache.state.try_lock() else {
                break;
            };
            let taken = state.take_unused(wanted - won, None);
            let is_through = state.is_hand_at_start();
            drop(state);
            won += taken.count;
            if won >= wanted || is_through {
                break;
            }
        }
        registry::park(cache);
        if won >= wanted {
            break;
        }
    }
    won
}

/// Makes room for a page that is needed; `false` when that was tried often enough.
pub(super) fn make_room(round: usize) -> bool {
    if round >= ROUNDS {
        return false;
    }
    if direct(BATCH) == 0 {
        if reclaimer::is_current() {
            return round < TURNS;
        }
        reclaimer::wait();
    }
    true
}

/// Wins pages back until there are enough; `false` if nothing is left to win before that. For threads
/// that hold nothing.
pub(super) fn until_enough() -> bool {
    while hal::frame::shortage() > 0 {
        if win_back() == 0 {
            return false;
        }
    }
    true
}

/// Wins some pages back, for a thread that holds nothing; returns how many, or how many will be clean, and how
/// many things went of what other rooms keep.
pub(crate) fn win_back() -> usize {
    let cached = COUNTS.cached.load(Ordering::Relaxed);
    let mut won = win_pages();
    if won > 0 {
        return won + shrinkers::shrink(won, cached.max(won));
    }
    won = shrinkers::shrink_much();
    let mut after = 0;
    while let Some(cache) = registry::next_pending(after) {
        after = cache.identity;
        let written = cache.write_some();
        won += written;
        if written > 0 {
            break;
        }
    }
    won
}

/// Wins some clean pages back.
fn win_pages() -> usize {
    let mut won = 0;
    for _ in 0..TURNS {
        for _ in 0..registry::count() {
            let Some(cache) = registry::next_to_reclaim(true) else {
                break;
            };
            won += cache.win_back();
            if won >= 4 * BATCH {
                return won;
            }
        }
        if won > 0 {
            break;
        }
    }
    won
}

/// Gives back every page of a file on a device that is clean and not in use; returns how many.
pub fn drop_clean_pages() -> usize {
    let mut dropped = 0;
    for _ in 0..registry::count() {
        match registry::next_to_reclaim(true) {
            Some(cache) => dropped += cache.drop_clean(0, u64::MAX),
            None => break,
        }
    }
    dropped
}

/// What a look at a cache came to.
pub(super) struct Taken {
    count: usize,
    frames: [Option<Frame>; BATCH],
}

impl PageCache {
    /// One visit of a thread that holds nothing.
    fn win_back(&self) -> usize {
        let mut won = 0;
        for _ in 0..LOOKS_IN_A_ROW {
            won += self.win_back_some();
            if won >= BATCH || self.state.lock().is_hand_at_start() {
                break;
            }
        }
        won
    }

    fn win_back_some(&self) -> usize {
        let mut held = Vec::new();
        let is_mapped = !self.mappings.lock().is_empty();
        let taken = {
            let mut state = self.state.lock();
            state.take_unused(BATCH, is_mapped.then_some(&mut held))
        };
        let won = taken.count;
        drop(taken);
        if !held.is_empty() {
            for space in self.mapping_spaces() {
                space.release_object(self.identity, &held);
            }
        }
        won
    }

    /// Gives back the pages of a range that are clean and not in use; returns how many.
    pub fn drop_clean(&self, first: u64, count: u64) -> usize {
        let end = first.saturating_add(count);
        let mut at = first;
        let mut dropped = 0;
        while at < end {
            let mut frames = Vec::new();
            let mut state = self.state.lock();
            if state.stored.is_none() {
                break;
            }
            let mut indices = Vec::new();
            let mut next = end;
            let mut looked = 0;
            state.pages.visit(at..end, &mut |index, page| {
                if looked == LOOKS {
                    next = index;
                    return true;
                }
                looked += 1;
                if let Page::Here { frame, marks } = page
                    && !marks.dirty
                    && frame.reference_count() == 1
                {
                    indices.push(index);
                }
                false
            });
            for index in indices {
                frames.extend(state.take(index));
            }
            drop(state);
            dropped += frames.len();
            at = next;
        }
        dropped
    }
}

impl State {
    fn is_hand_at_start(&self) -> bool {
        self.stored.as_ref().is_none_or(|stored| stored.hand == 0)
    }

    /// Goes on with the hand for a while and takes up to `wanted` pages that nobody used lately. In
    /// `held` come those, index and frame's number, that would be taken if nobody else held them.
    fn take_unused(&mut self, wanted: usize, mut held: Option<&mut Vec<(u64, usize)>>) -> Taken {
        let mut taken = Taken {
            count: 0,
            frames: [const { None }; BATCH],
        };
        let State { pages, stored, .. } = self;
        let Some(stored) = stored else {
            return taken;
        };
        let wanted = wanted.min(BATCH);
        let mut indices = [0; BATCH];
        let mut found = 0;
        let start = stored.hand;
        stored.hand = 0;
        let mut looked = 0;
        pages.visit_mut(start..u64::MAX, &mut |index, page| {
            if looked == LOOKS || found == wanted {
                stored.hand = index;
                return true;
            }
            looked += 1;
            let Page::Here { frame, marks } = page else {
                return false;
            };
            if marks.dirty {
                return false;
            }
            if marks.age > 0 {
                marks.age -= 1;
            } else if frame.reference_count() == 1 {
                indices[found] = index;
                found += 1;
            } else if let Some(held) = &mut held
                && held.len() < BATCH
            {
                held.push((index, frame.number()));
            }
            false
        });
        for &index in &indices[..found] {
            taken.frames[taken.count] = self.take(index);
            taken.count += 1;
        }
        COUNTS.reclaimed.fetch_add(found, Ordering::Relaxed);
        taken
    }
}

/// Has the allocator ask here. The first call counts.
pub(super) fn install() {
    hal::frame::set_reclaimer(direct);
}
