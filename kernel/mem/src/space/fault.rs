//! Page faults: bringing the page table up to what the areas promise.
//!
//! Reading anonymous memory that was never written shows the page of zeros. Writing to a private
//! page that others hold too copies it. Pages of an object are mapped as they are, with their
//! sixteen-page neighbourhood as far as it is in memory already: the next faults do not happen.
//!
//! The object is asked for a page without the lock. Whatever changed meanwhile is seen by finding
//! the area again, and by the object's generation: a page that was cut off its object in between
//! must not be mapped after those who cut it off looked for it.

use alloc::sync::Arc;

use base::Error;
use hal::frame::Frame;
use hal::paging::PageFlags;
use hal::user::Access;
use hal::{PAGE_SIZE, USER_END};

use super::AddressSpace;
use super::area::Area;
use super::inner::{Inner, growth_limit, page_flags, page_range};
use super::place::STACK_GAP;
use super::request::{FaultKind, Sharing};
use crate::pressure;
use crate::zero::{is_zero_page, zero_page};
use crate::{MemoryObject, Pattern};

/// How many pages of an object one fault maps at most, aligned to their own number.
const AROUND: usize = 16;

/// So often is relief asked for before a fault gives up.
const RELIEF_ROUNDS: usize = 200;

type FaultResult<T> = Result<T, FaultKind>;

impl From<FaultKind> for Error {
    fn from(_: FaultKind) -> Self {
        Error::BadAddress
    }
}

/// What a fault needs once the areas were looked at.
enum Step {
    Done,
    /// The page has to come from an object, which may sleep.
    Fetch {
        object: Arc<dyn MemoryObject>,
        index: u64,
        access: Access,
        pattern: Pattern,
        generation: u64,
    },
}

impl AddressSpace {
    /// Resolves a fault, winning memory back if there is none. This is what the user loop and the
    /// kernel's own accesses to user memory call. It gives up with `OutOfMemory` when nothing can
    /// be won, and when the thread is interrupted: it may be the one that has to end.
    pub fn resolve_fault(&self, address: usize, access: Access) -> FaultResult<()> {
        for round in 0..RELIEF_ROUNDS {
            match self.handle_fault(address, access) {
                Err(FaultKind::OutOfMemory) => {}
                outcome => return outcome,
            }
            if !pressure::relieve(round) {
                break;
            }
        }
        Err(FaultKind::OutOfMemory)
    }

    /// Resolves a fault if there is memory for it.
    pub fn handle_fault(&self, address: usize, access: Access) -> FaultResult<()> {
        if address >= USER_END {
            return Err(FaultKind::Unmapped);
        }
        let page = address - address % PAGE_SIZE;
        let mut fetched: Option<(u64, u64, u64, Frame)> = None;
        loop {
            let mut inner = self.inner.lock();
            let given = fetched.take();
            match inner.fault(page, access, given)? {
                Step::Done => return Ok(()),
                Step::Fetch {
                    object,
                    index,
                    access,
                    pattern,
                    generation,
                } => {
                    drop(inner);
                    let fetched_now = object.page_expected(index, access, pattern);
                    let frame = fetched_now.map_err(|error| match error {
                        Error::OutOfMemory => FaultKind::OutOfMemory,
                        _ => FaultKind::Bus,
                    })?;
                    fetched = Some((object.identity(), index, generation, frame));
                }
            }
        }
    }
}

impl AddressSpace {
    /// Brings in every page of a mapped range, writable ones as if they had been written; for
    /// programs that want their memory at once or not at all.
    pub fn populate(&self, address: usize, length: usize) -> Result<(), Error> {
        let range = page_range(address, length)?;
        for page in range.step_by(PAGE_SIZE) {
            let protection = self.protection_at(page).ok_or(Error::OutOfMemory)?;
            let access = if protection.allows(Access::Write) {
                Access::Write
            } else {
                Access::Read
            };
            self.handle_fault(page, access).map_err(|kind| match kind {
                FaultKind::OutOfMemory => Error::OutOfMemory,
                _ => Error::BadAddress,
            })?;
        }
        Ok(())
    }
}

