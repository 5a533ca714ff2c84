//! The walk: three levels of 512 entries, one cursor over a range.

use alloc::sync::Arc;
use core::ops::Range;
use core::sync::atomic::{AtomicU64, Ordering};

use super::PageFlags;
use super::flush::Batch;
use super::space::Space;
use crate::arch::{self, Decoded, pte};
use crate::frame::Frame;
use crate::{OutOfMemory, PAGE_SIZE, USER_END};

/// One table.
pub(super) type Table = [AtomicU64; 512];

/// How much one last-level table maps.
const LAST_SPAN: usize = 512 * PAGE_SIZE;

/// How much one middle table maps.
const MIDDLE_SPAN: usize = 512 * LAST_SPAN;

/// One user address space, for whoever may change it.
pub struct PageTable {
    space: Arc<Space>,
}

/// What is mapped at one page.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// The frame, with an owner of its own.
    pub frame: Frame,
    /// What is allowed, and what was recorded.
    pub flags: PageFlags,
}

impl PageTable {
    /// An empty address space.
    pub fn new() -> Result<Self, OutOfMemory> {
        Ok(Self {
            space: Arc::new(Space::new()?),
        })
    }

    /// A cursor at the start of `range` (page aligned, within user addresses; panics otherwise).
    pub fn cursor(&mut self, range: Range<usize>) -> Cursor<'_> {
        assert!(
            range.start <= range.end
                && range.end <= USER_END
                && (range.start | range.end).is_multiple_of(PAGE_SIZE),
            "a cursor over {range:x?}"
        );
        Cursor {
            address: range.start,
            range,
            batch: Batch::new(&self.space),
            last: None,
            _changing: arch::TablesChanging::begin(),
        }
    }

    /// The space to activate.
    pub fn space(&self) -> &Arc<Space> {
        &self.space
    }
}

impl Drop for PageTable {
    fn drop(&mut self) {
        self.space.give_up();
    }
}

/// A position in a range of an address space. `map`, `unmap`, `protect` and `query` act on the
/// page at the position and step to the next; they panic at the end of the range. Dropping the
/// cursor flushes what needs it, once, and only then gives up the frames that were unmapped.
pub struct Cursor<'a> {
    range: Range<usize>,
    address: usize,
    batch: Batch<'a>,
    /// The last-level table the cursor stands in, and the first address it maps.
    last: Option<(usize, &'a Table)>,
    /// Dropped last, when all is flushed.
    _changing: arch::TablesChanging,
}

impl<'a> Cursor<'a> {
    /// The address of the page the cursor stands at; the end of its range when it is through.
    #[inline]
    pub fn address(&self) -> usize {
        self.address
    }

    /// Moves to `address` (page aligned, in the range or its end; panics otherwise).
    pub fn seek(&mut self, address: usize) {
        assert!(
            self.range.start <= address
                && address <= self.range.end
                && address.is_multiple_of(PAGE_SIZE),
            "a cursor over {:x?} sent to {address:#x}",
            self.range
        );
        self.address = address;
    }

    /// What is mapped here; steps on.
    pub fn query(&mut self) -> Option<Mapping> {
        let slot = self.existing_slot();
        self.step();
        match pte::decode(slot?.load(Ordering::Relaxed)) {
            Decoded::Leaf(physical, flags) => {
                // SAFETY: a user leaf holds a share of its frame, put there by `map`, and the
                // exclusive borrow of the page table keeps it from being taken back now.
                let frame = unsafe { Frame::share_physical(physical) };
                Some(Mapping { frame, flags })
            }
            _ => None,
        }
    }

    /// What the mapping here allows, without a share in the frame; does not step.
    pub fn flags(&mut self) -> Option<PageFlags> {
        match pte::decode(self.existing_slot()?.load(Ordering::Relaxed)) {
            Decoded::Leaf(_, flags) => Some(flags),
            _ => None,
        }
    }

    /// Maps `frame` here, in place of what was here; steps on unless it fails.
    pub fn map(&mut self, frame: Frame, flags: PageFlags) -> Result<(), OutOfMemory> {
        let slot = self.slot()?;
        if flags.contains(PageFlags::EXECUTE) {
            arch::clean_code(frame.pointer());
            self.batch.code_changed();
        }
        let entry = pte::leaf(frame.into_physical(), flags);
        self.replace(slot, entry);
        self.step();
        Ok(())
    }

