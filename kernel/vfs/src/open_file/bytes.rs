//! Bytes at offsets and at the position: what an open file does itself where no backend stands behind it.

use alloc::sync::Arc;
use core::ops::Range;
use core::sync::atomic::Ordering;

use base::{Error, Result};
use hal::PAGE_SIZE;
use mem::transfer::{Sink, Source};
use mem::{PageCache, Pattern};
use object::{File, FileKind, SeekFrom, StatusFlags};

use super::{OFFSET_MAX, OpenFile};
use crate::credentials::{SET_GROUP_ID, SET_USER_ID};
use crate::inode::AttributeChange;
use crate::times;
use crate::watch::{self, Events};

impl OpenFile {
    #[inline]
    pub(super) fn check_bytes(&self) -> Result<()> {
        match self.inode().kind() {
            FileKind::Directory => Err(Error::IsDirectory),
            _ => Ok(()),
        }
    }

    pub(super) fn read_bytes(&self, offset: u64, into: &mut Sink<'_>) -> Result<usize> {
        self.check_bytes()?;
        if offset > OFFSET_MAX {
            return Err(Error::InvalidArgument);
        }
        if let Err(error) = self.check_direct(offset, into.alignment()) {
            // From the end on there is nothing to be aligned.
            let ended = offset >= self.inode().status()?.size;
            return if ended { Ok(0) } else { Err(error) };
        }
        match self.pattern.load(Ordering::Relaxed) {
            0 => {}
            1 => into.expect(Pattern::Sequential),
            _ => into.expect(Pattern::Random),
        }
        let done = self.inode().read_at(offset, into)?;
        self.note_access();
        if done > 0 {
            watch::note(&self.place.dentry, Events::ACCESS);
        }
        Ok(done)
    }

    /// Tells of what a backend has done, if it has done something.
    #[inline(never)]
    pub(super) fn heard(&self, outcome: Result<usize>, event: Events) -> Result<usize> {
        if matches!(outcome, Ok(done) if done > 0) {
            watch::note(&self.place.dentry, event);
        }
        outcome
    }

    /// Reads at the position.
    #[inline(never)]
    pub(super) fn read_on(&self, into: &mut Sink<'_>) -> Result<usize> {
        let mut position = self.position.lock();
        let done = self.read_bytes(*position, into)?;
        *position += done as u64;
        Ok(done)
    }

    /// Writes at the position, or at the end.
    #[inline(never)]
    pub(super) fn write_on(&self, from: &mut Source<'_>) -> Result<usize> {
        self.write_from_position(from, self.status_flags().contains(StatusFlags::APPEND))
    }

    /// Writes at an offset, or at the end; gives where that ended, and how much it was.
    #[inline]
    fn write_bytes(
        &self,
        offset: u64,
        from: &mut Source<'_>,
        appends: bool,
    ) -> Result<(u64, usize)> {
        self.check_write(offset)?;
        self.check_direct(offset, from.alignment())?;
        if appends {
            return self.inode().append(from);
        }
        let done = self.inode().write_at(offset, from)?;
        Ok((offset + done as u64, done))
    }

    #[inline]
    pub(super) fn write_from_position(
        &self,
        from: &mut Source<'_>,
        appends: bool,
    ) -> Result<usize> {
        let mut position = self.position.lock();
        let (end, done) = self.write_bytes(*position, from, appends)?;
        *position = end;
        self.after_write(end, done)?;
        Ok(done)
    }

    /// Writes at an offset, or at the end, whatever the position.
    pub(super) fn write_from(
        &self,
        offset: u64,
        from: &mut Source<'_>,
        appends: bool,
    ) -> Result<usize> {
        let (end, done) = self.write_bytes(offset, from, appends)?;
        self.after_write(end, done)?;
        Ok(done)
    }

    #[inline]
    pub(super) fn note_access(&self) {
        if !self.status_flags().contains(StatusFlags::NO_ACCESS_TIME) {
            times::note_access(&self.place);
        }
    }

    fn check_write(&self, offset: u64) -> Result<()> {
        self.check_bytes()?;
        if offset > OFFSET_MAX {
            return Err(Error::InvalidArgument);
        }
        self.drop_set_id()
    }

