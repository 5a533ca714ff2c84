//! Fork: a second address space with the same contents, copied when written.
//!
//! Only pages that cannot be had again are entered into the new table: anonymous pages and private
//! copies, which both sides then hold without write access. Pages of objects fault in again, from
//! memory. So the cost is that of what the program wrote, not of what it maps.

use alloc::sync::Arc;

use base::Result;
use hal::USER_END;
use hal::paging::PageTable;

use super::AddressSpace;
use super::area::{Area, AtFork};
use super::inner::Inner;
use super::request::Sharing;

impl AddressSpace {
    /// A copy of this address space. When it fails for want of memory, this one is as before.
    pub fn fork(&self) -> Result<Arc<AddressSpace>> {
        let mut inner = self.inner.lock();
        let child = Self::with_table(PageTable::new()?, inner.window);
        for part in inner.areas.iter().filter_map(|area| area.object.as_ref()) {
            part.object.mapped_by(&child.weak);
        }
        inner.copy_to(&mut child.inner.lock_second())?;
        Ok(child)
    }
}

impl Inner {
    fn copy_to(&mut self, child: &mut Inner) -> Result<()> {
        child.limit = self.limit;
        child.heap_start = self.heap_start;
        child.heap_end = self.heap_end;
        let mut source = self.table.cursor(0..USER_END);
        let mut target = child.table.cursor(0..USER_END);
        let mut copied = 0;
        for area in self.areas.iter() {
            if needs_copy(area) {
                source.seek(area.start);
                copied += source.share_with(&mut target, area.end)?;
            }
        }
        drop((source, target));
        child.count_resident(copied);
        for area in self.areas.iter() {
            let mut area = area.clone();
            area.locked = false;
            match area.at_fork {
                AtFork::Omit => continue,
                AtFork::Wipe => area.has_own_pages = false,
                AtFork::Copy => {}
            }
            child.areas.check_room(1)?;
            child.add(area);
        }
        Ok(())
    }
}

fn needs_copy(area: &Area) -> bool {
    area.sharing == Sharing::Private && area.has_own_pages && area.at_fork == AtFork::Copy
}
