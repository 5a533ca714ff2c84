//! Bringing what was changed to the disk, in an order that survives a loss of power at any point.
//!
//! The crate's essay says why the steps are these and come in this order.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::sync::atomic::Ordering;

use base::Result;

use crate::format::boot::{ENTRY, Measures};
use crate::inode::Node;
use crate::meta::{Class, Meta};
use crate::volume::Volume;

impl Volume {
    /// Brings every change of names and tables to the disk, and flushes it. Data is the caller's.
    pub(crate) fn write_changes(&self, meta: &mut Meta) -> Result<()> {
        if meta.read_only {
            self.stop_writing();
            // What was changed before the damage was found never gets there.
            let lost = meta.damaged && meta.records.waiting() > 0;
            return if lost { meta.check_writable() } else { Ok(()) };
        }
        self.begin_commit();
        self.reap(meta);
        let settled = self.changed();
        for node in &settled {
            if node.stale.load(Ordering::Acquire) {
                self.store(meta, node)?;
            }
        }
        meta.write_all()?;
        self.forget_settled(settled);
        if meta.read_only {
            self.stop_writing();
        }
        Ok(())
    }

    /// Puts an inode's record into its entry.
    fn store(&self, meta: &mut Meta, node: &Node) -> Result<()> {
        node.stale.store(false, Ordering::Release);
        node.essential.store(false, Ordering::Relaxed);
        let Some(place) = node.state.lock().place else {
            return Ok(());
        };
        let record = node.record();
        let stored = meta.read_entry(place).and_then(|old| {
            let mut bytes = old;
            meta.put_record(&record, &mut bytes);
            match bytes == old {
                true => Ok(()),
                false => meta.write_entry(place, &bytes),
            }
        });
        if stored.is_err() {
            node.stale.store(true, Ordering::Release);
        }
        stored
    }
}

impl Meta {
    fn write_all(&mut self) -> Result<()> {
        self.write_fresh()?;
        self.write_links()?;
        self.write_names()?;
        self.write_ends()
    }

    fn sectors(&self, class: Class) -> Vec<u64> {
        self.records.select(|of, _| of == class)
    }

    /// Step 1: new parts of directories, which nothing leads to yet.
    fn write_fresh(&mut self) -> Result<()> {
        let fresh = self
            .records
            .select(|class, fresh| fresh && class == Class::Names);
        if fresh.is_empty() {
            return Ok(());
        }
        self.records.write(&fresh, &|_, _| false)?;
        self.records.flush()
    }

    /// Writes the tables; with `joins`, what leads to new clusters still looks as it did. What was cut off always does.
    pub(crate) fn write_tables(&mut self, joins: bool) -> Result<()> {
        let sectors = self.sectors(Class::Table);
        let (measures, joined, cut) = (&self.measures, &self.joins, &self.cuts);
        self.records.write(&sectors, &|sector, bytes| {
            let masked = joins && mask(measures, sector, bytes, joined);
            mask(measures, sector, bytes, cut) || masked
        })
    }

    /// Steps 2 and 3: new chains, then what leads to them.
    fn write_links(&mut self) -> Result<()> {
        if self.sectors(Class::Table).is_empty() {
            return Ok(());
        }
        self.write_tables(true)?;
        if !self.joins.is_empty() {
            self.records.flush()?;
            self.joins.clear();
            self.write_tables(false)?;
        }
        match self.sectors(Class::Names).is_empty() {
            true => Ok(()),
            false => self.records.flush(),
        }
    }

    /// Steps 4 and 5: names that came, then those that went.
    fn write_names(&mut self) -> Result<()> {
        let names = self.sectors(Class::Names);
        if !names.is_empty() {
            let each = self.entries();
            let leaving = &self.leaving;
            let moved = self.moved;
            self.records.write(&names, &|sector, bytes| {
                let mut masked = false;
                let range = sector * each..(sector + 1) * each;
                for (place, old) in leaving.range(range).filter(|_| moved) {
                    let offset = (place % each) as usize * ENTRY;
                    bytes[offset..offset + ENTRY].copy_from_slice(old);
                    masked = true;
                }
                masked
            })?;
            self.records.flush()?;
            let names = self.sectors(Class::Names);
            if !names.is_empty() {
                self.records.write(&names, &|_, _| false)?;
                self.records.flush()?;
            }
        }
        self.leaving.clear();
        self.moved = false;
        Ok(())
    }

    /// Step 6: nothing on the disk leads there any more, so it may be taken again.
    fn write_ends(&mut self) -> Result<()> {
        self.cuts.clear();
        while let Some(start) = self.freed.pop() {
            self.free_chain(start)?;
        }
        self.store_info()?;
        let left = self.records.select(|_, _| true);
        if !left.is_empty() {
            self.records.write(&left, &|_, _| false)?;
            self.records.flush()?;
        }
        Ok(())
    }
}

/// Shows, in a copy of a sector of a table, what clusters are to look like that differ.
fn mask(measures: &Measures, sector: u64, bytes: &mut [u8], looks: &BTreeMap<u32, u32>) -> bool {
    let Some(behind) = sector.checked_sub(measures.table_start) else {
        return false;
    };
    let within = behind % measures.table_sectors;
    let base = within * measures.sector_size as u64;
    let mut masked = false;
    for (&cluster, &value) in looks.range(measures.clusters_in(within)) {
        measures.kind.put(bytes, base, cluster, value);
        masked = true;
    }
    masked
}
