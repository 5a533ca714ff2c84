//! The open block special file: bytes with a position, over the device's page cache.
//!
//! As on Linux: reading ends at the device's end, writing there is [`Error::NoSpace`], and the
//! position cannot be set beyond it. A device that refuses writes can be opened for them; the write
//! then is [`Error::NotPermitted`]. A file that was opened to pass by the caches (`O_DIRECT`) takes
//! whole blocks only, and its writes have reached the device when they return.

use alloc::sync::Arc;
use core::any::Any;
use core::sync::atomic::{AtomicU32, Ordering};

use base::sync::Mutex;
use base::{Error, Result, rank};
use hal::PAGE_SIZE;
use mem::transfer::{Sink, Source};
use mem::{ErrorMark, MemoryObject};
use object::{File, FileAccess, FileKind, FileStatus, SeekFrom, StatusFlags};

use super::{BlockCache, BlockDevice, SECTOR, flush};

/// See the module.
pub struct BlockFile {
    cache: Arc<BlockCache>,
    access: FileAccess,
    flags: AtomicU32,
    position: Mutex<u64>,
    /// Up to where it was told what could not be stored.
    heard: ErrorMark,
}

impl BlockFile {
    /// Opens a device.
    pub fn open(
        device: &Arc<dyn BlockDevice>,
        access: FileAccess,
        flags: StatusFlags,
    ) -> Result<Arc<BlockFile>> {
        let cache = BlockCache::of(device)?;
        device.opened();
        Ok(Arc::new(BlockFile {
            heard: cache.pages().error_mark(),
            cache,
            access,
            flags: AtomicU32::new(flags.bits()),
            position: Mutex::new(rank::POSITION, 0),
        }))
    }

    /// The device.
    pub fn device(&self) -> &Arc<dyn BlockDevice> {
        self.cache.device()
    }

    /// The device's bytes.
    pub fn cache(&self) -> &Arc<BlockCache> {
        &self.cache
    }

    /// Whole blocks only, from and to memory that lies as sectors do, where the caches are to be passed by.
    fn check_direct(&self, offset: u64, length: usize, alignment: usize) -> Result<()> {
        let block = self.device().geometry().block_size;
        let crooked = !offset.is_multiple_of(block as u64)
            || !length.is_multiple_of(block)
            || !alignment.is_multiple_of(SECTOR);
        if self.status_flags().contains(StatusFlags::DIRECT) && crooked {
            return Err(Error::InvalidArgument);
        }
        Ok(())
    }
}

impl Drop for BlockFile {
    fn drop(&mut self) {
        self.device().closed();
    }
}

impl File for BlockFile {
    fn as_file_any(&self) -> &dyn Any {
        self
    }

    fn access(&self) -> FileAccess {
        self.access
    }

    fn read(&self, into: &mut Sink<'_>) -> Result<usize> {
        let mut position = self.position.lock();
        let done = self.read_at(*position, into)?;
        *position += done as u64;
        Ok(done)
    }

    fn write(&self, from: &mut Source<'_>) -> Result<usize> {
        let mut position = self.position.lock();
        let done = self.write_at(*position, from)?;
        *position += done as u64;
        Ok(done)
    }

    fn read_at(&self, offset: u64, into: &mut Sink<'_>) -> Result<usize> {
        // From the end on there is nothing to be aligned.
        let left = self.cache.size().saturating_sub(offset);
        let left = left.min(into.remaining() as u64) as usize;
        if left == 0 {
            return Ok(0);
        }
        into.limit(left);
        self.check_direct(offset, left, into.alignment())?;
        self.cache.pages().read_at(offset, into)
    }

    fn write_at(&self, offset: u64, from: &mut Source<'_>) -> Result<usize> {
        if self.device().is_protected() {
            return Err(Error::NotPermitted);
        }
        let wanted = from.remaining();
        if wanted == 0 {
            return Ok(0);
        }
        let room = self.cache.size().saturating_sub(offset);
        if room == 0 {
            return Err(Error::NoSpace);
        }
        self.check_direct(offset, wanted, from.alignment())?;
        from.limit(room.min(wanted as u64) as usize);
        let done = self.cache.pages().write_at(offset, from)?;
        let flags = self.status_flags();
        let safe = flags.intersects(StatusFlags::SYNC | StatusFlags::DATA_SYNC);
        if safe || flags.contains(StatusFlags::DIRECT) {
            let first = offset / PAGE_SIZE as u64;
            let end = (offset + done as u64).div_ceil(PAGE_SIZE as u64);
            self.cache.pages().write_back(first, end - first)?;
        }
        if safe {
            flush(&**self.device())?;
        }
        Ok(done)
    }

    fn seek(&self, to: SeekFrom) -> Result<u64> {
        let size = self.cache.size();
        let mut position = self.position.lock();
        let target = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::Current(by) => position.checked_add_signed(by),
            SeekFrom::End(by) => size.checked_add_signed(by),
            SeekFrom::Data(_) | SeekFrom::Hole(_) => None,
        };
        let target = target.filter(|target| *target <= size);
        *position = target.ok_or(Error::InvalidArgument)?;
        Ok(*position)
    }

    fn status(&self) -> Result<FileStatus> {
        let number = self.device().number();
        Ok(FileStatus {
            kind: FileKind::BlockDevice,
            mode: 0o660,
            device_major: number.major,
            device_minor: number.minor,
            links: 1,
            block_size: PAGE_SIZE as u32,
            ..FileStatus::default()
        })
    }

    fn status_flags(&self) -> StatusFlags {
        StatusFlags::from_bits_truncate(self.flags.load(Ordering::Relaxed))
    }

    /// Whether writes are safe when they return is decided when it is opened.
    fn set_status_flags(&self, flags: StatusFlags) -> Result<()> {
        let kept = StatusFlags::SYNC | StatusFlags::DATA_SYNC;
        let flags = (self.status_flags() & kept) | (flags & !kept);
        self.flags.store(flags.bits(), Ordering::Relaxed);
        Ok(())
    }

    fn sync(&self, _metadata: bool) -> Result<()> {
        let outcome = self.cache.sync();
        outcome.and(self.cache.pages().error_since(&self.heard))
    }

    fn memory_object(&self) -> Result<Arc<dyn MemoryObject>> {
        Ok(self.cache.pages().clone())
    }

    fn writable_memory_object(&self) -> Result<Arc<dyn MemoryObject>> {
        if self.device().is_protected() {
            return Err(Error::AccessDenied);
        }
        self.memory_object()
    }
}
