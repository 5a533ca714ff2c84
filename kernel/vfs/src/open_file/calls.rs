//! What programs call an open file for: each call goes to the backend, or to what [`super::bytes`] and
//! [`crate::directory`] do.

use alloc::sync::Arc;
use core::any::Any;
use core::sync::atomic::Ordering;

use base::{Error, Result};
use mem::transfer::{Sink, Source};
use mem::{MemoryObject, Pattern};
use object::{
    DirectoryEntry, File, FileAccess, FileAdvice, FileKind, FileStatus, Listener, PollRegistration,
    Ready, SeekFrom, SpaceChange, StatusFlags, WriteMode,
};

use super::bytes::{pages_touched, pages_within};
use super::{CHANGEABLE, OFFSET_MAX, OpenFile};
use crate::attributes::settle;
use crate::directory;
use crate::mapped_file::MappedFile;
use crate::marks::FileMarks;
use crate::open::can_be_direct;
use crate::watch::{self, Events};

impl File for OpenFile {
    fn as_file_any(&self) -> &dyn Any {
        match &self.backend {
            Some(backend) => backend.as_file_any(),
            None => self,
        }
    }

    fn access(&self) -> FileAccess {
        self.access
    }

    // Nothing but the two checks before a backend gets the call: whoever reads a device or a pipe
    // by name pays no frame here.
    fn read(&self, into: &mut Sink<'_>) -> Result<usize> {
        if !self.access.contains(FileAccess::READ) {
            return Err(Error::BadHandle);
        }
        match &self.backend {
            Some(backend) if watch::is_anyone() => self.heard(backend.read(into), Events::ACCESS),
            Some(backend) => backend.read(into),
            None => self.read_on(into),
        }
    }

    fn write(&self, from: &mut Source<'_>) -> Result<usize> {
        if !self.access.contains(FileAccess::WRITE) {
            return Err(Error::BadHandle);
        }
        match &self.backend {
            Some(backend) if watch::is_anyone() => self.heard(backend.write(from), Events::MODIFY),
            Some(backend) => backend.write(from),
            None => self.write_on(from),
        }
    }

    fn read_at(&self, offset: u64, into: &mut Sink<'_>) -> Result<usize> {
        self.check(FileAccess::READ)?;
        match &self.backend {
            Some(backend) => backend.read_at(offset, into),
            None => self.read_bytes(offset, into),
        }
    }

    fn write_at(&self, offset: u64, from: &mut Source<'_>) -> Result<usize> {
        self.check(FileAccess::WRITE)?;
        if let Some(backend) = &self.backend {
            return backend.write_at(offset, from);
        }
        // As on Linux, appending wins over the offset.
        let appends = self.status_flags().contains(StatusFlags::APPEND);
        self.write_from(offset, from, appends)
    }

    fn can_not_wait(&self) -> bool {
        match &self.backend {
            Some(backend) => backend.can_not_wait(),
            None => self.stored_pages().is_some(),
        }
    }

