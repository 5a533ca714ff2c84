//! The bytes of files: pages in, pages out through the log, and the room for them.
//!
//! A write goes to the page cache, and from there through the log before the call ends. There are no holes: MIT's kernel
//! does not expect any, so whoever makes a file longer makes it of zeros up to there.

use core::sync::atomic::Ordering;

use base::{Error, Result};
use device::block::{Operation, Pieces, SECTOR, Segment};
use fs_disk::DiskNode;
use hal::PAGE_SIZE;
use hal::frame::Frame;
use mem::transfer::Source;

use crate::format::BLOCK;
use crate::format::inode::LENGTH_MAX;
use crate::inode::Node;
use crate::map::blocks_of;
use crate::volume::Volume;

const IN_PAGE: usize = PAGE_SIZE / BLOCK;

/// How much of zeros is written at once.
static ZEROS: [u8; 4 * PAGE_SIZE] = [0; 4 * PAGE_SIZE];

impl DiskNode for Node {
    type Volume = Volume;

    fn is_lasting(&self) -> bool {
        !self.is_gone()
    }

    fn read_from_disk(&self, first: u64, frames: &[Frame]) -> Result<()> {
        let begin = first as usize * IN_PAGE;
        let mut pieces = Pieces::default();
        {
            let mut meta = self.volume.meta();
            let record = meta.read_inode(self.number)?;
            for step in 0..frames.len() * IN_PAGE {
                let (frame, offset) = (&frames[step / IN_PAGE], step % IN_PAGE * BLOCK);
                let block = u64::from(meta.find_block(&record, begin + step)?);
                if block == 0 {
                    frame.fill(offset, BLOCK, 0);
                } else if meta.records.is_changed(block) {
                    // It is in the log, and not in its place.
                    frame.write(offset, &meta.records.copy(block)?);
                } else {
                    pieces.add(
                        block * (BLOCK / SECTOR) as u64,
                        Segment {
                            frame: frame.clone(),
                            offset,
                            length: BLOCK,
                        },
                    );
                }
            }
        }
        pieces.transfer(&**self.volume.device(), Operation::Read)?;
        self.clear_behind_end(first, frames)
    }

    fn write_to_disk(&self, first: u64, frames: &[Frame]) -> Result<()> {
        let end = self.end()?;
        // Nothing is cut off while it is written.
        let _placing = self.placing.lock();
        let begin = first as usize * IN_PAGE;
        let until = blocks_of(end).min(begin + frames.len() * IN_PAGE);
        let mut at = begin;
        while at < until {
            let mut meta = self.volume.begin()?;
            let next = until.min(at + meta.at_once());
            let free = meta.free.blocks;
            let own = self.promised.load(Ordering::Relaxed);
            let outcome = (|| {
                let mut record = meta.read_inode(self.number)?;
                let old = record;
                for index in at..next {
                    let block = meta.add_block(&mut record, index, own)?;
                    let (frame, offset) = (index - begin, (index - begin) % IN_PAGE * BLOCK);
                    let length = (end - (index * BLOCK) as u64).min(BLOCK as u64) as usize;
                    let bytes = meta.records.make(block.into(), ());
                    frames[frame / IN_PAGE].read(offset, &mut bytes[..length]);
                }
                let reached = end.min((next * BLOCK) as u64) as u32;
                record.size = record.size.max(reached);
                if record != old {
                    meta.write_inode(self.number, &record)?;
                }
                Ok(())
            })();
            meta.end(outcome)?;
            let used = own.min(free - meta.free.blocks);
            self.promised.fetch_sub(used, Ordering::Relaxed);
            meta.promised -= used;
            at = next;
        }
        Ok(())
    }

    fn find_room(&self, begin: u64, end: u64) -> Result<()> {
        // Whoever writes through a call was promised room.
        if self.reach.load(Ordering::Acquire) != 0 || begin >= end {
            return Ok(());
        }
        let mut meta = self.volume.meta();
        let mut record = meta.read_inode(self.number)?;
        let indices = begin as usize / BLOCK..blocks_of(end);
        let (missing, _) = meta.count_missing(&record, indices.start, indices.end, u32::MAX)?;
        if missing == 0 {
            return Ok(());
        }
        // A file of another's making has holes.
        meta.begin()?;
        let outcome = (|| {
            for index in indices {
                if meta.find_block(&record, index)? == 0 {
                    let block = meta.add_block(&mut record, index, 0)?;
                    meta.records.make(block.into(), ());
                }
            }
            meta.write_inode(self.number, &record)
        })();
        meta.end(outcome)
    }
}

