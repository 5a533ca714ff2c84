//! Moving and resizing mappings.

use core::ops::Range;

use base::{Error, Result};
use hal::{PAGE_SIZE, USER_END};

use super::AddressSpace;
use super::area::Area;
use super::inner::{Inner, page_range};
use super::request::{Placement, RemapRequest, Sharing};

impl AddressSpace {
    /// Resizes a mapping, moving it with its pages if it has to and may; returns where it is.
    pub fn remap(&self, request: RemapRequest) -> Result<usize> {
        let round = |length: usize| length.checked_next_multiple_of(PAGE_SIZE);
        let old_length = round(request.old_length).ok_or(Error::InvalidArgument)?;
        let new_length = round(request.new_length).ok_or(Error::InvalidArgument)?;
        let address = request.address;
        if !address.is_multiple_of(PAGE_SIZE) || new_length == 0 || new_length > USER_END {
            return Err(Error::InvalidArgument);
        }
        let mut inner = self.inner.lock();
        let old = page_range(address, old_length)?;
        let area = inner.areas.find(address).ok_or(Error::BadAddress)?.clone();
        if old.end > area.end {
            // One request may not reach over several areas.
            return Err(Error::BadAddress);
        }
        if old_length == 0 {
            return inner.duplicate(&area, address, new_length, request);
        }
        if request.keep_old && (old_length != new_length || !request.may_move) {
            return Err(Error::InvalidArgument);
        }
        if let Some(target) = request.fixed {
            let target_range = page_range(target, new_length)?;
            let overlaps = target_range.start < old.end && old.start < target_range.end;
            if !target.is_multiple_of(PAGE_SIZE) || overlaps || !request.may_move {
                return Err(Error::InvalidArgument);
            }
            inner.check_limit(new_length.saturating_sub(old_length))?;
            inner.areas.check_room(3)?;
            inner.remove(target_range.clone())?;
            return inner.move_pages(old, target_range, request.keep_old);
        }
        if new_length <= old_length && !request.keep_old {
            inner.remove(old.start + new_length..old.end)?;
            return Ok(address);
        }
        inner.check_limit(new_length - old_length)?;
        if !request.keep_old && inner.extend(&old, new_length) {
            return Ok(address);
        }
        if !request.may_move {
            return Err(Error::OutOfMemory);
        }
        inner.areas.check_room(3)?;
        let target = inner.choose_place(Placement::Anywhere(0), new_length)?;
        inner.move_pages(old, target, request.keep_old)
    }
}

impl Inner {
    /// Grows the area that ends with `old` if there is room behind it.
    fn extend(&mut self, old: &Range<usize>, new_length: usize) -> bool {
        let Some(area) = self.areas.find(old.start) else {
            return false;
        };
        let (start, end) = (area.start, area.end);
        let new_end = old.start + new_length;
        if end != old.end || new_end > USER_END || !self.areas.is_free(end..new_end) {
            return false;
        }
        self.areas.resize(start, start, new_end);
        self.virtual_peak = self.virtual_peak.max(self.areas.total_bytes());
        true
    }

    /// Moves the areas and pages of `old` to `new`, which is free and may be longer or shorter.
    fn move_pages(&mut self, old: Range<usize>, new: Range<usize>, keep: bool) -> Result<usize> {
        let moved = (old.end - old.start).min(new.end - new.start);
        self.remove(old.start + moved..old.end)?;
        let old = old.start..old.start + moved;
        let Some(mut area) = self.areas.take_first(old.clone()) else {
            return Err(Error::BadAddress);
        };
        let left_behind = keep.then(|| Area {
            has_own_pages: false,
            locked: false,
            ..area.clone()
        });
        (area.start, area.end) = (new.start, new.end);

        let mut failed = false;
        let mut lost = 0;
        let mut from = old.start;
        while from < old.end {
            let mut source = self.table.cursor(from..old.end);
            let Some(page) = source.next_mapped() else {
                break;
            };
            let Some(mapping) = source.query() else { break };
            drop(source);
            let target = new.start + (page - old.start);
            let mut cursor = self.table.cursor(target..target + PAGE_SIZE);
            if cursor.map(mapping.frame, mapping.flags).is_err() {
                // No memory for a page table: what was moved so far goes back to the old place,
                // whose tables still exist.
                failed = true;
                break;
            }
            drop(cursor);
            from = page + PAGE_SIZE;
            lost += 1;
        }
        self.count_resident(lost);
        if failed {
            self.clear(new);
            (area.start, area.end) = (old.start, old.end);
            self.add(area);
            return Err(Error::OutOfMemory);
        }
        self.clear(old);
        self.add(area);
        if let Some(area) = left_behind {
            self.add(area);
        }
        Ok(new.start)
    }

    /// A second mapping of the same shared pages.
    fn duplicate(
        &mut self,
        area: &Area,
        address: usize,
        length: usize,
        request: RemapRequest,
    ) -> Result<usize> {
        if area.sharing != Sharing::Shared || !request.may_move {
            return Err(Error::InvalidArgument);
        }
        self.check_limit(length)?;
        self.areas.check_room(3)?;
        let placement = request
            .fixed
            .map_or(Placement::Anywhere(0), Placement::Fixed);
        let range = self.choose_place(placement, length)?;
        self.remove(range.clone())?;
        let mut copy = area.clone();
        if address > copy.start {
            copy.split_front(address);
        }
        (copy.start, copy.end) = (range.start, range.end);
        self.add(copy);
        Ok(range.start)
    }
}
