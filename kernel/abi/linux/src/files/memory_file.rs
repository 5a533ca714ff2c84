//! memfd_create: a file in memory without a name.

use alloc::sync::Arc;
use alloc::vec::Vec;
use base::sync::Mutex;
use base::{Error, Result, rank};
use core::any::Any;
use mem::transfer::{Sink, Source};
use mem::{MemoryObject, PageCache};
use object::{File, FileKind, FileStatus, SeekFrom, Timestamp};

use crate::arguments::{UserPath, flags_argument};
use crate::call::Call;

flags_argument! {
    /// `MFD_*`.
    pub struct MemoryFileFlags: u32 {
        /// Closed by exec.
        const CLOSE_ON_EXEC = 1;
        /// Sealing is allowed. Nothing can be sealed yet, so only the promise not to is kept.
        const ALLOW_SEALING = 2;
        /// Sealed against becoming executable.
        const NOEXEC_SEAL = 8;
        /// May become executable.
        const EXEC = 16;
    }
}

/// The longest name (`MFD_NAME_MAX_LEN`), with its NUL.
const NAME_MAX: usize = 250;

/// A file that is nothing but its pages.
struct MemoryFile {
    pages: Arc<PageCache>,
    position: Mutex<u64>,
    made: Timestamp,
}

impl File for MemoryFile {
    fn as_file_any(&self) -> &dyn Any {
        self
    }

    fn read(&self, into: &mut Sink<'_>) -> Result<usize> {
        let mut position = self.position.lock();
        let count = self.pages.read_at(*position, into)?;
        *position += count as u64;
        Ok(count)
    }

    fn write(&self, from: &mut Source<'_>) -> Result<usize> {
        let mut position = self.position.lock();
        let count = self.pages.write_at(*position, from)?;
        *position += count as u64;
        Ok(count)
    }

    fn read_at(&self, offset: u64, into: &mut Sink<'_>) -> Result<usize> {
        self.pages.read_at(offset, into)
    }

    fn write_at(&self, offset: u64, from: &mut Source<'_>) -> Result<usize> {
        self.pages.write_at(offset, from)
    }

    fn seek(&self, to: SeekFrom) -> Result<u64> {
        let mut position = self.position.lock();
        let size = self.pages.size();
        let from = |base: u64, by: i64| base.checked_add_signed(by).ok_or(Error::InvalidArgument);
        let extent = |offset, hole| {
            self.pages
                .seek_data_or_hole(offset, hole)
                .ok_or(Error::NoSuchDevice)
        };
        let target = match to {
            SeekFrom::Start(offset) => offset,
            SeekFrom::Current(by) => from(*position, by)?,
            SeekFrom::End(by) => from(size, by)?,
            SeekFrom::Data(offset) => extent(offset, false)?,
            SeekFrom::Hole(offset) => extent(offset, true)?,
        };
        if target > i64::MAX as u64 {
            return Err(Error::InvalidArgument);
        }
        *position = target;
        Ok(target)
    }

    fn status(&self) -> Result<FileStatus> {
        Ok(FileStatus {
            kind: FileKind::Regular,
            mode: 0o777,
            size: self.pages.size(),
            inode: self.pages.identity(),
            blocks: (self.pages.resident_pages() * hal::PAGE_SIZE / 512) as u64,
            block_size: hal::PAGE_SIZE as u32,
            access_time: self.made,
            modification_time: self.made,
            change_time: self.made,
            birth_time: self.made,
            ..FileStatus::default()
        })
    }

    fn truncate(&self, length: u64) -> Result<()> {
        self.pages.truncate(length)
    }

    fn sync(&self, _metadata: bool) -> Result<()> {
        Ok(())
    }

    fn memory_object(&self) -> Result<Arc<dyn MemoryObject>> {
        Ok(self.pages.clone())
    }
}

/// memfd_create(2).
pub(crate) fn memfd_create(
    call: &mut Call<'_>,
    name: UserPath,
    flags: MemoryFileFlags,
) -> Result<usize> {
    if flags.contains(MemoryFileFlags::EXEC | MemoryFileFlags::NOEXEC_SEAL) {
        return Err(Error::InvalidArgument);
    }
    let name: Vec<u8> = match mem::user::read_c_string(name.0, NAME_MAX) {
        Err(Error::NameTooLong) => return Err(Error::InvalidArgument),
        other => other?,
    };
    let shown = alloc::format!(
        "/memfd:{} (deleted)",
        alloc::string::String::from_utf8_lossy(&name)
    );
    let file = MemoryFile {
        pages: PageCache::memory(&shown),
        position: Mutex::new(rank::FILE, 0),
        made: Timestamp::now(),
    };
    call.install(
        Arc::new(file),
        flags.contains(MemoryFileFlags::CLOSE_ON_EXEC),
    )
}
