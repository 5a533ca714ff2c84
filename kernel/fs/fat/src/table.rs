//! The table: which cluster comes after which, and which are free.
//!
//! All copies of the table are written alike, and only one is read.

use alloc::vec;

use base::{Error, Result};

use crate::format::boot::FIRST_CLUSTER;
use crate::format::table::{END, Link};
use crate::meta::{Class, Meta};

impl Meta {
    /// The value of a cluster's entry.
    fn entry(&self, cluster: u32) -> Result<u32> {
        let kind = self.measures.kind;
        let (first, count) = kind.place(cluster);
        let size = self.measures.sector_size as u64;
        let start = self.measures.table_start + self.measures.active * self.measures.table_sectors;
        let mut bytes = [0; 4];
        let within = (first % size) as usize;
        let here = count.min(size as usize - within);
        let sector = start + first / size;
        self.records.read(sector, within, &mut bytes[..here])?;
        if here < count {
            self.records.read(sector + 1, 0, &mut bytes[here..count])?;
        }
        Ok(kind.value(cluster, &bytes[..count]))
    }

    /// What comes after a cluster.
    pub(crate) fn link(&self, cluster: u32) -> Result<Link> {
        Ok(self.measures.link(self.entry(cluster)?))
    }

    /// Sets a cluster's entry, in all tables.
    fn set(&mut self, cluster: u32, value: u32) -> Result<()> {
        let measures = self.measures;
        let (first, last) = self.measures.sectors_of(cluster);
        for sector in first..=last {
            let base = sector * measures.sector_size as u64;
            let active = measures.table_start + measures.active * measures.table_sectors + sector;
            let bytes = self.records.edit(active, Class::Table)?;
            measures.kind.put(bytes, base, cluster, value);
            if !measures.mirrored {
                continue;
            }
            for copy in 0..measures.tables {
                let other = measures.table_start + copy * measures.table_sectors + sector;
                if other == active {
                    continue;
                }
                if self.records.is_changed(other) {
                    let bytes = self.records.edit(other, Class::Table)?;
                    measures.kind.put(bytes, base, cluster, value);
                } else {
                    let whole = self.records.copy(active)?;
                    self.records
                        .make(other, Class::Table)
                        .copy_from_slice(&whole);
                }
            }
        }
        Ok(())
    }

    /// Lets `new`, the first of a chain that nobody leads to yet, come after `last`. What is on the disk does not say
    /// so before the new chain is there too; `late` if that is to be sure also where both lie in one sector.
    pub(crate) fn join(&mut self, last: u32, new: u32, late: bool) -> Result<()> {
        let old = self.entry(last)?;
        let together = self.measures.sectors_of(last).0 == self.measures.sectors_of(new).1;
        self.set(last, new)?;
        let cut = self.cuts.remove(&last);
        if late || !together || cut.is_some() {
            self.joins.entry(last).or_insert(cut.unwrap_or(old));
        }
        Ok(())
    }

    /// Lets a cluster be the last of its chain; what came after it is to be free.
    pub(crate) fn cut_behind(&mut self, last: u32) -> Result<()> {
        let old = self.entry(last)?;
        let Link::Next(next) = self.measures.link(old) else {
            return Ok(());
        };
        self.set(last, END)?;
        if !self.joins.contains_key(&last) {
            self.cuts.entry(last).or_insert(old);
        }
        self.freed.push(next);
        Ok(())
    }

    /// Frees a chain that nothing on the disk leads to any more. Ends where another has been freed, however tangled.
    pub(crate) fn free_chain(&mut self, start: u32) -> Result<()> {
        let mut at = start;
        loop {
            let link = self.link(at)?;
            if link == Link::Free {
                // Two files had it.
                self.damage("a cluster that is freed is free already", at.into());
                return Ok(());
            }
            self.set(at, 0)?;
            self.info_changed = true;
            if let Some(free) = &mut self.free {
                *free += 1;
            }
            match link {
                Link::Next(next) => at = next,
                Link::End => return Ok(()),
                Link::Free | Link::Bad => {
                    self.damage("a chain that leads to no cluster", at.into());
                    return Ok(());
                }
            }
            if self.records.waiting() > crate::volume::WAITING_MAX {
                self.write_tables(false)?;
            }
        }
    }