    /// Maps each of `frames` at its place, counted in pages from here, where nothing is mapped; what
    /// finds its place taken stays in the list. Steps behind them, unless a table cannot be made.
    /// Returns how many it mapped.
    ///
    /// For neighbours in one last-level table (panics otherwise), which is looked for once.
    pub fn map_absent(
        &mut self,
        frames: &mut [Option<Frame>],
        flags: PageFlags,
    ) -> Result<usize, OutOfMemory> {
        let end = self.address + frames.len() * PAGE_SIZE;
        assert!(end <= self.range.end, "a cursor beyond its range");
        if !frames.iter().any(Option::is_some) {
            self.address = end;
            return Ok(0);
        }
        self.slot()?;
        let first = (self.address / PAGE_SIZE) & 511;
        let slots = self.existing_table().map_or(&[][..], |table| &table[..]);
        let slots = &slots[first..first + frames.len()];
        let mut added = 0;
        for (slot, frame) in slots.iter().zip(frames) {
            if slot.load(Ordering::Relaxed) != pte::INVALID {
                continue;
            }
            let Some(frame) = frame.take() else { continue };
            if flags.contains(PageFlags::EXECUTE) {
                arch::clean_code(frame.pointer());
            }
            slot.store(pte::leaf(frame.into_physical(), flags), Ordering::Release);
            added += 1;
        }
        if added > 0 && flags.contains(PageFlags::EXECUTE) {
            self.batch.code_changed();
        }
        self.address = end;
        Ok(added)
    }

    /// Unmaps what is here; steps on. Returns whether there was something.
    pub fn unmap(&mut self) -> bool {
        let was = match self.existing_slot() {
            Some(slot) if slot.load(Ordering::Relaxed) != pte::INVALID => {
                self.replace(slot, pte::INVALID);
                true
            }
            _ => false,
        };
        self.step();
        was
    }

    /// Changes what the mapping here allows (the recorded flags are set to what is given, too);
    /// steps on. Returns whether there was one.
    pub fn protect(&mut self, flags: PageFlags) -> bool {
        let slot = self.existing_slot();
        let changed = slot.is_some_and(|slot| {
            let Decoded::Leaf(physical, before) = pte::decode(slot.load(Ordering::Relaxed)) else {
                return false;
            };
            if flags.contains(PageFlags::EXECUTE) && !before.contains(PageFlags::EXECUTE) {
                arch::clean_code(arch::physical_to_virtual(physical));
                self.batch.code_changed();
            }
            slot.store(pte::leaf(physical, flags), Ordering::Release);
            let lost = before.difference(flags);
            if lost.intersects(PageFlags::ACCESS | PageFlags::DIRTY) {
                self.batch.changed(self.address);
            }
            true
        });
        self.step();
        changed
    }

    /// Maps every page from the position up to `end` (no further than the range goes) into `target`
    /// too, a cursor of another address space over the same addresses; neither side may write to
    /// them any more. Moves both to the end. Returns how many pages there were. When it fails, what
    /// was shared so far stays shared.
    pub fn share_with(
        &mut self,
        target: &mut Cursor<'_>,
        end: usize,
    ) -> Result<usize, OutOfMemory> {
        let end = end.min(self.range.end);
        let mut shared = 0;
        while self.address < end {
            let Some(table) = self.existing_table() else {
                self.address = self.end_of_hole().min(end);
                continue;
            };
            let stop = self.next_span(self.address).min(end);
            let start = self.address & !(LAST_SPAN - 1);
            while let Some(position) = {
                let first = (self.address - start) / PAGE_SIZE;
                first_valid(&table[first..(stop - start) / PAGE_SIZE])
            } {
                self.address += position * PAGE_SIZE;
                target.seek(self.address);
                let slot = target.slot()?;
                let index = (self.address - start) / PAGE_SIZE;
                self.share_entry(&table[index], target, slot);
                shared += 1;
                self.step();
                if self.address == stop {
                    break;
                }
            }
            self.address = stop;
        }
        target.seek(self.address);
        Ok(shared)
    }

    /// Shares the page at the position, which is mapped by `entry`, as that of `target` at `slot`.
    #[inline]
    fn share_entry(&mut self, entry: &AtomicU64, target: &mut Cursor<'_>, slot: &AtomicU64) {
        let Decoded::Leaf(physical, flags) = pte::decode(entry.load(Ordering::Relaxed)) else {
            return;
        };
        let kept = flags - PageFlags::WRITE;
        let new = pte::leaf(physical, kept);
        if kept != flags {
            entry.store(new, Ordering::Release);
            self.batch.changed(self.address);
        }
        // SAFETY: as in `query`.
        let frame = unsafe { Frame::share_physical(physical) };
        let _kept_by_the_entry = frame.into_physical();
        target.replace(slot, new);
    }

    /// Moves to the next page at or after the position that is mapped, and returns its address;
    /// moves to the end of the range and returns `None` if there is none.
    #[inline]
    pub fn next_mapped(&mut self) -> Option<usize> {
        self.next_mapped_before(self.range.end)
    }

    /// As [`Cursor::next_mapped`], but looks, and moves, no further than `end`.
    #[inline]
    pub fn next_mapped_before(&mut self, end: usize) -> Option<usize> {
        let end = end.min(self.range.end);
        // Mapped pages come in runs.
        if self.address < end
            && let Some(slot) = self.existing_slot()
            && slot.load(Ordering::Relaxed) != pte::INVALID
        {
            return Some(self.address);
        }
        self.search(end)
    }

