//! What an address space tells about itself, and the limit on its size.

use alloc::sync::Arc;
use alloc::vec::Vec;
use base::Room;

use hal::{PAGE_SIZE, USER_END};

use super::AddressSpace;
use super::request::{AreaInfo, AreaKind, Protection, Sharing, SpaceStatistics};
use crate::MemoryObject;

impl AddressSpace {
    /// All areas, by address. The space is not locked from one to the next: there may be very many,
    /// and a list of them would need memory.
    pub fn areas(&self) -> impl Iterator<Item = AreaInfo> {
        let mut from = 0;
        core::iter::from_fn(move || {
            let mut inner = self.inner.lock();
            let area = inner.areas.overlapping(from..USER_END).next()?.clone();
            from = area.end;
            Some(AreaInfo {
                start: area.start,
                end: area.end,
                protection: area.protection,
                sharing: area.sharing,
                offset: area.object.as_ref().map_or(0, |part| part.offset),
                object: area.object.as_ref().map(|part| part.object.describe()),
                kind: area.kind,
                resident_pages: inner.present_pages(area.range()),
            })
        })
    }

    /// How much memory it uses.
    pub fn statistics(&self) -> SpaceStatistics {
        let mut inner = self.inner.lock();
        let mut statistics = SpaceStatistics {
            virtual_bytes: inner.areas.total_bytes(),
            virtual_peak: inner.virtual_peak,
            resident_bytes: inner.resident * PAGE_SIZE,
            resident_peak: inner.resident_peak * PAGE_SIZE,
            ..SpaceStatistics::default()
        };
        let mut from = 0;
        loop {
            let next = inner.areas.overlapping(from..USER_END).next();
            let Some(area) = next else { break };
            from = area.end;
            let length = area.length();
            if area.locked {
                statistics.locked_bytes += length;
            }
            if matches!(area.kind, AreaKind::Stack { .. }) {
                statistics.stack_bytes += length;
            } else if area.is_private_data() {
                statistics.data_bytes += length;
            } else if area.protection.contains(Protection::EXECUTE) {
                statistics.text_bytes += length;
            }
            if area.object.is_some() && !area.has_own_pages {
                let range = area.range();
                statistics.resident_file_bytes += inner.present_pages(range) * PAGE_SIZE;
            }
        }
        statistics
    }

    /// How many bytes are present, without looking at every area.
    pub fn resident_bytes(&self) -> usize {
        self.inner.lock().resident * PAGE_SIZE
    }

    /// How many bytes were present at most, without looking at every area.
    pub fn resident_peak_bytes(&self) -> usize {
        self.inner.lock().resident_peak * PAGE_SIZE
    }

    /// How many areas there are.
    pub fn area_count(&self) -> usize {
        self.inner.lock().areas.count()
    }

    /// Sets the most that all areas may be, in bytes (`RLIMIT_AS`).
    pub fn set_limit(&self, bytes: usize) {
        self.inner.lock().limit = bytes;
    }

    /// Whether each page of the range is present; `None` where the range is not fully mapped. With `in_objects` also what
    /// an object has at hand counts, which tells of the doings of others.
    pub fn presence(&self, address: usize, pages: usize, in_objects: bool) -> Option<Vec<bool>> {
        let end = address.checked_add(pages.checked_mul(PAGE_SIZE)?)?;
        if end > hal::USER_END || !address.is_multiple_of(PAGE_SIZE) {
            return None;
        }
        let mut inner = self.inner.lock();
        if !inner.areas.covers(address..end) {
            return None;
        }
        let mut present = Vec::new();
        present.make_room(pages).ok()?;
        let mut cursor = inner.table.cursor(address..end);
        for _ in 0..pages {
            present.push(cursor.query().is_some());
        }
        drop(cursor);
        if in_objects {
            for area in inner.areas.overlapping(address..end) {
                let Some(part) = &area.object else { continue };
                for page in (area.start.max(address)..area.end.min(end)).step_by(PAGE_SIZE) {
                    let slot = &mut present[(page - address) / PAGE_SIZE];
                    if !*slot {
                        let mut found = [None];
                        part.object.resident(area.object_index(page), &mut found);
                        *slot = found[0].is_some();
                    }
                }
            }
        }
        Some(present)
    }

    /// What an address stands for when it is compared between processes: for a shared mapping the
    /// object and the offset in it, else `None`.
    pub fn shared_place(&self, address: usize) -> Option<(Arc<dyn MemoryObject>, u64)> {
        let inner = self.inner.lock();
        let area = inner.areas.find(address)?;
        let part = area
            .object
            .as_ref()
            .filter(|_| area.sharing == Sharing::Shared)?;
        Some((
            part.object.clone(),
            part.offset + (address - area.start) as u64,
        ))
    }

    /// Whether anything is mapped at `address`, and what may be done with it.
    pub fn protection_at(&self, address: usize) -> Option<Protection> {
        self.inner
            .lock()
            .areas
            .find(address)
            .map(|area| area.protection)
    }
}