impl Inner {
    /// Does what can be done under the lock. `given` is a page that was fetched before: the
    /// object's identity, the page's index, the generation before the fetch, and the frame.
    fn fault(
        &mut self,
        page: usize,
        access: Access,
        given: Option<(u64, u64, u64, Frame)>,
    ) -> FaultResult<Step> {
        let area = if let Some(area) = self.areas.find(page) {
            area.clone()
        } else {
            self.grow_stack(page)?;
            self.areas.find(page).ok_or(FaultKind::Unmapped)?.clone()
        };
        if !area.protection.allows(access) {
            return Err(FaultKind::Protection);
        }
        let present = self.mapped(page);
        let wanted = needed_flag(access);
        if present
            .as_ref()
            .is_some_and(|mapping| mapping.flags.contains(wanted))
        {
            // Another thread was faster, or the CPU remembered what was there before.
            return Ok(Step::Done);
        }
        if let Some(mapping) = present
            && area.sharing == Sharing::Private
        {
            if access == Access::Write {
                return self.write_private(page, &area, mapping.frame, true);
            }
            let flags = page_flags(area.protection) - PageFlags::WRITE;
            self.table.cursor(page..page + PAGE_SIZE).protect(flags);
            return Ok(Step::Done);
        }
        let Some(part) = &area.object else {
            return self.fill_anonymous(page, &area, access);
        };

        let index = area.object_index(page);
        let frame = match given {
            Some((identity, at, generation, frame))
                if identity == part.object.identity()
                    && at == index
                    && generation == part.object.generation() =>
            {
                frame
            }
            _ => {
                let object = part.object.clone();
                let generation = object.generation();
                // A private copy does not change the object: it is only read.
                let shared_write = access == Access::Write && area.sharing == Sharing::Shared;
                let must_tell = shared_write && !object.writable_early();
                if !must_tell && self.map_around(page, &area)? {
                    return self.after_around(page, &area, wanted);
                }
                let access = if shared_write {
                    Access::Write
                } else {
                    Access::Read
                };
                return Ok(Step::Fetch {
                    object,
                    index,
                    access,
                    pattern: area.pattern,
                    generation,
                });
            }
        };
        self.map_object_page(page, &area, access, frame)
    }

    /// The page is here after its neighbourhood was mapped; a private write still has to copy it.
    fn after_around(&mut self, page: usize, area: &Area, wanted: PageFlags) -> FaultResult<Step> {
        match self.mapped(page) {
            Some(mapping) if mapping.flags.contains(wanted) => Ok(Step::Done),
            Some(mapping) if area.sharing == Sharing::Private => {
                self.write_private(page, area, mapping.frame, true)
            }
            // Shared, and here since before its area became writable.
            _ => {
                let flags = page_flags(area.protection);
                self.table.cursor(page..page + PAGE_SIZE).protect(flags);
                Ok(Step::Done)
            }
        }
    }

    fn map_object_page(
        &mut self,
        page: usize,
        area: &Area,
        access: Access,
        frame: Frame,
    ) -> FaultResult<Step> {
        if area.sharing == Sharing::Private {
            if access == Access::Write {
                return self.write_private(page, area, frame, false);
            }
            let flags = page_flags(area.protection) - PageFlags::WRITE;
            self.install_page(page, frame, flags, false)?;
            return Ok(Step::Done);
        }
        let early = area
            .object
            .as_ref()
            .is_some_and(|part| part.object.writable_early());
        let mut flags = page_flags(area.protection);
        if access != Access::Write && !early {
            flags -= PageFlags::WRITE;
        }
        // A page that has to be announced as dirty may be there already, for reading.
        let present = self.mapped(page).is_some();
        self.install_page(page, frame, flags, present)?;
        Ok(Step::Done)
    }

