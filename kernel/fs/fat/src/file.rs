//! The bytes of files: pages in, pages out, and the room for them.
//!
//! There are no holes: whoever makes a file longer makes it of zeros up to there.

use core::sync::atomic::Ordering;

use base::{Error, Result};
use device::block::{Operation, Pieces, SECTOR, Segment};
use fs_disk::{DiskNode, Volume as _};
use hal::PAGE_SIZE;
use hal::frame::Frame;
use mem::transfer::Source;

use crate::inode::Node;
use crate::meta::Meta;
use crate::volume::Volume;

/// The longest file.
const LENGTH_MAX: u64 = u32::MAX as u64;

/// How much of zeros is written at once.
static ZEROS: [u8; PAGE_SIZE] = [0; PAGE_SIZE];

/// For how much of them room is found at once.
const GAP: u64 = 1 << 20;

impl DiskNode for Node {
    type Volume = Volume;

    fn is_lasting(&self) -> bool {
        self.state.lock().place.is_some() && !self.volume.is_read_only()
    }

    fn read_from_disk(&self, first: u64, frames: &[Frame]) -> Result<()> {
        let end = self.bytes()?.size();
        let pieces = self.pieces(&mut self.volume.meta(), first, frames, end)?;
        pieces.transfer(&**self.volume.device(), Operation::Read)?;
        self.clear_behind_end(first, frames)
    }

    fn write_to_disk(&self, first: u64, frames: &[Frame]) -> Result<()> {
        let end = self.end()?;
        // Nothing is cut off, and so given to another file, while it is written.
        let _placing = self.placing.lock();
        let pieces = self.pieces(&mut self.volume.meta(), first, frames, end)?;
        pieces.transfer(&**self.volume.device(), Operation::Write)
    }

    fn changed_by_mapping(&self) {
        self.note_modification();
    }

    fn find_room(&self, _begin: u64, end: u64) -> Result<()> {
        self.check_present(end)
    }
}

impl Node {
    /// Fails unless there are clusters for all bytes before `end`: files that are longer than their chains are damaged.
    fn check_present(&self, end: u64) -> Result<()> {
        let wanted = end.div_ceil(self.volume.cluster_size as u64) as u32;
        if wanted <= self.present.load(Ordering::Acquire) {
            return Ok(());
        }
        let mut meta = self.volume.meta();
        let found = self.with_chain(&mut meta, |meta, chain, start| {
            meta.find(chain, start, wanted - 1, 1)
        })?;
        if found.is_none() {
            return Err(meta.damage("a file is longer than its chain", self.number));
        }
        self.present.fetch_max(wanted, Ordering::AcqRel);
        Ok(())
    }

    /// Where the bytes of pages lie, up to `end`.
    fn pieces(&self, meta: &mut Meta, first: u64, frames: &[Frame], end: u64) -> Result<Pieces> {
        let cluster_size = self.volume.cluster_size as u64;
        let begin = first * PAGE_SIZE as u64;
        let end = end
            .min(begin + (frames.len() * PAGE_SIZE) as u64)
            .next_multiple_of(meta.measures.sector_size as u64);
        let mut pieces = Pieces::default();
        let mut at = begin;
        while at < end {
            let index = (at / cluster_size) as u32;
            let most = (end - at).div_ceil(cluster_size) as u32 + 1;
            let found = self.with_chain(meta, |meta, chain, start| {
                meta.find(chain, start, index, most)
            })?;
            let Some((cluster, count)) = found else {
                return Err(meta.damage("a file is longer than its chain", self.number));
            };
            let run_end = (u64::from(index) + u64::from(count)) * cluster_size;
            let origin = u64::from(index) * cluster_size;
            let base = meta.measures.sector_of(cluster) * meta.measures.sector_size as u64;
            while at < end.min(run_end) {
                let within = (at % PAGE_SIZE as u64) as usize;
                let length = ((PAGE_SIZE - within) as u64).min(end.min(run_end) - at);
                let frame = &frames[((at - begin) / PAGE_SIZE as u64) as usize];
                pieces.add(
                    (base + at - origin) / SECTOR as u64,
                    Segment {
                        frame: frame.clone(),
                        offset: within,
                        length: length as usize,
                    },
                );
                at += length;
            }
        }
        Ok(pieces)
    }

    /// Finds clusters for the bytes before `end`; how far there are some. The caller keeps other writers out.
    fn make_room(&self, end: u64) -> Result<u64> {
        let size = self.volume.cluster_size as u64;
        let wanted = end.div_ceil(size) as u32;
        if wanted <= self.present.load(Ordering::Acquire) {
            return Ok(end);
        }
        let mut meta = self.volume.begin()?;
        let mut again = true;
        loop {
            let (length, start) = self.with_chain(&mut meta, |meta, chain, start| {
                meta.extend(chain, start, wanted, false)
            })?;
            if start != self.start() {
                self.change(|record| record.start = start);
            }
            self.present.store(length, Ordering::Release);
            if length >= wanted {
                return Ok(end);
            }
            // What was freed lately is free after a commit.
            if !core::mem::take(&mut again) || !self.volume.has_freed(&meta) {
                return Ok(end.min(u64::from(length) * size));
            }
            self.volume.commit(&mut meta)?;
        }
    }

