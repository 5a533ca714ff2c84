//! The bytes of regular files: pages in, pages out, and the room for them.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;
use core::sync::atomic::Ordering;

use base::{Error, Result};
use device::block::{Operation, Pieces, SECTOR, Segment};
use fs_disk::{DiskNode, Volume as _};
use hal::PAGE_SIZE;
use hal::frame::Frame;
use mem::Storing;
use mem::transfer::Source;
use vfs::{Extent, Inode};

use crate::format::inode::FLAG_EXTENTS;
use crate::format::superblock::READ_ONLY_LARGE_FILE;
use crate::inode::{Node, has_map};
use crate::map::Run;
use crate::meta::Meta;
use crate::volume::Volume;

/// Is shown a block of pages: its index in the file, its frame, its offset there, its place on the disk.
type PageBlock<'a> = dyn FnMut(u64, &Frame, usize, Option<u64>) + 'a;

impl DiskNode for Node {
    type Volume = Volume;

    fn is_lasting(&self) -> bool {
        self.links() > 0
    }

    fn read_from_disk(&self, first: u64, frames: &[Frame]) -> Result<()> {
        let size = self.volume.block_size;
        let sectors = (size / SECTOR) as u64;
        let mut pieces = Pieces::default();
        {
            let mut meta = self.volume.meta();
            self.each_block(
                &mut meta,
                first,
                frames,
                false,
                &mut |_, frame, offset, place| match place {
                    Some(block) => pieces.add(
                        block * sectors,
                        Segment {
                            frame: frame.clone(),
                            offset,
                            length: size,
                        },
                    ),
                    None => frame.fill(offset, size, 0),
                },
            )?;
        }
        pieces.transfer(&**self.volume.device(), Operation::Read)?;
        // What lies behind the end is zero, whatever the disk says.
        let end = self.bytes()?.size();
        let (page, within) = (end / PAGE_SIZE as u64, (end % PAGE_SIZE as u64) as usize);
        if within != 0
            && let Some(frame) = page
                .checked_sub(first)
                .and_then(|place| frames.get(place as usize))
        {
            frame.fill(within, PAGE_SIZE - within, 0);
        }
        Ok(())
    }

    fn write_to_disk(&self, first: u64, frames: &[Frame]) -> Result<()> {
        // Nothing is cut off, and so given to another file, while it is written.
        let _placing = self.placing.lock();
        let (pieces, written) = self.pieces_to_write(first, frames)?;
        pieces.transfer(&**self.volume.device(), Operation::Write)?;
        self.note_on_disk(written);
        Ok(())
    }

    fn begin_to_disk(
        self: &Arc<Self>,
        first: u64,
        frames: &[Frame],
    ) -> Result<Option<Box<dyn Storing>>> {
        let _placing = self.placing.lock();
        let (pieces, written) = self.pieces_to_write(first, frames)?;
        fs_disk::begin_write(self, &pieces, |node| node.note_on_disk(written))
    }

    fn changed_by_mapping(&self) {
        self.note_modification();
    }

    fn find_room(&self, begin: u64, end: u64) -> Result<()> {
        match begin < end && self.make_room(begin, end - begin)? < end - begin {
            true => Err(Error::NoSpace),
            false => Ok(()),
        }
    }
}

/// What there is to write of some pages: where it lies, which blocks of the file they are, and what lies nowhere.
type DirtyPieces = (Pieces, Vec<Range<u64>>, Vec<u64>);

impl Node {
    /// What of pages is to be written, and which blocks of the file that is.
    fn pieces_to_write(&self, first: u64, frames: &[Frame]) -> Result<(Pieces, Vec<Range<u64>>)> {
        let size = self.volume.block_size as u64;
        let end = self.end()?;
        let (mut pieces, mut written, strays) = self.dirty_pieces(first, frames, end)?;
        if !strays.is_empty() {
            for index in strays {
                self.find_room(index * size, index * size + 1)?;
            }
            (pieces, written, _) = self.dirty_pieces(first, frames, end)?;
        }
        Ok((pieces, written))
    }