impl Node {
    /// Has blocks set apart for `length` bytes from `offset` on; for how many of them there are some.
    fn find_promise(&self, offset: u64, length: u64) -> Result<u64> {
        let mut meta = self.volume.begin()?;
        let record = meta.read_inode(self.number)?;
        let (first, end) = (offset as usize / BLOCK, blocks_of(offset + length));
        let available = meta.free.blocks.saturating_sub(meta.promised);
        let (missing, reached) = meta.count_missing(&record, first, end, available)?;
        let ready = ((reached * BLOCK) as u64)
            .saturating_sub(offset)
            .min(length);
        if ready == 0 {
            return Err(Error::NoSpace);
        }
        self.promised.store(missing, Ordering::Relaxed);
        meta.promised += missing;
        Ok(ready)
    }

    /// Writes bytes where the file is or ends, to the disk; the caller keeps other writers out.
    fn write_through(&self, offset: u64, from: &mut Source<'_>) -> Result<usize> {
        let cache = self.bytes()?;
        let old = cache.size();
        let wanted = from.remaining() as u64;
        let ready = self
            .volume
            .patiently(|| self.find_promise(offset, wanted))?;
        from.limit(ready as usize);
        self.note_written();
        self.reach.store(offset + ready, Ordering::Release);
        let done = cache.write_at(offset, from);
        self.note_written();
        self.reach.store(0, Ordering::Release);
        let first = offset / PAGE_SIZE as u64;
        let pages = (offset + ready).div_ceil(PAGE_SIZE as u64) - first;
        let stored = cache.write_back(first, pages);
        let stored_size = {
            let mut meta = self.volume.meta();
            meta.promised -= self.promised.swap(0, Ordering::Relaxed);
            meta.read_inode(self.number)
                .map(|record| u64::from(record.size))
        };
        if stored.is_err() {
            // What did not reach the disk was not written.
            let kept = stored_size.unwrap_or(0).max(old);
            if kept < cache.size() {
                cache.truncate(kept)?;
            }
        } else if stored_size? > cache.size() {
            // It was stored while it was copied, and the copy ended early.
            self.cut_to(cache.size())?;
        }
        stored.and(done)
    }

    /// Writes bytes; the caller keeps other writers out.
    pub(crate) fn write_bytes(&self, offset: u64, from: &mut Source<'_>) -> Result<usize> {
        let old = self.bytes()?.size();
        let wanted = from.remaining() as u64;
        if wanted == 0 {
            return Ok(0);
        }
        if self.volume.is_read_only() {
            return Err(Error::ReadOnlyFileSystem);
        }
        if offset >= LENGTH_MAX {
            return Err(Error::FileTooLarge);
        }
        from.limit((LENGTH_MAX - offset).min(wanted) as usize);
        if offset > old {
            self.fill_gap(old, offset)?;
        }
        let done = self.write_through(offset, from);
        if offset > old && !matches!(done, Ok(done) if done > 0) {
            self.shrink(old)?;
        }
        done
    }

    /// Makes the file of zeros from its end, `old`, up to `end`; or leaves it as it was.
    fn fill_gap(&self, old: u64, end: u64) -> Result<()> {
        let mut at = old;
        while at < end {
            let part = (ZEROS.len() as u64).min(end - at) as usize;
            let done = match self.write_through(at, &mut Source::kernel(&ZEROS[..part])) {
                Ok(0) => Err(Error::InputOutput),
                outcome => outcome,
            };
            match done {
                Ok(done) => at += done as u64,
                Err(error) => {
                    self.shrink(old)?;
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    fn shrink(&self, length: u64) -> Result<()> {
        let cache = self.bytes()?;
        if length < cache.size() {
            self.note_written();
            cache.truncate(length)?;
        }
        self.cut_to(length)
    }

    /// Cuts off what lies on the disk behind `length` bytes: at once, but for files whose blocks are all over a large disk.
    fn cut_to(&self, length: u64) -> Result<()> {
        let _placing = self.placing.lock();
        loop {
            let mut meta = self.volume.begin()?;
            let outcome = (|| {
                let mut record = meta.read_inode(self.number)?;
                let old = record;
                record.size = record.size.min(length as u32);
                let all = meta.cut(&mut record, blocks_of(length))?;
                // What changes nothing waits for nothing.
                if record != old {
                    meta.write_inode(self.number, &record)?;
                }
                Ok(all)
            })();
            if meta.end(outcome)? {
                return Ok(());
            }
        }
    }

    /// Makes the file `length` bytes long; the caller keeps writers out.
    pub(crate) fn set_length(&self, length: u64) -> Result<()> {
        let old = self.bytes()?.size();
        if self.volume.is_read_only() {
            return Err(Error::ReadOnlyFileSystem);
        }
        if length > LENGTH_MAX {
            return Err(Error::FileTooLarge);
        }
        match length > old {
            true => self.fill_gap(old, length),
            false => self.shrink(length),
        }
    }

    /// Brings what was written through mappings to the disk; everything else is there.
    pub(crate) fn bring_to_disk(&self, _metadata: bool) -> Result<()> {
        if self.volume.is_read_only() {
            return self.check_reached();
        }
        self.write_all_pages()?;
        self.volume.begin().map(drop)
    }
}
