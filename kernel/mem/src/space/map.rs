//! The ordered map of areas: lookup, splitting at borders, joining neighbours, finding room.
//!
//! It knows nothing of page tables: what changes here is mirrored there by the address space.
//! Objects are told how many areas show them: an area counts from its way into the map to its way out.

use alloc::collections::BTreeMap;
use core::ops::{Bound, Range};

use base::{Error, Result, room};

use super::area::Area;
use super::request::AreaKind;

/// More areas than this no address space has: each costs kernel memory.
pub const MAXIMUM_AREAS: usize = 65_530;

/// The areas of an address space, by their first address. They never overlap.
#[derive(Default)]
pub(crate) struct AreaMap {
    areas: BTreeMap<usize, Area>,
    total_bytes: usize,
}

impl AreaMap {
    pub(crate) fn total_bytes(&self) -> usize {
        self.total_bytes
    }

    pub(crate) fn count(&self) -> usize {
        self.areas.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Area> {
        self.areas.values()
    }

    /// The area that contains `address`.
    pub(crate) fn find(&self, address: usize) -> Option<&Area> {
        let (_, area) = self.areas.range(..=address).next_back()?;
        (address < area.end).then_some(area)
    }

    pub(crate) fn find_mut(&mut self, address: usize) -> Option<&mut Area> {
        let (_, area) = self.areas.range_mut(..=address).next_back()?;
        (address < area.end).then_some(area)
    }

    /// The first area that begins after `address`.
    pub(crate) fn next_after(&self, address: usize) -> Option<&Area> {
        self.areas.range(address + 1..).next().map(|(_, area)| area)
    }

    /// The last area that ends at or before `address`.
    pub(crate) fn previous(&self, address: usize) -> Option<&Area> {
        self.areas
            .range(..address)
            .next_back()
            .map(|(_, area)| area)
    }

    /// The areas that have a page in `range`, whole.
    pub(crate) fn overlapping(&self, range: Range<usize>) -> impl Iterator<Item = &Area> {
        let first = self
            .find(range.start)
            .map_or(range.start, |area| area.start);
        self.areas
            .range(first..range.end.max(first))
            .map(|(_, area)| area)
    }

    /// Whether `test` holds for an area that has a page in `range`.
    pub(crate) fn any(&self, range: Range<usize>, test: impl FnMut(&Area) -> bool) -> bool {
        self.overlapping(range).any(test)
    }

    pub(crate) fn is_free(&self, range: Range<usize>) -> bool {
        self.overlapping(range).next().is_none()
    }

    /// Whether areas cover `range` without a hole.
    pub(crate) fn covers(&self, range: Range<usize>) -> bool {
        let mut at = range.start;
        for area in self.overlapping(range.clone()) {
            if area.start > at {
                return false;
            }
            at = area.end;
        }
        at >= range.end
    }

    /// Room for `more` areas?
    pub(crate) fn check_room(&self, more: usize) -> Result<()> {
        if self.areas.len() + more > MAXIMUM_AREAS {
            return Err(Error::OutOfMemory);
        }
        room::for_one_more()
    }

    /// Room for what a change of `range` makes of the areas at its borders?
    pub(crate) fn check_splits(&self, range: &Range<usize>) -> Result<()> {
        let splits = |at: usize| self.find(at).is_some_and(|area| area.start < at);
        match usize::from(splits(range.start)) + usize::from(splits(range.end)) {
            0 => Ok(()),
            more => self.check_room(more),
        }
    }

    /// Room for what is left when `range` is taken out? Only a hole in an area makes one more.
    pub(crate) fn check_room_without(&self, range: &Range<usize>) -> Result<()> {
        let around = |area: &Area| area.start < range.start && area.end > range.end;
        if self.find(range.start).is_some_and(around) {
            self.check_room(1)
        } else {
            Ok(())
        }
    }

    /// Adds an area where none is, and joins it with its neighbours.
    pub(crate) fn insert(&mut self, area: Area) {
        let start = area.start;
        area.announce();
        self.put(area);
        self.join_at(start);
    }

    fn put(&mut self, area: Area) {
        self.total_bytes += area.length();
        self.areas.insert(area.start, area);
    }

    fn take(&mut self, start: usize) -> Option<Area> {
        let area = self.areas.remove(&start)?;
        self.total_bytes -= area.length();
        Some(area)
    }

    /// Makes `address` a border between areas if it lies within one.
    pub(crate) fn split_at(&mut self, address: usize) {
        let Some(area) = self.find(address) else {
            return;
        };
        if area.start == address {
            return;
        }
        let start = area.start;
        if let Some(mut area) = self.take(start) {
            let front = area.split_front(address);
            front.announce();
            self.put(front);
            self.put(area);
        }
    }

    /// Takes everything within `range` out, splitting the areas at its borders.
    pub(crate) fn remove(&mut self, range: Range<usize>) {
        self.split_at(range.start);
        self.split_at(range.end);
        while self.take_next(range.clone()).is_some() {}
    }

    /// Takes the first area out that begins within `range`, whose borders are split already.
    fn take_next(&mut self, range: Range<usize>) -> Option<Area> {
        let (&start, _) = self.areas.range(range).next()?;
        let area = self.take(start)?;
        area.withdraw();
        Some(area)
    }

    /// Takes the first area within `range` out, splitting at the range's borders.
    pub(crate) fn take_first(&mut self, range: Range<usize>) -> Option<Area> {
        self.split_at(range.start);
        self.split_at(range.end);
        self.take_next(range)
    }

    /// Changes each area within `range`, splitting at its borders and joining again after.
    pub(crate) fn change(&mut self, range: Range<usize>, mut change: impl FnMut(&mut Area)) {
        self.split_at(range.start);
        self.split_at(range.end);
        for (_, area) in self.areas.range_mut(range.clone()) {
            change(area);
        }
        let mut border = Some(range.start);
        while let Some(at) = border {
            self.join_border(at);
            let next = self
                .areas
                .range((Bound::Excluded(at), Bound::Included(range.end)))
                .next();
            border = next.map(|(&start, _)| start);
        }
    }

    /// Lets the area that begins at `start` begin at `new_start` or end at `new_end` instead.
    pub(crate) fn resize(&mut self, start: usize, new_start: usize, new_end: usize) {
        if let Some(mut area) = self.take(start) {
            (area.start, area.end) = (new_start, new_end);
            self.put(area);
        }
    }

    /// Joins what borders on `address`, if it is alike, and the area that begins there with the
    /// one after it.
    fn join_at(&mut self, address: usize) {
        if let Some(area) = self.areas.get(&address) {
            let end = area.end;
            self.join_border(end);
        }
        self.join_border(address);
    }

    fn join_border(&mut self, border: usize) {
        let Some(next) = self.areas.get(&border) else {
            return;
        };
        let Some(previous) = self.previous(border) else {
            return;
        };
        if !previous.joins(next) {
            return;
        }
        let start = previous.start;
        if let (Some(mut one), Some(two)) = (self.take(start), self.take(border)) {
            one.end = two.end;
            one.has_own_pages |= two.has_own_pages;
            two.withdraw();
            self.put(one);
        }
    }

    /// The highest place for `length` bytes within `window`, with `gap` bytes kept free below an
    /// area that grows downwards.
    pub(crate) fn find_room(
        &self,
        length: usize,
        window: Range<usize>,
        gap: usize,
    ) -> Option<usize> {
        let mut top = window.end;
        // An area that reaches over the window's end limits it as well.
        if let Some(area) = self.find(window.end.checked_sub(1)?) {
            let kept = if matches!(area.kind, AreaKind::Stack { .. }) {
                gap
            } else {
                0
            };
            top = area.start.saturating_sub(kept);
        }
        for area in self.areas.range(..top).rev().map(|(_, area)| area) {
            if let Some(start) = top.checked_sub(length)
                && start >= area.end
                && start >= window.start
            {
                return Some(start);
            }
            let kept = if matches!(area.kind, AreaKind::Stack { .. }) {
                gap
            } else {
                0
            };
            top = area.start.saturating_sub(kept).min(top);
            if top < window.start {
                return None;
            }
        }
        top.checked_sub(length)
            .filter(|&start| start >= window.start)
    }
}

impl Drop for AreaMap {
    fn drop(&mut self) {
        for area in self.areas.values() {
            area.withdraw();
        }
    }
}

#[cfg(test)]
#[path = "map_tests.rs"]
mod tests;
