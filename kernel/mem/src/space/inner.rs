//! What the lock of an address space guards, and the steps that every operation is made of.

use core::ops::Range;

use base::{Error, Result};
use hal::frame::Frame;
use hal::paging::{PageFlags, PageTable};
use hal::{PAGE_SIZE, USER_END};

use super::area::Area;
use super::map::AreaMap;
use super::place::Window;
use super::request::{AreaKind, Protection};

/// Areas, page table and accounts of an address space.
pub(super) struct Inner {
    pub(super) areas: AreaMap,
    pub(super) table: PageTable,
    pub(super) window: Window,
    /// The most that all areas may be, in bytes (`RLIMIT_AS`).
    pub(super) limit: usize,
    pub(super) heap_start: usize,
    pub(super) heap_end: usize,
    pub(super) resident: usize,
    pub(super) resident_peak: usize,
    pub(super) virtual_peak: usize,
}

impl Inner {
    pub(super) fn new(table: PageTable, window: Window) -> Self {
        Self {
            areas: AreaMap::default(),
            table,
            window,
            limit: usize::MAX,
            heap_start: 0,
            heap_end: 0,
            resident: 0,
            resident_peak: 0,
            virtual_peak: 0,
        }
    }

    /// Maps `frame` at `page`, where `replaces` says whether something is.
    pub(super) fn install(
        &mut self,
        page: usize,
        frame: Frame,
        flags: PageFlags,
        replaces: bool,
    ) -> Result<()> {
        self.table
            .cursor(page..page + PAGE_SIZE)
            .map(frame, flags)?;
        if !replaces {
            self.count_resident(1);
        }
        Ok(())
    }

    pub(super) fn count_resident(&mut self, pages: usize) {
        self.resident += pages;
        self.resident_peak = self.resident_peak.max(self.resident);
    }

    /// What is mapped at `page`.
    pub(super) fn mapped(&mut self, page: usize) -> Option<hal::paging::Mapping> {
        self.table.cursor(page..page + PAGE_SIZE).query()
    }

    /// Takes every page of `range` out of the page table.
    pub(super) fn clear(&mut self, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        let mut cleared = 0;
        let mut cursor = self.table.cursor(range);
        while cursor.next_mapped().is_some() {
            cleared += usize::from(cursor.unmap());
        }
        drop(cursor);
        self.resident -= cleared.min(self.resident);
    }

    /// Adds an area where none is.
    pub(super) fn add(&mut self, area: Area) {
        self.areas.insert(area);
        self.virtual_peak = self.virtual_peak.max(self.areas.total_bytes());
    }

    /// Whether `more` bytes would stay within the limit.
    pub(super) fn check_limit(&self, more: usize) -> Result<()> {
        match self.areas.total_bytes().checked_add(more) {
            Some(total) if total <= self.limit => Ok(()),
            _ => Err(Error::OutOfMemory),
        }
    }

    /// Removes areas and pages of `range`.
    pub(super) fn remove(&mut self, range: Range<usize>) -> Result<()> {
        if range.is_empty() {
            return Ok(());
        }
        self.areas.check_room_without(&range)?;
        // What leaves the map may hold the last reference to an object; nothing here can be
        // waiting for this lock, so it may be dropped under it.
        self.areas.remove(range.clone());
        self.clear(range);
        Ok(())
    }

    pub(super) fn present_pages(&mut self, range: Range<usize>) -> usize {
        if range.is_empty() {
            return 0;
        }
        let mut count = 0;
        let end = range.end;
        let mut cursor = self.table.cursor(range);
        while let Some(address) = cursor.next_mapped() {
            count += 1;
            if address + PAGE_SIZE >= end {
                break;
            }
            cursor.seek(address + PAGE_SIZE);
        }
        count
    }
}

/// The flags of a page that may be used in every way that `protection` allows.
pub(super) fn page_flags(protection: Protection) -> PageFlags {
    let mut flags = PageFlags::empty();
    if protection.intersects(Protection::READ | Protection::WRITE) {
        flags |= PageFlags::READ;
    }
    if protection.contains(Protection::WRITE) {
        flags |= PageFlags::WRITE;
    }
    if protection.contains(Protection::EXECUTE) {
        flags |= PageFlags::EXECUTE;
    }
    flags
}

/// The pages that `length` bytes at `address` lie in, if they are user addresses.
pub(super) fn page_range(address: usize, length: usize) -> Result<Range<usize>> {
    let end = address.checked_add(length).ok_or(Error::InvalidArgument)?;
    let end = end
        .checked_next_multiple_of(PAGE_SIZE)
        .ok_or(Error::InvalidArgument)?;
    if end > USER_END {
        return Err(Error::InvalidArgument);
    }
    Ok(address - address % PAGE_SIZE..end)
}

/// Whether an area of this kind grows downwards, and how far.
pub(super) fn growth_limit(kind: AreaKind) -> Option<usize> {
    match kind {
        AreaKind::Stack { limit } => Some(limit),
        _ => None,
    }
}