    /// A private page is written: in place if nobody else has its frame, otherwise in a copy.
    /// `present` says whether it is mapped already, without write access.
    fn write_private(
        &mut self,
        page: usize,
        area: &Area,
        frame: Frame,
        present: bool,
    ) -> FaultResult<Step> {
        self.mark_own(page, area);
        let flags = page_flags(area.protection);
        // The table has one reference, `frame` is another.
        if present && frame.reference_count() == 2 && !is_zero_page(&frame) {
            self.table.cursor(page..page + PAGE_SIZE).protect(flags);
            return Ok(Step::Done);
        }
        let copy = if is_zero_page(&frame) {
            Frame::allocate().map_err(|_| FaultKind::OutOfMemory)?
        } else {
            let copy = Frame::allocate_dirty().map_err(|_| FaultKind::OutOfMemory)?;
            copy.copy_from(&frame);
            copy
        };
        self.install_page(page, copy, flags, present)?;
        Ok(Step::Done)
    }

    fn fill_anonymous(&mut self, page: usize, area: &Area, access: Access) -> FaultResult<Step> {
        let mut flags = page_flags(area.protection);
        self.mark_own(page, area);
        let frame = match zero_page() {
            Some(zero) if access != Access::Write => {
                flags -= PageFlags::WRITE;
                zero.clone()
            }
            _ => Frame::allocate().map_err(|_| FaultKind::OutOfMemory)?,
        };
        self.install_page(page, frame, flags, false)?;
        Ok(Step::Done)
    }

    fn mark_own(&mut self, page: usize, area: &Area) {
        if !area.has_own_pages
            && let Some(area) = self.areas.find_mut(page)
        {
            area.has_own_pages = true;
        }
    }

    fn install_page(
        &mut self,
        page: usize,
        frame: Frame,
        flags: PageFlags,
        replaces: bool,
    ) -> FaultResult<()> {
        self.install(page, frame, flags, replaces)
            .map_err(|_| FaultKind::OutOfMemory)
    }

    /// Maps what is in memory of the object's pages around `page`, for reading. Returns whether
    /// `page` itself was.
    fn map_around(&mut self, page: usize, area: &Area) -> FaultResult<bool> {
        let Some(part) = &area.object else {
            return Ok(false);
        };
        let block = AROUND * PAGE_SIZE;
        let start = (page - page % block).max(area.start);
        let end = (page - page % block + block).min(area.end);
        let mut frames = [const { None }; AROUND];
        let frames = &mut frames[..(end - start) / PAGE_SIZE];
        part.object.resident(area.object_index(start), frames);

        let mut flags = page_flags(area.protection);
        if area.sharing == Sharing::Private || !part.object.writable_early() {
            flags -= PageFlags::WRITE;
        }
        let found = frames[(page - start) / PAGE_SIZE].is_some();
        let added = self.table.cursor(start..end).map_absent(frames, flags);
        match added {
            Ok(added) => {
                self.count_resident(added);
                Ok(found)
            }
            // Not worth winning memory back for, unless the page that is needed is among them.
            Err(_) if found => Err(FaultKind::OutOfMemory),
            Err(_) => Ok(false),
        }
    }

    /// Lets the stack above `page` grow down to it, if there is one and it may.
    fn grow_stack(&mut self, page: usize) -> FaultResult<()> {
        let area = self.areas.next_after(page).ok_or(FaultKind::Unmapped)?;
        let limit = growth_limit(area.kind).ok_or(FaultKind::Unmapped)?;
        let (start, end) = (area.start, area.end);
        let is_near_other = self.areas.previous(page).is_some_and(|previous| {
            // A deliberate guard of no access is as good as a gap.
            let needed = if previous.protection.is_empty() {
                0
            } else {
                STACK_GAP
            };
            previous.end + needed > page
        });
        let too_long = end - page > limit || self.check_limit(start - page).is_err();
        if is_near_other || too_long {
            return Err(FaultKind::Unmapped);
        }
        self.areas.resize(start, page, end);
        self.virtual_peak = self.virtual_peak.max(self.areas.total_bytes());
        Ok(())
    }
}

pub(super) fn needed_flag(access: Access) -> PageFlags {
    match access {
        Access::Read => PageFlags::READ,
        Access::Write => PageFlags::WRITE,
        Access::Execute => PageFlags::EXECUTE,
    }
}
