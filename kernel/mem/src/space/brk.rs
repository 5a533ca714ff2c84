//! The break: the end of the heap that grows behind a program's image.

use base::{Error, Result};
use hal::PAGE_SIZE;

use super::AddressSpace;
use super::area::{Area, AtFork};
use super::inner::page_range;
use super::request::{AreaKind, Protection, Sharing};

impl AddressSpace {
    /// Says where the heap begins; it is empty.
    pub fn set_heap_start(&self, address: usize) {
        self.set_heap(address, address);
    }

    /// Says where the heap begins and ends. It may begin before what is mapped already: then
    /// moving the break down takes that away too.
    pub fn set_heap(&self, start: usize, end: usize) {
        let mut inner = self.inner.lock();
        inner.heap_start = start;
        inner.heap_end = end;
    }

    /// Where the heap ends: to the byte, as it was last set.
    pub fn heap_end(&self) -> usize {
        self.inner.lock().heap_end
    }

    /// Where the heap begins.
    pub fn heap_start(&self) -> usize {
        self.inner.lock().heap_start
    }

    /// Moves the end of the heap, mapping or unmapping the pages between.
    pub fn set_break(&self, end: usize) -> Result<usize> {
        self.set_break_with(end, Protection::READ | Protection::WRITE)
    }

    /// Like [`set_break`](Self::set_break), with what may be done with pages that are added.
    pub fn set_break_with(&self, end: usize, protection: Protection) -> Result<usize> {
        let mut inner = self.inner.lock();
        if end < inner.heap_start || inner.heap_end == 0 {
            return Err(Error::OutOfMemory);
        }
        let page_end = |address: usize| {
            address
                .checked_next_multiple_of(PAGE_SIZE)
                .ok_or(Error::OutOfMemory)
        };
        let (old, new) = (page_end(inner.heap_end)?, page_end(end)?);
        if new < old {
            inner.remove(new..old)?;
        } else if new > old {
            let range = page_range(old, new - old).map_err(|_| Error::OutOfMemory)?;
            inner.check_limit(new - old)?;
            inner.areas.check_room(1)?;
            if (new - old) / PAGE_SIZE > hal::frame::statistics().total {
                return Err(Error::OutOfMemory);
            }
            if !inner.areas.is_free(range.clone()) {
                return Err(Error::OutOfMemory);
            }
            inner.add(Area {
                start: range.start,
                end: range.end,
                protection,
                maximum: Protection::all(),
                sharing: Sharing::Private,
                object: None,
                kind: AreaKind::Heap,
                at_fork: AtFork::Copy,
                pattern: crate::Pattern::Normal,
                has_own_pages: false,
                locked: false,
            });
        }
        inner.heap_end = end;
        Ok(end)
    }
}