    fn read_now(&self, offset: Option<u64>, into: &mut Sink<'_>) -> Result<usize> {
        self.check(FileAccess::READ)?;
        if let Some(backend) = &self.backend {
            return backend.read_now(offset, into);
        }
        let cache = self.stored_pages().ok_or(Error::Unsupported)?;
        let read = |place, into: &mut Sink<'_>| {
            let wanted = pages_touched(place, into.remaining() as u64);
            if !cache.is_at_hand(wanted) {
                return Err(Error::WouldBlock);
            }
            self.read_bytes(place, into)
        };
        if let Some(offset) = offset {
            return read(offset, into);
        }
        let mut position = self.position.lock();
        let done = read(*position, into)?;
        *position += done as u64;
        Ok(done)
    }

    fn write_as(
        &self,
        offset: Option<u64>,
        from: &mut Source<'_>,
        mode: WriteMode,
    ) -> Result<usize> {
        self.check(FileAccess::WRITE)?;
        if let Some(backend) = &self.backend {
            return backend.write_as(offset, from, mode);
        }
        if mode.contains(WriteMode::NO_WAIT) {
            return Err(Error::Unsupported);
        }
        if mode.contains(WriteMode::NO_APPEND) {
            FileMarks::check_overwriting(&**self.inode())?;
        }
        let appends = mode.contains(WriteMode::APPEND)
            || (self.status_flags().contains(StatusFlags::APPEND)
                && !mode.contains(WriteMode::NO_APPEND));
        let done = match offset {
            Some(offset) => self.write_from(offset, from, appends)?,
            None => self.write_from_position(from, appends)?,
        };
        if mode.intersects(WriteMode::SYNC | WriteMode::DATA_SYNC) {
            self.sync_bytes(mode.contains(WriteMode::SYNC))?;
        }
        Ok(done)
    }

    fn seek(&self, to: SeekFrom) -> Result<u64> {
        if self.path_only {
            return Err(Error::BadHandle);
        }
        match &self.backend {
            Some(backend) => backend.seek(to),
            None => self.seek_bytes(to),
        }
    }

    fn poll(&self, interest: Ready, waiter: Option<&mut PollRegistration>) -> Ready {
        match &self.backend {
            Some(backend) => backend.poll(interest, waiter),
            None => interest & (Ready::READ | Ready::WRITE),
        }
    }

    fn report_to(&self, listener: &Arc<dyn Listener>, on: bool) -> Result<()> {
        match &self.backend {
            Some(backend) => backend.report_to(listener, on),
            None => Ok(()),
        }
    }

    fn can_be_awaited(&self) -> bool {
        let backend = self.backend.as_ref();
        backend.is_some_and(|backend| backend.can_be_awaited())
    }

    /// The status is the name's, not the backend's: `fstat` of `/dev/tty` shows the node.
    fn status(&self) -> Result<FileStatus> {
        self.place.status()
    }

    #[inline]
    fn status_flags(&self) -> StatusFlags {
        StatusFlags::from_bits_truncate(self.flags.load(Ordering::Relaxed))
    }

    fn set_status_flags(&self, flags: StatusFlags) -> Result<()> {
        if self.path_only {
            return Err(Error::BadHandle);
        }
        // Nobody is ever told of bytes at offsets, so there is nothing to ask for.
        let changeable = match &self.backend {
            Some(_) => CHANGEABLE,
            None => CHANGEABLE - StatusFlags::ASYNC,
        };
        let kept = self.status_flags() & !changeable;
        let flags = kept | (flags & changeable);
        if (flags ^ self.status_flags()).contains(StatusFlags::APPEND) {
            FileMarks::check_overwriting(&**self.inode())?;
        }
        if flags.contains(StatusFlags::DIRECT)
            && self.inode().kind() == FileKind::Regular
            && !can_be_direct(&**self.inode())
        {
            return Err(Error::InvalidArgument);
        }
        if let Some(backend) = &self.backend {
            // The backend judges what concerns it; appending and access times are kept here.
            let mut concerns = StatusFlags::NONBLOCK | StatusFlags::ASYNC;
            if self.inode().kind() == FileKind::BlockDevice {
                concerns |= StatusFlags::DIRECT;
            }
            backend.set_status_flags(flags & concerns)?;
        }
        self.flags.store(flags.bits(), Ordering::Relaxed);
        Ok(())
    }

    fn truncate(&self, length: u64) -> Result<()> {
        if !self.access.contains(FileAccess::WRITE) {
            return Err(if self.path_only {
                Error::BadHandle
            } else {
                Error::InvalidArgument
            });
        }
        if let Some(backend) = &self.backend {
            return backend.truncate(length);
        }
        if self.inode().kind() != FileKind::Regular || length > OFFSET_MAX {
            return Err(Error::InvalidArgument);
        }
        self.drop_set_id()?;
        self.inode().truncate(length)?;
        watch::note(&self.place.dentry, Events::MODIFY);
        settle(&self.place)
    }

    fn check_space(&self, change: SpaceChange) -> Result<()> {
        match &self.backend {
            Some(backend) => backend.check_space(change),
            None => {
                self.check_bytes()?;
                self.inode().check_space(change)
            }
        }
    }

    fn change_space(&self, offset: u64, length: u64, change: SpaceChange) -> Result<()> {
        self.check(FileAccess::WRITE)?;
        if let Some(backend) = &self.backend {
            return backend.change_space(offset, length, change);
        }
        self.check_bytes()?;
        self.inode().check_space(change)?;
        self.drop_set_id()?;
        self.inode().change_space(offset, length, change)?;
        watch::note(&self.place.dentry, Events::MODIFY);
        settle(&self.place)
    }

    fn sync(&self, metadata: bool) -> Result<()> {
        if self.path_only {
            return Err(Error::BadHandle);
        }
        match &self.backend {
            Some(backend) => backend.sync(metadata),
            None => self.sync_bytes(metadata),
        }
    }

    fn sync_range(&self, offset: u64, length: u64, wait: bool) -> Result<()> {
        if let Some(backend) = &self.backend {
            return backend.sync_range(offset, length, wait);
        }
        let Some(cache) = self.stored_pages() else {
            return Ok(());
        };
        let pages = pages_touched(offset, length);
        if wait {
            let outcome = cache.write_back(pages.start, pages.end - pages.start);
            // Who is told of an error here is not told of it by fsync once more.
            let before = cache.error_since(&self.errors);
            outcome.and(before)
        } else {
            cache.start_write_back(pages.start, pages.end - pages.start)
        }
    }

    fn advise(&self, offset: u64, length: u64, advice: FileAdvice) -> Result<()> {
        if let Some(backend) = &self.backend {
            return backend.advise(offset, length, advice);
        }
        let pattern = match advice {
            FileAdvice::Expect(Pattern::Normal) => 0,
            FileAdvice::Expect(Pattern::Sequential) => 1,
            FileAdvice::Expect(Pattern::Random) => 2,
            FileAdvice::WillNeed | FileAdvice::DontNeed => {
                let Some(cache) = self.stored_pages() else {
                    return Ok(());
                };
                if advice == FileAdvice::WillNeed {
                    let pages = pages_touched(offset, length);
                    cache.prefetch(pages.start, pages.end - pages.start);
                } else {
                    let pages = pages_within(offset, length, cache.size());
                    // What cannot be stored is kept and told to who asks.
                    let _ = cache.start_write_back(pages.start, pages.end - pages.start);
                    cache.drop_clean(pages.start, pages.end - pages.start);
                }
                return Ok(());
            }
        };
        self.pattern.store(pattern, Ordering::Relaxed);
        Ok(())
    }

    fn read_directory(&self, visit: &mut dyn FnMut(&DirectoryEntry<'_>) -> bool) -> Result<()> {
        self.check(FileAccess::READ)?;
        if !self.inode().is_directory() {
            return Err(Error::NotDirectory);
        }
        let mut position = self.position.lock();
        *position = directory::read(&self.place, *position, visit)?;
        self.note_access();
        watch::note(&self.place.dentry, Events::ACCESS);
        Ok(())
    }

    fn writable_memory_object(&self) -> Result<Arc<dyn MemoryObject>> {
        match &self.backend {
            Some(backend) if !self.path_only => backend.writable_memory_object(),
            _ => {
                FileMarks::check_overwriting(&**self.inode()).map_err(|_| Error::AccessDenied)?;
                self.memory_object()
            }
        }
    }

    fn memory_object(&self) -> Result<Arc<dyn MemoryObject>> {
        if self.path_only {
            return Err(Error::BadHandle);
        }
        match &self.backend {
            Some(backend) => backend.memory_object(),
            None => match self.inode().page_cache() {
                Some(cache) => Ok(Arc::new(MappedFile {
                    _claims: self.mapped_claims(),
                    place: self.place.clone(),
                    errors: cache.error_mark(),
                    cache,
                })),
                None => Err(Error::NotSupportedByDevice),
            },
        }
    }
}
