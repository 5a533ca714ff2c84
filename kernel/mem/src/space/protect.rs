//! Changing what may be done with mapped memory, and hearing what it will be used for.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;

use base::{Error, Result};
use hal::PAGE_SIZE;
use hal::paging::PageFlags;

use super::AddressSpace;
use super::area::{Area, AtFork};
use super::inner::{Inner, page_flags, page_range};
use super::request::{Advice, Protection, Sharing};
use crate::MemoryObject;

/// Parts of objects: each with its first page, and how many.
type Parts = Vec<(Arc<dyn MemoryObject>, u64, u64)>;

impl AddressSpace {
    /// Changes what may be done with the pages of a range that is mapped without holes.
    pub fn protect(&self, address: usize, length: usize, protection: Protection) -> Result<()> {
        if !address.is_multiple_of(PAGE_SIZE) {
            return Err(Error::InvalidArgument);
        }
        let range = page_range(address, length).map_err(|_| Error::OutOfMemory)?;
        if range.is_empty() {
            return Ok(());
        }
        let mut inner = self.inner.lock();
        if !inner.areas.covers(range.clone()) {
            return Err(Error::OutOfMemory);
        }
        if inner
            .areas
            .any(range.clone(), |area| !area.maximum.contains(protection))
        {
            return Err(Error::AccessDenied);
        }
        inner.areas.check_splits(&range)?;
        inner
            .areas
            .change(range.clone(), |area| area.protection = protection);
        inner.update_pages(range, protection);
        Ok(())
    }

    /// Acts on what a program says of its future use of a range.
    pub fn advise(&self, address: usize, length: usize, advice: Advice) -> Result<()> {
        if !address.is_multiple_of(PAGE_SIZE) {
            return Err(Error::InvalidArgument);
        }
        let range = page_range(address, length)?;
        if range.is_empty() {
            return Ok(());
        }
        if advice == Advice::WillNeed {
            for (object, first, count) in self.object_parts(range.clone(), false).0 {
                object.will_need(first, count);
            }
        }
        let mut inner = self.inner.lock();
        let at_fork = match advice {
            Advice::Normal | Advice::WillNeed => None,
            Advice::Expect(pattern) => {
                let stays = |area: &Area| area.object.is_none() || area.pattern == pattern;
                if inner.areas.any(range.clone(), |area| !stays(area)) {
                    inner.areas.check_splits(&range)?;
                    inner
                        .areas
                        .change(range.clone(), |area| area.pattern = pattern);
                }
                None
            }
            Advice::DontNeed => {
                inner.clear(range.clone());
                None
            }
            Advice::DontFork => Some(AtFork::Omit),
            Advice::WipeOnFork => Some(AtFork::Wipe),
            Advice::DoFork | Advice::KeepOnFork => Some(AtFork::Copy),
        };
        let holes = !inner.areas.covers(range.clone());
        if let Some(at_fork) = at_fork {
            let wipes = at_fork == AtFork::Wipe;
            if wipes && inner.areas.any(range.clone(), |area| area.object.is_some()) {
                return Err(Error::InvalidArgument);
            }
            inner.areas.check_splits(&range)?;
            inner.areas.change(range, |area| area.at_fork = at_fork);
        }
        // What was there was advised; that there were holes is told all the same.
        if holes {
            Err(Error::OutOfMemory)
        } else {
            Ok(())
        }
    }

    /// The parts of objects that a range shows, those of shared mappings alone with `shared`; and whether the range is mapped without holes.
    fn object_parts(&self, range: Range<usize>, shared: bool) -> (Parts, bool) {
        let mut parts = Vec::new();
        let inner = self.inner.lock();
        for area in inner.areas.overlapping(range.clone()) {
            if let Some(part) = &area.object
                && (!shared || area.sharing == Sharing::Shared)
            {
                let start = area.start.max(range.start);
                let pages = (area.end.min(range.end) - start) / PAGE_SIZE;
                parts.push((part.object.clone(), area.object_index(start), pages as u64));
            }
        }
        let covered = inner.areas.covers(range);
        (parts, covered)
    }

    /// Remembers whether a program wants the pages of a range to stay where they are (mlock(2)). Every page does; this
    /// brings none in. `Error::OutOfMemory` where there is no room for the borders of the range.
    pub fn set_locked(&self, address: usize, length: usize, locked: bool) -> Result<()> {
        let range = page_range(address, length).map_err(|_| Error::OutOfMemory)?;
        let mut inner = self.inner.lock();
        if inner.areas.any(range.clone(), |area| area.locked != locked) {
            inner.areas.check_splits(&range)?;
            inner.areas.change(range, |area| area.locked = locked);
        }
        Ok(())
    }

    /// Whether a page of a range is locked ([`AddressSpace::set_locked`]).
    pub fn is_locked(&self, address: usize, length: usize) -> bool {
        let Ok(range) = page_range(address, length) else {
            return false;
        };
        let inner = self.inner.lock();
        inner.areas.any(range, |area| area.locked)
    }

    /// Whether a range is mapped without holes; `Error::OutOfMemory` if not.
    pub fn check_mapped(&self, address: usize, length: usize) -> Result<()> {
        let range = page_range(address, length).map_err(|_| Error::OutOfMemory)?;
        if self.inner.lock().areas.covers(range) {
            Ok(())
        } else {
            Err(Error::OutOfMemory)
        }
    }

    /// Brings what was written to shared mappings of a range to where it is stored.
    pub fn sync(&self, address: usize, length: usize) -> Result<()> {
        if !address.is_multiple_of(PAGE_SIZE) {
            return Err(Error::InvalidArgument);
        }
        let range = page_range(address, length).map_err(|_| Error::OutOfMemory)?;
        let (parts, covered) = self.object_parts(range, true);
        for (object, first, count) in parts {
            object.sync(first, count)?;
        }
        if covered {
            Ok(())
        } else {
            Err(Error::OutOfMemory)
        }
    }
}

impl Inner {
    /// Brings the pages that are present in line with a new protection. Write access is not
    /// given here: the next write faults, and the fault knows whether a copy is due.
    fn update_pages(&mut self, range: Range<usize>, protection: Protection) {
        let granted = page_flags(protection);
        let mut cursor = self.table.cursor(range);
        while let Some(page) = cursor.next_mapped() {
            let Some(mapping) = cursor.query() else { break };
            let writable = mapping.flags & PageFlags::WRITE;
            let flags = (granted - PageFlags::WRITE) | (granted & writable);
            if flags != mapping.flags & (PageFlags::READ | PageFlags::WRITE | PageFlags::EXECUTE) {
                cursor.seek(page);
                cursor.protect(flags);
            }
        }
    }
}