    /// As `next_mapped_before`, where nothing is mapped at the position.
    fn search(&mut self, end: usize) -> Option<usize> {
        while self.address < end {
            let Some(table) = self.existing_table() else {
                self.address = self.end_of_hole().min(end);
                continue;
            };
            let stop = self.next_span(self.address).min(end);
            let first = (self.address / PAGE_SIZE) & 511;
            let count = (stop - self.address) / PAGE_SIZE;
            if let Some(position) = first_valid(&table[first..first + count]) {
                self.address += position * PAGE_SIZE;
                return Some(self.address);
            }
            self.address = stop;
        }
        None
    }

    #[inline]
    fn step(&mut self) {
        self.address += PAGE_SIZE;
    }

    /// The end of the last-level table that maps `address`, or of the range.
    fn next_span(&self, address: usize) -> usize {
        ((address & !(LAST_SPAN - 1)) + LAST_SPAN).min(self.range.end)
    }

    /// Where the table begins that may come after the missing one for the position: what the table
    /// above lacks is skipped as a whole, because address spaces are mostly holes.
    fn end_of_hole(&self) -> usize {
        let root = self.batch.space().root();
        let span = match pte::decode(root[self.address >> 30 & 511].load(Ordering::Acquire)) {
            Decoded::Table(_) => LAST_SPAN,
            _ => MIDDLE_SPAN,
        };
        ((self.address & !(span - 1)) + span).min(self.range.end)
    }

    /// Writes an entry, and notes what that needs: a flush if something was here, and the old
    /// frame's end after it.
    fn replace(&mut self, slot: &AtomicU64, entry: u64) {
        let before = slot.load(Ordering::Relaxed);
        slot.store(entry, Ordering::Release);
        if let Decoded::Leaf(physical, _) = pte::decode(before) {
            // SAFETY: the entry held a share of its frame, and was overwritten just now. (The
            // machine may set bits in an entry, but never makes one or changes its frame.)
            let frame = unsafe { Frame::from_physical(physical) };
            self.batch.removed(self.address, frame);
        }
    }

    /// The entry for the position, if there is a table for it.
    #[inline]
    fn existing_slot(&mut self) -> Option<&'a AtomicU64> {
        let index = (self.address / PAGE_SIZE) & 511;
        Some(&self.existing_table()?[index])
    }

    /// The last-level table for the position, if there is one.
    #[inline]
    fn existing_table(&mut self) -> Option<&'a Table> {
        assert!(self.address < self.range.end, "a cursor beyond its range");
        let base = self.address & !(LAST_SPAN - 1);
        if let Some((at, table)) = self.last
            && at == base
        {
            return Some(table);
        }
        let mut table = self.batch.space().root();
        for shift in [30, 21] {
            match pte::decode(table[self.address >> shift & 511].load(Ordering::Acquire)) {
                Decoded::Table(physical) => table = self.batch.space().table(physical),
                _ => return None,
            }
        }
        self.last = Some((base, table));
        Some(table)
    }

    /// The entry for the position; tables are made for it if there are none.
    fn slot(&mut self) -> Result<&'a AtomicU64, OutOfMemory> {
        if let Some(slot) = self.existing_slot() {
            return Ok(slot);
        }
        let mut table = self.batch.space().root();
        for shift in [30, 21] {
            let entry = &table[self.address >> shift & 511];
            table = match pte::decode(entry.load(Ordering::Acquire)) {
                Decoded::Table(physical) => self.batch.space().table(physical),
                _ => {
                    let physical = Frame::allocate()?.into_physical();
                    crate::frame::usage::PAGE_TABLES.add(1);
                    entry.store(pte::table(physical), Ordering::Release);
                    self.batch.space().table(physical)
                }
            };
        }
        self.last = Some((self.address & !(LAST_SPAN - 1), table));
        Ok(&table[(self.address / PAGE_SIZE) & 511])
    }
}

/// Whether none of eight entries holds anything.
#[inline]
pub(super) fn all_invalid(group: &[AtomicU64; 8]) -> bool {
    let together = group
        .each_ref()
        .map(|entry| entry.load(Ordering::Relaxed))
        .into_iter()
        .fold(pte::INVALID, |all, entry| all | entry);
    together == pte::INVALID
}

/// The position of the first entry that holds something. Tables are mostly empty, so eight
/// entries are looked at together.
fn first_valid(entries: &[AtomicU64]) -> Option<usize> {
    let (groups, rest) = entries.as_chunks::<8>();
    let empty = groups.iter().take_while(|group| all_invalid(group)).count();
    let tail = groups.get(empty).map_or(rest, |group| group.as_slice());
    let position = tail
        .iter()
        .position(|entry| entry.load(Ordering::Relaxed) != pte::INVALID)?;
    Some(empty * 8 + position)
}