    /// Writes bytes; the caller keeps other writers out.
    pub(crate) fn write_bytes(&self, offset: u64, from: &mut Source<'_>) -> Result<usize> {
        let cache = self.bytes()?;
        let wanted = from.remaining();
        if wanted == 0 {
            return Ok(0);
        }
        if self.volume.is_read_only() {
            return Err(Error::ReadOnlyFileSystem);
        }
        if offset >= LENGTH_MAX {
            return Err(Error::FileTooLarge);
        }
        let length = (LENGTH_MAX - offset).min(wanted as u64);
        let old = cache.size();
        if offset > old {
            self.fill_gap(old, offset)?;
        }
        let room = || match self.make_room(offset + length)? {
            ready if ready <= offset => Err(Error::NoSpace),
            ready => Ok(ready),
        };
        let ready = match self.volume.patiently(room) {
            Err(Error::NoSpace) => {
                self.shrink(old)?;
                return Err(Error::NoSpace);
            }
            ready => ready?,
        };
        from.limit((ready - offset) as usize);
        let done = self.write_in_room(offset, from, ready);
        // What was not used of the room is given back.
        match done {
            Ok(done) if done > 0 => {
                let end = cache.size();
                if offset + (done as u64) < ready && end < ready {
                    self.cut_to(end)?;
                }
            }
            _ => self.shrink(old)?,
        }
        self.note_modification();
        done
    }

    /// Writes where there is room up to `ready`.
    fn write_in_room(&self, offset: u64, from: &mut Source<'_>, ready: u64) -> Result<usize> {
        let cache = self.bytes()?;
        let old = cache.size();
        self.note_written();
        self.reach.store(ready, Ordering::Release);
        let done = cache.write_at(offset, from);
        self.note_written();
        self.reach.store(0, Ordering::Release);
        if cache.size() != old {
            self.essential.store(true, Ordering::Relaxed);
            self.note_change();
        }
        done
    }

    /// Makes the file of zeros from its end, `old`, up to `end`; or leaves it as it was.
    fn fill_gap(&self, old: u64, end: u64) -> Result<()> {
        let mut at = old;
        let mut room = old;
        let mut outcome = Ok(());
        while at < end && outcome.is_ok() {
            if room <= at {
                let next = (at + GAP).min(end);
                outcome = self.volume.patiently(|| match self.make_room(next)? {
                    ready if ready < next => Err(Error::NoSpace),
                    _ => Ok(()),
                });
                room = next;
                continue;
            }
            let part = (PAGE_SIZE as u64 - at % PAGE_SIZE as u64).min(room - at) as usize;
            match self.write_in_room(at, &mut Source::kernel(&ZEROS[..part]), room) {
                Ok(0) => outcome = Err(Error::InputOutput),
                Ok(done) => at += done as u64,
                Err(error) => outcome = Err(error),
            }
        }
        if outcome.is_err() {
            self.shrink(old)?;
        }
        outcome
    }

    /// Makes the file `length` bytes long, which is no longer than it is, and gives back what lies behind.
    fn shrink(&self, length: u64) -> Result<()> {
        let cache = self.bytes()?;
        if length < cache.size() {
            self.note_written();
            cache.truncate(length)?;
        }
        self.cut_to(length)
    }

    /// Cuts the chain off behind `length` bytes.
    fn cut_to(&self, length: u64) -> Result<()> {
        let keep = length.div_ceil(self.volume.cluster_size as u64) as u32;
        let _placing = self.placing.lock();
        let mut meta = self.volume.begin()?;
        self.present.fetch_min(keep, Ordering::AcqRel);
        let start =
            self.with_chain(&mut meta, |meta, chain, start| meta.cut(chain, start, keep))?;
        self.change(|record| record.start = start);
        Ok(())
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
            true => self.fill_gap(old, length)?,
            false => self.shrink(length)?,
        }
        self.note_modification();
        Ok(())
    }

    /// Brings bytes, and whatever of the file system leads to them, to the disk.
    pub(crate) fn bring_to_disk(&self, metadata: bool) -> Result<()> {
        if self.volume.is_read_only() {
            self.check_reached()?;
            return self.volume.commit(&mut self.volume.meta());
        }
        self.write_all_pages()?;
        let mut meta = self.volume.meta();
        match self.is_essential(metadata) {
            true => self.volume.commit(&mut meta)?,
            false => meta.records.flush()?,
        }
        self.check_reached()
    }
}