    /// Shows the values of the entries from a cluster on until `visit` says that it is enough.
    fn each_entry(&self, from: u32, visit: &mut dyn FnMut(u32, u32) -> bool) -> Result<()> {
        let kind = self.measures.kind;
        let size = self.measures.sector_size;
        let start = self.measures.table_start + self.measures.active * self.measures.table_sectors;
        let mut bytes = vec![0; size];
        let mut loaded = u64::MAX;
        for cluster in from..self.measures.end() {
            let (first, count) = kind.place(cluster);
            let (sector, within) = (first / size as u64, (first % size as u64) as usize);
            let value = if within + count > size {
                self.entry(cluster)?
            } else {
                if sector != loaded {
                    self.records.read(start + sector, 0, &mut bytes)?;
                    loaded = sector;
                }
                kind.value(cluster, &bytes[within..within + count])
            };
            if !visit(cluster, value) {
                break;
            }
        }
        Ok(())
    }

    /// How many clusters are free; counted once, whatever the disk says of it.
    pub(crate) fn free_clusters(&mut self) -> Result<u32> {
        if let Some(free) = self.free {
            return Ok(free);
        }
        let mut free = 0;
        self.each_entry(FIRST_CLUSTER, &mut |_, value| {
            free += u32::from(value == 0);
            true
        })?;
        self.free = Some(free);
        Ok(free)
    }

    /// The first free clusters from one on that lie together, at most `most`.
    fn find_free(&self, from: u32, most: u32) -> Result<Option<(u32, u32)>> {
        let mut found: Option<(u32, u32)> = None;
        self.each_entry(from, &mut |cluster, value| match (&mut found, value) {
            (None, 0) => {
                found = Some((cluster, 1));
                most > 1
            }
            (None, _) => true,
            (Some((_, count)), 0) => {
                *count += 1;
                *count < most
            }
            (Some(_), _) => false,
        })?;
        Ok(found)
    }

    /// Takes free clusters that lie together, behind `goal` if that is one, at most `most`; they are a chain of their
    /// own then. [`Error::NoSpace`] without any.
    pub(crate) fn allocate(&mut self, goal: u32, most: u32) -> Result<(u32, u32)> {
        if self.free_clusters()? == 0 {
            return Err(Error::NoSpace);
        }
        let from = match goal {
            0 => self.hint,
            goal => goal + 1,
        };
        let from = if self.measures.has(from) {
            from
        } else {
            FIRST_CLUSTER
        };
        let mut found = self.find_free(from, most)?;
        if found.is_none() {
            found = self.find_free(FIRST_CLUSTER, most)?;
        }
        let Some((first, count)) = found else {
            return Err(self.damage("free clusters that were counted are not there", 0));
        };
        for cluster in first..first + count {
            let value = if cluster + 1 == first + count {
                END
            } else {
                cluster + 1
            };
            if let Err(error) = self.set(cluster, value) {
                self.take_back(first, cluster);
                return Err(error);
            }
        }
        self.free = self.free.map(|free| free.saturating_sub(count));
        self.hint = first + count - 1;
        self.info_changed = true;
        Ok((first, count))
    }

    /// Clusters that were taken and are not used after all, from the first up to one; nothing ever led there.
    pub(crate) fn take_back(&mut self, first: u32, end: u32) {
        for cluster in first..end {
            // What cannot be given back is lost to this file system, as after a loss of power.
            if self.set(cluster, 0).is_ok()
                && let Some(free) = &mut self.free
            {
                *free += 1;
            }
        }
    }
}
