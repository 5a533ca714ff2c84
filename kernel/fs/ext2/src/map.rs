//! Where the blocks of a file lie: finding, adding, cutting off.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use base::{Error, Result};

use crate::blocks::Class;
use crate::format::inode::{FLAG_EXTENTS, Record};
use crate::format::map::{numbers, span, way};
use crate::meta::Meta;

/// Blocks of a file that lie together, or that are not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// The first on the disk; [`None`] for a hole.
    pub(crate) at: Option<u64>,
    /// How many.
    pub(crate) count: u64,
}

impl Meta {
    /// A block number that was read, checked: [`None`] for a hole.
    fn pointer(&mut self, number: u32) -> Result<Option<u64>> {
        let block = u64::from(number);
        if block == 0 {
            return Ok(None);
        }
        match self.measures.locate_block(block) {
            Some((group, _)) if !self.groups[group as usize].covers(&self.measures, block) => {
                Ok(Some(block))
            }
            _ => Err(self.damage("a file's block lies where none can be", block)),
        }
    }

    fn entry(&mut self, block: u64, index: u32) -> Result<Option<u64>> {
        let mut bytes = [0; 4];
        self.blocks.read(block, index as usize * 4, &mut bytes)?;
        self.pointer(u32::from_le_bytes(bytes))
    }

    /// Where the file's block `index` lies, and how many behind it, up to `most`, lie behind it on the disk too (or are
    /// holes too).
    pub(crate) fn find_blocks(&mut self, record: &Record, index: u64, most: u64) -> Result<Run> {
        if record.flags & FLAG_EXTENTS != 0 {
            return self.find_extent(record, index, most);
        }
        let pointers = self.measures.pointers();
        let Some(way) = way(index, pointers) else {
            return Ok(Run {
                at: None,
                count: most,
            });
        };
        let most = most.max(1);
        let listed: Vec<u32>;
        if way.depth == 0 {
            let last = (index + most).min(crate::format::map::DIRECT) as usize;
            listed = record.map[way.slot..last].into();
        } else {
            let mut block = self.pointer(record.map[way.slot])?;
            let (first, reach) = span(way.slot, pointers);
            let mut begin = first;
            let mut below = reach;
            for step in 0..way.depth {
                let Some(at) = block else {
                    return Ok(Run {
                        at: None,
                        count: most.min(begin + below - index),
                    });
                };
                if step + 1 == way.depth {
                    break;
                }
                below /= pointers;
                begin += u64::from(way.indices[step]) * below;
                block = self.entry(at, way.indices[step])?;
            }
            let Some(leaf) = block else {
                return Ok(Run {
                    at: None,
                    count: most.min(begin + below - index),
                });
            };
            let place = u64::from(way.indices[way.depth - 1]);
            let count = most.min(pointers - place).min(1024);
            let mut bytes = vec![0; count as usize * 4];
            self.blocks.read(leaf, place as usize * 4, &mut bytes)?;
            listed = numbers(&bytes);
        }
        let Some(&first) = listed.first() else {
            return Ok(Run { at: None, count: 1 });
        };
        let at = self.pointer(first)?;
        let mut count = 1;
        for &number in &listed[1..] {
            let follows = match at {
                None => number == 0,
                Some(at) => u64::from(number) == at + count && self.pointer(number)?.is_some(),
            };
            if !follows {
                break;
            }
            count += 1;
        }
        Ok(Run { at, count })
    }

    /// Where the search for the file's block `index` begins: behind the block before it, else at the beginning of the
    /// inode's group.
    fn goal(&mut self, number: u32, record: &Record, index: u64) -> u64 {
        if let Some(before) = index.checked_sub(1)
            && let Ok(Run { at: Some(at), .. }) = self.find_blocks(record, before, 1)
        {
            return at + 1;
        }
        let group = self
            .measures
            .locate_inode(number)
            .map_or(0, |(group, _)| group);
        self.measures.group_start(group)
    }

    /// Sees to it that the file has `count` blocks from `index` on. Calls `added` for those that it did not have, and
    /// returns how many there are from `index` on when room runs out before the end.
    pub(crate) fn add_blocks(
        &mut self,
        number: u32,
        record: &mut Record,
        index: u64,
        count: u64,
        added: &mut dyn FnMut(u64, u64),
    ) -> Result<u64> {
        let end = index + count;
        let mut at = index;
        while at < end {
            let run = self.find_blocks(record, at, end - at)?;
            if run.at.is_some() {
                at += run.count;
                continue;
            }
            match self.add_run(number, record, at, run.count.min(end - at)) {
                Ok(made) => {
                    added(at, made);
                    at += made;
                }
                Err(Error::NoSpace) if at > index => break,
                Err(error) => return Err(error),
            }
        }
        Ok(at - index)
    }