    /// A program that somebody else has written to no longer runs with its owner's rights.
    pub(super) fn drop_set_id(&self) -> Result<()> {
        if !self.drops_set_id {
            return Ok(());
        }
        let ownership = self.inode().ownership()?;
        let mut kept = ownership.mode & !SET_USER_ID;
        if kept & 0o010 != 0 {
            kept &= !SET_GROUP_ID;
        }
        if kept != ownership.mode {
            let change = AttributeChange {
                mode: Some(kept),
                ..AttributeChange::default()
            };
            self.inode().set_attributes(&change)?;
        }
        Ok(())
    }

    /// Without the cache in between, whole blocks of the device move from and to memory that lies as they do.
    #[inline]
    fn check_direct(&self, offset: u64, alignment: usize) -> Result<()> {
        if !self.status_flags().contains(StatusFlags::DIRECT) {
            return Ok(());
        }
        match self.inode().direct_alignment() {
            Some(unit) if !(offset as usize | alignment).is_multiple_of(unit as usize) => {
                Err(Error::InvalidArgument)
            }
            _ => Ok(()),
        }
    }

    /// After a write of `done` bytes that ended at `end`.
    fn after_write(&self, end: u64, done: usize) -> Result<()> {
        if done > 0 {
            watch::note(&self.place.dentry, Events::MODIFY);
        }
        let flags = self.status_flags();
        let prompt = self.place.dentry.volume().is_prompt();
        if prompt || flags.intersects(StatusFlags::SYNC | StatusFlags::DATA_SYNC) {
            self.sync_bytes(prompt || flags.contains(StatusFlags::SYNC))?;
        } else if flags.contains(StatusFlags::DIRECT)
            && let Some(cache) = self.stored_pages()
        {
            // The cache stays in between, so that both ways see the same; the bytes go on at once.
            let pages = pages_touched(end.saturating_sub(done as u64), done as u64);
            cache.write_back(pages.start, pages.end - pages.start)?;
        }
        Ok(())
    }

    /// The pages of a file that lies on a device.
    #[inline]
    pub(super) fn stored_pages(&self) -> Option<Arc<PageCache>> {
        self.inode().page_cache().filter(|cache| cache.is_stored())
    }

    /// Brings it to the device, and says also what could not be stored since it last asked.
    pub(super) fn sync_bytes(&self, metadata: bool) -> Result<()> {
        let outcome = self.inode().sync(metadata);
        let before = match self.stored_pages() {
            Some(cache) => cache.error_since(&self.errors),
            None => Ok(()),
        };
        outcome.and(before)
    }

    pub(super) fn seek_bytes(&self, to: SeekFrom) -> Result<u64> {
        let mut position = self.position.lock();
        let from = |base: u64, by: i64| base.checked_add_signed(by).ok_or(Error::InvalidArgument);
        let target = match to {
            SeekFrom::Start(offset) => offset,
            SeekFrom::Current(by) => from(*position, by)?,
            SeekFrom::End(by) => from(self.inode().status()?.size, by)?,
            SeekFrom::Data(offset) => self.inode().next_extent(offset, true)?,
            SeekFrom::Hole(offset) => self.inode().next_extent(offset, false)?,
        };
        if target > self.inode().largest_offset() {
            return Err(Error::InvalidArgument);
        }
        *position = target;
        Ok(target)
    }
}

/// The pages that a range of bytes touches.
#[inline]
pub(super) fn pages_touched(offset: u64, length: u64) -> Range<u64> {
    let page = PAGE_SIZE as u64;
    offset / page..offset.saturating_add(length).div_ceil(page)
}

/// The pages that lie in a range of bytes wholly, or up to the end of a file of `size` bytes.
pub(super) fn pages_within(offset: u64, length: u64, size: u64) -> Range<u64> {
    let page = PAGE_SIZE as u64;
    let end = offset.saturating_add(length);
    let last = if end >= size {
        end.div_ceil(page)
    } else {
        end / page
    };
    let first = offset.div_ceil(page);
    first..last.max(first)
}