    /// These blocks of the file have on the disk what is the file's.
    fn note_on_disk(&self, written: Vec<Range<u64>>) {
        let mut unwritten = self.unwritten.lock();
        for index in written.into_iter().flatten() {
            unwritten.remove(&index);
        }
    }

    /// What of pages up to `end` is to be written. Blocks that are holes are zero and stay holes; but a mapping may have
    /// written to one in the moment in which the file grew: these come last.
    fn dirty_pieces(&self, first: u64, frames: &[Frame], end: u64) -> Result<DirtyPieces> {
        let size = self.volume.block_size;
        let sectors = (size / SECTOR) as u64;
        let mut pieces = Pieces::default();
        let mut written: Vec<Range<u64>> = Vec::new();
        let mut strays = Vec::new();
        let mut meta = self.volume.meta();
        self.each_block(
            &mut meta,
            first,
            frames,
            true,
            &mut |index, frame, offset, place| {
                let Some(block) = place else {
                    if index * (size as u64) < end && !frame.is_zero(offset, size) {
                        strays.push(index);
                    }
                    return;
                };
                match written.last_mut() {
                    Some(range) if range.end == index => range.end += 1,
                    _ => written.push(index..index + 1),
                }
                pieces.add(
                    block * sectors,
                    Segment {
                        frame: frame.clone(),
                        offset,
                        length: size,
                    },
                );
            },
        )?;
        Ok((pieces, written, strays))
    }

    /// Calls `each` for every block of the pages. Blocks that were never written count as holes, unless `all`.
    fn each_block(
        &self,
        meta: &mut Meta,
        first: u64,
        frames: &[Frame],
        all: bool,
        each: &mut PageBlock<'_>,
    ) -> Result<()> {
        let size = meta.measures.block_size;
        let in_page = (PAGE_SIZE / size) as u64;
        let record = self.record();
        let begin = first * in_page;
        let end = begin + frames.len() as u64 * in_page;
        let mut at = begin;
        while at < end {
            let run = meta.find_blocks(&record, at, end - at)?;
            for step in 0..run.count.min(end - at) {
                let index = at + step;
                let frame = &frames[((index - begin) / in_page) as usize];
                let offset = ((index - begin) % in_page) as usize * size;
                let place = run.at.map(|block| block + step);
                let place = place.filter(|_| all || !self.unwritten.lock().contains(&index));
                each(index, frame, offset, place);
            }
            at += run.count.max(1);
        }
        Ok(())
    }

    /// Finds blocks for the bytes from `offset` on; how many of `length` bytes have them. [`Error::NoSpace`] for none.
    pub(crate) fn make_room(&self, offset: u64, length: u64) -> Result<u64> {
        let size = self.volume.block_size as u64;
        let (first, end) = (offset / size, (offset + length).div_ceil(size));
        let (from, until) = *self.mapped.lock();
        if from <= first && end <= until {
            return Ok(length);
        }
        let mut meta = self.volume.meta();
        meta.check_writable()?;
        self.volume.touch(&mut meta)?;
        let mut record = self.record();
        let mut added = |index: u64, count: u64| {
            self.unwritten.lock().extend(index..index + count);
        };
        let mut ready = 0;
        let mut again = true;
        loop {
            let map = record.map;
            let (at, left) = (first + ready, end - first - ready);
            let found = meta.add_blocks(self.number, &mut record, at, left, &mut added);
            if record.map != map || found != Ok(0) {
                self.change(|kept| {
                    kept.map = record.map;
                    kept.sectors = record.sectors;
                });
            }
            match found {
                Ok(count) => ready += count,
                Err(Error::NoSpace) => {}
                Err(error) => return Err(error),
            }
            if first + ready == end {
                let mut mapped = self.mapped.lock();
                // What was there and what came may be one range.
                *mapped = if mapped.1 == first {
                    (mapped.0, end)
                } else {
                    (first, end)
                };
                return Ok(length);
            }
            // What was freed lately is free after a commit.
            let waiting = !meta.freed_blocks.is_empty() || self.volume.has_dropped();
            if !(core::mem::take(&mut again) && waiting) {
                break;
            }
            self.volume.commit(&mut meta)?;
        }
        if ready == 0 {
            return Err(Error::NoSpace);
        }
        Ok(((first + ready) * size - offset).min(length))
    }