    /// Fills a part of a hole, all of whose numbers lie in one place.
    fn add_run(&mut self, number: u32, record: &mut Record, index: u64, count: u64) -> Result<u64> {
        let pointers = self.measures.pointers();
        let way = way(index, pointers).ok_or(Error::FileTooLarge)?;
        let sectors = self.measures.sectors() as u32;
        let mut goal = self.goal(number, record, index);
        let mut leaf = None;
        for step in 0..way.depth {
            let present = match leaf {
                None => self.pointer(record.map[way.slot])?,
                Some(block) => self.entry(block, way.indices[step - 1])?,
            };
            let block = match present {
                Some(block) => block,
                None => {
                    let (made, _) = self.allocate_blocks(goal, 1)?;
                    goal = made + 1;
                    self.blocks.make(made, Class::Plain);
                    record.sectors = record.sectors.saturating_add(sectors);
                    self.set_number(record, way.slot, leaf, way.indices, step, made)?;
                    made
                }
            };
            leaf = Some(block);
        }
        let room = match way.depth {
            0 => crate::format::map::DIRECT - index,
            depth => pointers - u64::from(way.indices[depth - 1]),
        };
        let want = count.min(room).min(u64::from(u32::MAX)) as u32;
        let (first, made) = self.allocate_blocks(goal, want)?;
        match leaf {
            None => {
                for (place, block) in (way.slot..).zip(first..first + u64::from(made)) {
                    record.map[place] = block as u32;
                }
            }
            Some(leaf) => {
                let place = way.indices[way.depth - 1] as usize;
                let bytes = self.blocks.edit(leaf, Class::Plain)?;
                for (place, block) in (place..).zip(first..first + u64::from(made)) {
                    bytes[place * 4..place * 4 + 4].copy_from_slice(&(block as u32).to_le_bytes());
                }
            }
        }
        record.sectors = record.sectors.saturating_add(made.saturating_mul(sectors));
        Ok(made.into())
    }

    fn set_number(
        &mut self,
        record: &mut Record,
        slot: usize,
        above: Option<u64>,
        indices: [u32; 3],
        step: usize,
        block: u64,
    ) -> Result<()> {
        match above {
            None => record.map[slot] = block as u32,
            Some(above) => {
                let place = indices[step - 1] as usize * 4;
                let bytes = self.blocks.edit(above, Class::Plain)?;
                bytes[place..place + 4].copy_from_slice(&(block as u32).to_le_bytes());
            }
        }
        Ok(())
    }

    /// Cuts the map off behind the first `keep` blocks.
    pub(crate) fn cut(&mut self, record: &mut Record, keep: u64) -> Result<()> {
        self.remove(record, &(keep..u64::MAX))
    }

    /// Frees the blocks of `gone`, counted in the file's blocks, and the blocks of numbers that have none left.
    pub(crate) fn remove(&mut self, record: &mut Record, gone: &Range<u64>) -> Result<()> {
        let pointers = self.measures.pointers();
        // However a map is tangled, it is left after as many steps as there are blocks.
        let mut budget = self.measures.blocks;
        let sectors = self.measures.sectors() as u32;
        for slot in 0..15 {
            let (first, reach) = span(slot, pointers);
            if record.map[slot] == 0 || first + reach <= gone.start || gone.end <= first {
                continue;
            }
            let depth = slot.saturating_sub(11);
            let inner = gone.start.saturating_sub(first)..(gone.end - first).min(reach);
            // What lies where no block can be is left out, not followed.
            if let Ok(Some(block)) = self.pointer(record.map[slot]) {
                let (freed, empty) = self.remove_below(block, depth, reach, &inner, &mut budget)?;
                record.sectors = record.sectors.saturating_sub(freed.saturating_mul(sectors));
                if empty {
                    record.map[slot] = 0;
                }
            } else if inner == (0..reach) {
                record.map[slot] = 0;
            }
        }
        Ok(())
    }

    /// Frees what of `gone` lies below `block`, and itself if nothing is left below. Returns how many were freed, and
    /// whether it itself was.
    fn remove_below(
        &mut self,
        block: u64,
        depth: usize,
        reach: u64,
        gone: &Range<u64>,
        budget: &mut u64,
    ) -> Result<(u32, bool)> {
        *budget = budget
            .checked_sub(1)
            .ok_or_else(|| self.damage("a map that is a tangle", block))?;
        let all = *gone == (0..reach);
        let mut freed = 0;
        let mut left = 0;
        if depth > 0 {
            let each = reach / self.measures.pointers();
            let listed = numbers(&self.blocks.copy(block)?);
            let mut cleared = Vec::new();
            for (place, &number) in listed.iter().enumerate() {
                let first = place as u64 * each;
                if number == 0 {
                    continue;
                }
                if first + each <= gone.start || gone.end <= first {
                    left += 1;
                    continue;
                }
                let inner = gone.start.saturating_sub(first)..(gone.end - first).min(each);
                // What lies where no block can be is left out, not followed.
                let mut empty = inner == (0..each);
                if let Ok(Some(below)) = self.pointer(number) {
                    let (more, whole) =
                        self.remove_below(below, depth - 1, each, &inner, budget)?;
                    freed += more;
                    empty = whole;
                }
                if empty {
                    cleared.push(place);
                } else {
                    left += 1;
                }
            }
            if !all && left > 0 && !cleared.is_empty() {
                let bytes = self.blocks.edit(block, Class::Plain)?;
                for place in cleared {
                    bytes[place * 4..place * 4 + 4].fill(0);
                }
            }
        }
        let empty = all || (depth > 0 && left == 0);
        if empty {
            self.free_block(block);
            freed += 1;
        }
        Ok((freed, empty))
    }
}
