//! What becomes of pages of an object that are mapped, when the object wants something of them.

use core::ops::Range;

use hal::paging::PageFlags;
use hal::{PAGE_SIZE, USER_END};

use super::AddressSpace;
use super::area::Area;
use super::inner::Inner;
use super::request::Sharing;

impl AddressSpace {
    /// Takes the pages `pages` of the object `identity` out of every area that shows them: they
    /// do not belong to the object any more, and neither do private copies of them.
    pub fn forget_object(&self, identity: u64, pages: Range<u64>) {
        self.inner
            .lock()
            .for_each_part(identity, pages, |inner, _, range| inner.clear(range));
    }

    /// Takes write access from the pages `pages` of the object `identity` wherever a shared area
    /// shows them: whoever writes next faults, and the object hears of it.
    pub fn guard_object(&self, identity: u64, pages: Range<u64>) {
        self.inner
            .lock()
            .for_each_part(identity, pages, |inner, area, range| {
                if area.sharing == Sharing::Shared {
                    inner.guard(range);
                }
            });
    }

    /// Takes pages of the object `identity` out of the areas that show them, each given by its index
    /// and its frame's number, in order. Private copies stay; what is touched again faults again.
    pub fn release_object(&self, identity: u64, pages: &[(u64, usize)]) {
        let (Some(first), Some(last)) = (pages.first(), pages.last()) else {
            return;
        };
        self.inner.lock().for_each_part(
            identity,
            first.0..last.0.saturating_add(1),
            |inner, area, range| inner.release(area, range, pages),
        );
    }
}

impl Inner {
    /// Calls `each` for every area that shows some of `pages` of an object, with the addresses.
    fn for_each_part(
        &mut self,
        identity: u64,
        pages: Range<u64>,
        mut each: impl FnMut(&mut Inner, &Area, Range<usize>),
    ) {
        let mut from = 0;
        // The areas are found one by one, because the work needs the whole of `self`.
        loop {
            let next = self.areas.overlapping(from..USER_END).find(|area| {
                area.object
                    .as_ref()
                    .is_some_and(|part| part.object.identity() == identity)
            });
            let Some(area) = next.cloned() else { return };
            let place = |index: u64| {
                let skip = index.saturating_sub(area.object_index(area.start));
                let skip = skip.saturating_mul(PAGE_SIZE as u64);
                area.start
                    + usize::try_from(skip)
                        .unwrap_or(usize::MAX)
                        .min(area.length())
            };
            let range = place(pages.start)..place(pages.end);
            from = area.end;
            if !range.is_empty() {
                each(self, &area, range);
            }
        }
    }

    fn guard(&mut self, range: Range<usize>) {
        let mut cursor = self.table.cursor(range);
        while let Some(page) = cursor.next_mapped() {
            let Some(flags) = cursor.flags() else { break };
            if flags.contains(PageFlags::WRITE) {
                let usual = PageFlags::READ | PageFlags::EXECUTE;
                cursor.protect(flags & usual);
            } else {
                cursor.seek(page + PAGE_SIZE);
            }
        }
    }

    fn release(&mut self, area: &Area, range: Range<usize>, pages: &[(u64, usize)]) {
        let mut released = 0;
        let mut cursor = self.table.cursor(range);
        while let Some(page) = cursor.next_mapped() {
            let index = area.object_index(page);
            let Ok(place) = pages.binary_search_by_key(&index, |(index, _)| *index) else {
                cursor.seek(page + PAGE_SIZE);
                continue;
            };
            let is_it = cursor
                .query()
                .is_some_and(|mapping| mapping.frame.number() == pages[place].1);
            if is_it {
                cursor.seek(page);
                released += usize::from(cursor.unmap());
            }
        }
        drop(cursor);
        self.resident -= released.min(self.resident);
    }
}