    /// Writes bytes; the caller keeps other writers out.
    pub(crate) fn write_bytes(&self, offset: u64, from: &mut Source<'_>) -> Result<usize> {
        let cache = self.bytes()?;
        let wanted = from.remaining();
        if wanted == 0 {
            return Ok(0);
        }
        // Who had it open before it was marked as append-only writes where he likes, as on Linux.
        self.check_changeable(true)?;
        if self.volume.is_read_only() {
            return Err(Error::ReadOnlyFileSystem);
        }
        let most = self.volume.largest_file;
        if offset >= most {
            return Err(Error::FileTooLarge);
        }
        from.limit((most - offset).min(wanted as u64) as usize);
        let length = from.remaining() as u64;
        let old = cache.size();
        if offset > old {
            self.keep_end_zero(old)?;
        }
        let ready = self.volume.patiently(|| self.make_room(offset, length))?;
        from.limit(ready as usize);
        self.note_written();
        self.reach.store(offset + ready, Ordering::Release);
        let done = cache.write_at(offset, from);
        self.note_written();
        self.reach.store(0, Ordering::Release);
        let bytes = *done.as_ref().unwrap_or(&0) as u64;
        if bytes < ready {
            self.give_back(offset + bytes, offset + ready)?;
        }
        let done = done?;
        self.note_length(cache.size());
        self.note_modification();
        if cache.size() != old {
            self.essential.store(true, Ordering::Relaxed);
        }
        Ok(done)
    }

    /// The first file over 2 GiB is noted in the superblock.
    fn note_length(&self, length: u64) {
        if length > i32::MAX as u64 && !self.volume.large_file.swap(true, Ordering::Relaxed) {
            let mut meta = self.volume.meta();
            let flags = meta.superblock.read_only.get() | READ_ONLY_LARGE_FILE;
            meta.superblock.read_only.set(flags);
            meta.counts_changed = true;
        }
    }

    /// The file grows beyond `end`: what lies behind it in its block has to be zero on the disk too.
    fn keep_end_zero(&self, end: u64) -> Result<()> {
        let size = self.volume.block_size as u64;
        if end.is_multiple_of(size) {
            return Ok(());
        }
        let last = self
            .volume
            .meta()
            .find_blocks(&self.record(), end / size, 1)?;
        if last.at.is_some() {
            self.note_written();
            self.bytes()?.store_again(end / PAGE_SIZE as u64)?;
        }
        Ok(())
    }

    /// After a write that ended at `from` instead of at `until`: blocks behind the end of the file go, and what stays of
    /// those that nothing was written to becomes zero.
    fn give_back(&self, from: u64, until: u64) -> Result<()> {
        let cache = self.bytes()?;
        let size = self.volume.block_size as u64;
        let end = cache.size();
        if until > end {
            self.cut_to(end)?;
        }
        let first = from.min(end) / size;
        let last = until.min(end).div_ceil(size);
        let left: Vec<u64> = self
            .unwritten
            .lock()
            .range(first..last.max(first))
            .copied()
            .collect();
        for index in left {
            cache.store_again(index * size / PAGE_SIZE as u64)?;
        }
        Ok(())
    }

    /// Cuts the map off behind `length` bytes.
    fn cut_to(&self, length: u64) -> Result<()> {
        let keep = length.div_ceil(self.volume.block_size as u64);
        let _still = self.hold_still();
        let mut meta = self.volume.begin()?;
        *self.mapped.lock() = (0, 0);
        let gone = self.unwritten.lock().split_off(&keep);
        drop(gone);
        let mut record = self.record();
        let outcome = meta.cut(&mut record, keep);
        self.change(|kept| {
            kept.map = record.map;
            kept.sectors = record.sectors;
            kept.size = length;
        });
        outcome
    }

