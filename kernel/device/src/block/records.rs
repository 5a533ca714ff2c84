//! The blocks of a file system's own records: what is read, and what is changed and not written yet.
//!
//! What is read comes through one page cache over the device, whose pages are never dirty: they may be given up at any
//! moment. What is changed lies in a table of its own until it is written. So nobody else decides when a changed block
//! reaches the disk, the order of writes is the commit's alone, and a neighbour in the same page, which may be a
//! file's data, is never written over with what it once was.
//!
//! ```text
//! let mut records = Records::new(device, 1024);
//! records.edit(7, Class::Names)?[12] = 0;          // changed, in memory
//! let names = records.select(|class, _| class == Class::Names);
//! records.write(&names, &|_, _| false)?;           // on the disk
//! records.flush()?;                                // and safe
//! ```
//!
//! A block has a class of the file system's own making, by which a commit chooses what it writes in which step.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use base::{Error, Result};
use hal::PAGE_SIZE;
use hal::frame::Frame;
use hal::user::Access;
use mem::{MemoryObject, PageCache, PageSource};

use super::{Batch, BlockDevice, Operation, SECTOR, Segment, flush, submit_all, transfer};

struct Dirty<C> {
    bytes: Box<[u8]>,
    class: C,
    /// Nothing on the disk leads to it yet.
    fresh: bool,
}

/// The blocks of records of one file system; `C` is what it sorts them by. See the module.
pub struct Records<C> {
    device: Arc<dyn BlockDevice>,
    cache: Arc<PageCache>,
    block_size: usize,
    dirty: BTreeMap<u64, Dirty<C>>,
}

/// The device as pages.
struct Pages(Arc<dyn BlockDevice>);

impl PageSource for Pages {
    fn read_page(&self, index: u64, frame: &Frame) -> Result<()> {
        let geometry = self.0.geometry();
        let sector = index * (PAGE_SIZE / SECTOR) as u64;
        let left = geometry.sectors.saturating_sub(sector);
        let length = left.min((PAGE_SIZE / SECTOR) as u64) as usize * SECTOR;
        if length < PAGE_SIZE {
            frame.fill(length, PAGE_SIZE - length, 0);
        }
        if length == 0 {
            return Ok(());
        }
        let segment = Segment {
            frame: frame.clone(),
            offset: 0,
            length,
        };
        transfer(&*self.0, Operation::Read, sector, &[segment])
    }

    fn write_page(&self, _index: u64, _frame: &Frame) -> Result<()> {
        // Never asked: no page of this cache is ever dirty.
        Err(Error::InputOutput)
    }
}

impl<C: Copy> Records<C> {
    /// The blocks of `block_size` bytes of a device.
    pub fn new(device: Arc<dyn BlockDevice>, block_size: usize) -> Records<C> {
        let size = device.geometry().sectors.saturating_mul(SECTOR as u64);
        let cache = PageCache::with_source(device.name(), Arc::new(Pages(device.clone())), size);
        cache.set_metadata();
        Records {
            device,
            cache,
            block_size,
            dirty: BTreeMap::new(),
        }
    }

    /// The device.
    pub fn device(&self) -> &Arc<dyn BlockDevice> {
        &self.device
    }

    /// Copies bytes of a block, from `offset` on.
    pub fn read(&self, block: u64, offset: usize, into: &mut [u8]) -> Result<()> {
        if let Some(dirty) = self.dirty.get(&block) {
            let bytes = dirty.bytes.get(offset..offset + into.len());
            into.copy_from_slice(bytes.ok_or(Error::InvalidArgument)?);
            return Ok(());
        }
        let at = block * self.block_size as u64 + offset as u64;
        let frame = match self.cache.page(at / PAGE_SIZE as u64, Access::Read) {
            Err(Error::OutOfRange) => return Err(Error::InputOutput),
            other => other?,
        };
        frame.read((at % PAGE_SIZE as u64) as usize, into);
        Ok(())
    }

    /// A copy of a whole block.
    pub fn copy(&self, block: u64) -> Result<Vec<u8>> {
        let mut bytes = vec![0; self.block_size];
        self.read(block, 0, &mut bytes)?;
        Ok(bytes)
    }

