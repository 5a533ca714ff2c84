//! Mapping and unmapping.

use core::ops::Range;

use alloc::sync::Arc;

use base::{Error, Result};
use hal::{PAGE_SIZE, USER_END};

use super::AddressSpace;
use super::area::{Area, AtFork, ObjectPart};
use super::inner::{Inner, page_range};
use super::place::STACK_GAP;
use super::request::{Backing, MapRequest, Placement, Protection, Sharing};
use crate::{MemoryObject, PageCache, Pattern};

impl AddressSpace {
    /// Makes a mapping and returns its address. Nothing is brought into memory yet.
    pub fn map(&self, request: MapRequest) -> Result<usize> {
        if request.length == 0 {
            return Err(Error::InvalidArgument);
        }
        let length = request.length.checked_next_multiple_of(PAGE_SIZE);
        let length = length
            .filter(|&length| length <= USER_END)
            .ok_or(Error::OutOfMemory)?;
        let area = Self::plan(&request, length)?;

        let mut inner = self.inner.lock();
        let range = inner.choose_place(request.placement, length)?;
        let replaced: usize = inner
            .areas
            .overlapping(range.clone())
            .map(|area| overlap(&area.range(), &range))
            .sum();
        inner.check_limit(length - replaced)?;
        // What is replaced may leave two pieces of one area around the new one.
        inner.areas.check_room(if replaced == 0 { 1 } else { 3 })?;
        inner.remove(range.clone())?;
        // Before any page can be mapped: who cuts pages off has to find this space.
        if let Some(part) = &area.object {
            part.object.mapped_by(&self.weak);
        }
        inner.add(Area {
            start: range.start,
            end: range.end,
            ..area
        });
        Ok(range.start)
    }

    /// The area that a request leads to, but for its place.
    fn plan(request: &MapRequest, length: usize) -> Result<Area> {
        refuse_impossible(request, length)?;
        let mut maximum = Protection::all();
        let object = match &request.backing {
            Backing::Anonymous if request.sharing == Sharing::Private => None,
            Backing::Anonymous => {
                let cache = PageCache::memory("/dev/zero (deleted)");
                cache.set_size(length as u64);
                let object: Arc<dyn MemoryObject> = cache;
                Some(ObjectPart { object, offset: 0 })
            }
            Backing::Object {
                object,
                offset,
                maximum: allowed,
            } => {
                let aligned = offset.is_multiple_of(PAGE_SIZE as u64);
                if !aligned || offset.checked_add(length as u64).is_none() {
                    return Err(Error::InvalidArgument);
                }
                maximum = *allowed;
                Some(ObjectPart {
                    object: object.clone(),
                    offset: *offset,
                })
            }
        };
        if !maximum.contains(request.protection) {
            return Err(Error::AccessDenied);
        }
        Ok(Area {
            start: 0,
            end: 0,
            protection: request.protection,
            maximum,
            sharing: request.sharing,
            object,
            kind: request.kind,
            at_fork: AtFork::Copy,
            pattern: Pattern::Normal,
            has_own_pages: false,
            locked: false,
        })
    }

    /// Removes whatever is mapped in the range.
    pub fn unmap(&self, address: usize, length: usize) -> Result<()> {
        if !address.is_multiple_of(PAGE_SIZE) || length == 0 {
            return Err(Error::InvalidArgument);
        }
        let range = page_range(address, length)?;
        self.inner.lock().remove(range)
    }

    /// Removes everything.
    pub fn clear(&self) {
        let mut inner = self.inner.lock();
        let areas = core::mem::take(&mut inner.areas);
        inner.clear(0..USER_END);
        drop(inner);
        drop(areas);
    }

    /// Removes what is left of an object that was attached at `address` as a whole: every area that still
    /// shows, at its own place, a part of the first such object found there. Other mappings in between
    /// stay. `Error::InvalidArgument` if there is none.
    pub fn detach_object(&self, address: usize) -> Result<()> {
        if !address.is_multiple_of(PAGE_SIZE) || address >= USER_END {
            return Err(Error::InvalidArgument);
        }
        let attached = |area: &Area| {
            let part = area.object.as_ref()?;
            let length = part.object.attached_length()?;
            let from_start = area.start.checked_sub(address)? as u64;
            (from_start == part.offset).then(|| (part.object.identity(), length))
        };
        let mut inner = self.inner.lock();
        let first = inner
            .areas
            .overlapping(address..USER_END)
            .find_map(attached);
        let (identity, length) = first.ok_or(Error::InvalidArgument)?;
        let length = usize::try_from(length).map_err(|_| Error::InvalidArgument)?;
        let whole = page_range(address, length)?;
        let mut from = whole.start;
        loop {
            let next = inner
                .areas
                .overlapping(from..whole.end)
                .find(|area| attached(area).is_some_and(|(other, _)| other == identity));
            let Some(range) = next.map(Area::range) else {
                return Ok(());
            };
            from = range.end;
            inner.remove(range)?;
        }
    }
}

impl Inner {
    /// The range that a mapping goes to.
    pub(super) fn choose_place(&self, placement: Placement, length: usize) -> Result<Range<usize>> {
        let fixed = |address: usize| {
            if !address.is_multiple_of(PAGE_SIZE) {
                return Err(Error::InvalidArgument);
            }
            page_range(address, length).map_err(|_| Error::OutOfMemory)
        };
        match placement {
            Placement::Fixed(address) => fixed(address),
            Placement::FixedNoReplace(address) => {
                let range = fixed(address)?;
                if self.areas.is_free(range.clone()) {
                    Ok(range)
                } else {
                    Err(Error::Exists)
                }
            }
            Placement::Anywhere(hint) => {
                let hint = hint - hint % PAGE_SIZE;
                if hint >= self.window.bottom
                    && let Ok(range) = page_range(hint, length)
                    && self.areas.is_free(range.clone())
                {
                    return Ok(range);
                }
                let window = self.window.bottom..self.window.top;
                let whole = self.window.bottom..USER_END;
                let start = self
                    .areas
                    .find_room(length, window, STACK_GAP)
                    .or_else(|| self.areas.find_room(length, whole, STACK_GAP))
                    .ok_or(Error::OutOfMemory)?;
                Ok(start..start + length)
            }
        }
    }
}

/// Refuses what could never be filled: more private writable memory at once than the machine has.
/// Whatever is less is granted, and paid for page by page when it is touched.
fn refuse_impossible(request: &MapRequest, length: usize) -> Result<()> {
    let is_data = request.sharing == Sharing::Private
        && request.protection.contains(Protection::WRITE)
        && matches!(request.backing, Backing::Anonymous);
    if is_data && length / PAGE_SIZE > hal::frame::statistics().total {
        return Err(Error::OutOfMemory);
    }
    Ok(())
}

fn overlap(one: &Range<usize>, two: &Range<usize>) -> usize {
    one.end
        .min(two.end)
        .saturating_sub(one.start.max(two.start))
}