    /// Makes a hole of `length` bytes at `offset`, within the file; the caller keeps writers out.
    pub(crate) fn punch(&self, offset: u64, length: u64) -> Result<()> {
        let cache = self.bytes()?;
        self.check_changeable(false)?;
        if self.volume.is_read_only() {
            return Err(Error::ReadOnlyFileSystem);
        }
        self.note_written();
        let size = self.volume.block_size as u64;
        cache.punch_hole_with(offset, length, |bytes| {
            let gone = bytes.start / size..bytes.end / size;
            let _still = self.hold_still();
            let mut meta = self.volume.begin()?;
            *self.mapped.lock() = (0, 0);
            self.unwritten.lock().retain(|index| !gone.contains(index));
            let mut record = self.record();
            let outcome = meta.remove(&mut record, &gone);
            self.change(|kept| {
                kept.map = record.map;
                kept.sectors = record.sectors;
            });
            outcome
        })?;
        self.note_modification();
        Ok(())
    }

    /// Makes the file `length` bytes long; the caller keeps writers out.
    pub(crate) fn set_length(&self, length: u64) -> Result<()> {
        let cache = self.bytes()?;
        self.check_changeable(false)?;
        if self.volume.is_read_only() {
            return Err(Error::ReadOnlyFileSystem);
        }
        if length > self.volume.largest_file {
            return Err(Error::FileTooLarge);
        }
        let old = cache.size();
        if length > old {
            self.keep_end_zero(old)?;
        }
        self.note_written();
        cache.truncate(length)?;
        self.note_length(length);
        if length < old {
            self.cut_to(length)?;
        }
        self.change(|_| ());
        self.note_modification();
        Ok(())
    }

    /// Where the next data, or hole, begins.
    pub(crate) fn seek_extent(&self, offset: u64, data: bool) -> Result<u64> {
        let Some(cache) = &self.cache else {
            let size = self.status()?.size;
            return match offset < size {
                true => Ok(if data { offset } else { size }),
                false => Err(Error::NoSuchDevice),
            };
        };
        let end = cache.size();
        if offset >= end {
            return Err(Error::NoSuchDevice);
        }
        let size = self.volume.block_size as u64;
        let record = self.record();
        let mut index = offset / size;
        while index * size < end {
            // One hold of the lock for each step: a long hole keeps nobody waiting.
            let Run { at, count } =
                self.volume
                    .meta()
                    .find_blocks(&record, index, end.div_ceil(size) - index)?;
            if at.is_some() == data {
                return Ok((index * size).max(offset));
            }
            index += count.max(1);
        }
        if data {
            Err(Error::NoSuchDevice)
        } else {
            Ok(end)
        }
    }

    /// Where the bytes from `offset` to `end` lie, as far as they do so in one piece.
    pub(crate) fn place_of(&self, offset: u64, end: u64) -> Result<Option<Extent>> {
        let size = self.volume.block_size as u64;
        let record = self.record();
        // A short symbolic link lies in the inode.
        if !has_map(&record) {
            return Ok(None);
        }
        let end = end.min(self.status()?.size).div_ceil(size);
        let mut index = offset / size;
        while index < end {
            let Run { at, count } = self
                .volume
                .meta()
                .find_blocks(&record, index, end - index)?;
            if let Some(at) = at {
                return Ok(Some(Extent {
                    offset: index * size,
                    place: at * size,
                    length: count * size,
                    by_blocks: record.flags & FLAG_EXTENTS == 0,
                }));
            }
            index += count.max(1);
        }
        Ok(None)
    }

    /// The bytes are written before any name that comes from now on: a commit writes names behind a flush, which has
    /// bytes, maps and inodes before it.
    pub(crate) fn write_before_names(&self) -> Result<()> {
        match self.volume.is_read_only() {
            true => Ok(()),
            false => self.write_all_pages(),
        }
    }

    /// Brings bytes, and whatever of the file system leads to them, to the disk.
    pub(crate) fn bring_to_disk(&self, metadata: bool) -> Result<()> {
        if self.volume.is_read_only() {
            self.check_reached()?;
            return self.volume.commit(&mut self.volume.meta());
        }
        self.write_all_pages()?;
        let mut meta = self.volume.meta();
        let needed = self.is_essential(metadata) || meta.newborn.contains_key(&self.number);
        match needed {
            true => self.volume.commit(&mut meta)?,
            false => meta.blocks.flush()?,
        }
        self.check_reached()
    }
}