    /// A block to be changed.
    pub fn edit(&mut self, block: u64, class: C) -> Result<&mut [u8]> {
        if !self.dirty.contains_key(&block) {
            let bytes = self.copy(block)?.into_boxed_slice();
            self.dirty.insert(
                block,
                Dirty {
                    bytes,
                    class,
                    fresh: false,
                },
            );
        }
        match self.dirty.get_mut(&block) {
            Some(dirty) => Ok(&mut dirty.bytes),
            None => Err(Error::OutOfMemory),
        }
    }

    /// A block that was just allocated, all zero, to be filled.
    pub fn make(&mut self, block: u64, class: C) -> &mut [u8] {
        let bytes = vec![0; self.block_size].into_boxed_slice();
        let dirty = Dirty {
            bytes,
            class,
            fresh: true,
        };
        let slot = self.dirty.entry(block).insert_entry(dirty);
        &mut slot.into_mut().bytes
    }

    /// A block that is freed: what it held needs no writing.
    pub fn forget(&mut self, block: u64) {
        self.dirty.remove(&block);
    }

    /// How many blocks wait for being written.
    pub fn waiting(&self) -> usize {
        self.dirty.len()
    }

    /// The changed blocks that `which` wants, by class and freshness.
    pub fn select(&self, which: impl Fn(C, bool) -> bool) -> Vec<u64> {
        let chosen = self
            .dirty
            .iter()
            .filter(|(_, dirty)| which(dirty.class, dirty.fresh));
        chosen.map(|(&block, _)| block).collect()
    }

    /// Whether a block is changed.
    pub fn is_changed(&self, block: u64) -> bool {
        self.dirty.contains_key(&block)
    }

    /// Whether a block is changed and nothing on the disk leads to it.
    pub fn is_fresh(&self, block: u64) -> bool {
        self.dirty.get(&block).is_some_and(|dirty| dirty.fresh)
    }

    /// Writes changed blocks, in ascending order. `mask` may put something else into the copy that is written, and
    /// says so; such a block counts as changed still.
    pub fn write(&mut self, blocks: &[u64], mask: &dyn Fn(u64, &mut [u8]) -> bool) -> Result<()> {
        // So many frames at a time, not one for each block of a large commit.
        for part in blocks.chunks(256) {
            self.write_part(part, mask)?;
        }
        Ok(())
    }

    fn write_part(&mut self, blocks: &[u64], mask: &dyn Fn(u64, &mut [u8]) -> bool) -> Result<()> {
        let batch = Batch::new();
        let mut run: Vec<Segment> = Vec::new();
        let mut begin = 0;
        let mut frame: Option<(Frame, usize)> = None;
        let mut clean = Vec::new();
        let mut copy = vec![0; self.block_size];
        let sectors = (self.block_size / SECTOR) as u64;
        for &block in blocks {
            let Some(dirty) = self.dirty.get(&block) else {
                continue;
            };
            copy.copy_from_slice(&dirty.bytes);
            if !mask(block, &mut copy) {
                clean.push(block);
            }
            let (page, offset) = match frame.take() {
                Some((page, offset)) if offset + self.block_size <= PAGE_SIZE => (page, offset),
                _ => (Frame::allocate_dirty()?, 0),
            };
            page.write(offset, &copy);
            if !run.is_empty() && begin + run.len() as u64 != block {
                submit_all(
                    &*self.device,
                    Operation::Write,
                    begin * sectors,
                    &run,
                    &batch,
                )?;
                run.clear();
            }
            if run.is_empty() {
                begin = block;
            }
            run.push(Segment {
                frame: page.clone(),
                offset,
                length: self.block_size,
            });
            frame = Some((page, offset + self.block_size));
        }
        if !run.is_empty() {
            submit_all(
                &*self.device,
                Operation::Write,
                begin * sectors,
                &run,
                &batch,
            )?;
        }
        batch.wait()?;
        for block in clean {
            if let Some(dirty) = self.dirty.remove(&block) {
                self.refresh(block, &dirty.bytes);
            }
        }
        Ok(())
    }

    /// Brings the page that shows a block, if it is in memory, in line with what was written.
    fn refresh(&self, block: u64, bytes: &[u8]) {
        let at = block * self.block_size as u64;
        let mut page = [None];
        self.cache.resident(at / PAGE_SIZE as u64, &mut page);
        if let Some(frame) = &page[0] {
            frame.write((at % PAGE_SIZE as u64) as usize, bytes);
        }
    }

    /// Waits until everything that was written is safe.
    pub fn flush(&self) -> Result<()> {
        flush(&*self.device)
    }
}
