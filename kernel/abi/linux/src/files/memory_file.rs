//! memfd_create: a file in memory without a name, and what seals forbid.
//!
//! A seal against writing is refused while somebody could write through a shared mapping. Areas that
//! could hold another object than the page cache itself, and whether that object lives is the answer:
//! a mapping that is just being made counts from the moment it asked.

use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use base::sync::Mutex;
use base::{Error, Result, rank};
use core::any::Any;
use hal::frame::Frame;
use hal::user::Access;
use mem::transfer::{Sink, Source};
use mem::{AddressSpace, MemoryObject, ObjectDescription, PageCache};
use object::{File, FileKind, FileStatus, SeekFrom, SpaceChange, Timestamp};

use super::sealing::Seals;
use crate::arguments::{UserPath, flags_argument};
use crate::call::Call;

flags_argument! {
    /// `MFD_*`.
    pub struct MemoryFileFlags: u32 {
        /// Closed by exec.
        const CLOSE_ON_EXEC = 1;
        /// Sealing is allowed.
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
pub(super) struct MemoryFile {
    pages: Arc<PageCache>,
    /// Held by everything that changes the file, so that a seal holds for all that follows it.
    state: Mutex<State>,
    mode: u32,
    made: Timestamp,
}

struct State {
    position: u64,
    seals: Seals,
    /// What areas hold through which the file may be written: it lives as long as there are any.
    writable: Weak<WritablePages>,
}

impl MemoryFile {
    /// What must not happen to it any more.
    pub(super) fn seals(&self) -> Seals {
        self.state.lock().seals
    }

    /// Adds seals (fcntl(2), "File Sealing").
    pub(super) fn add_seals(&self, mut seals: Seals) -> Result<()> {
        let mut state = self.state.lock();
        if state.seals.contains(Seals::SEAL) {
            return Err(Error::NotPermitted);
        }
        let sealed_now = seals.contains(Seals::WRITE) && !state.seals.contains(Seals::WRITE);
        if sealed_now && state.writable.strong_count() > 0 {
            return Err(Error::Busy);
        }
        if seals.contains(Seals::EXECUTE) && self.mode & 0o111 != 0 {
            // What may be executed must not change.
            seals |= Seals::SHRINK | Seals::GROW | Seals::WRITE | Seals::FUTURE_WRITE;
        }
        state.seals |= seals;
        Ok(())
    }

    fn change(&self, state: &State, offset: u64, from: &mut Source<'_>) -> Result<usize> {
        if state.seals.intersects(Seals::WRITE | Seals::FUTURE_WRITE) {
            return Err(Error::NotPermitted);
        }
        let end = offset.saturating_add(from.remaining() as u64);
        if state.seals.contains(Seals::GROW) && end > self.pages.size() {
            return Err(Error::NotPermitted);
        }
        self.pages.write_at(offset, from)
    }
}

/// The pages, as areas hold them that may write.
struct WritablePages(Arc<PageCache>);

impl MemoryObject for WritablePages {
    fn page(&self, index: u64, access: Access) -> Result<Frame> {
        self.0.page(index, access)
    }

    fn resident(&self, first: u64, pages: &mut [Option<Frame>]) {
        self.0.resident(first, pages);
    }

    fn writable_early(&self) -> bool {
        self.0.writable_early()
    }

    fn generation(&self) -> u64 {
        self.0.generation()
    }

    fn identity(&self) -> u64 {
        self.0.identity()
    }

    fn mapped_by(&self, space: &Weak<AddressSpace>) {
        self.0.mapped_by(space);
    }

    fn sync(&self, first: u64, count: u64) -> Result<()> {
        self.0.sync(first, count)
    }

    fn describe(&self) -> ObjectDescription {
        self.0.describe()
    }
}

impl File for MemoryFile {
    fn as_file_any(&self) -> &dyn Any {
        self
    }

    fn read(&self, into: &mut Sink<'_>) -> Result<usize> {
        let mut state = self.state.lock();
        let count = self.pages.read_at(state.position, into)?;
        state.position += count as u64;
        Ok(count)
    }

    fn write(&self, from: &mut Source<'_>) -> Result<usize> {
        let mut state = self.state.lock();
        let count = self.change(&state, state.position, from)?;
        state.position += count as u64;
        Ok(count)
    }

    fn read_at(&self, offset: u64, into: &mut Sink<'_>) -> Result<usize> {
        self.pages.read_at(offset, into)
    }

    fn write_at(&self, offset: u64, from: &mut Source<'_>) -> Result<usize> {
        let state = self.state.lock();
        self.change(&state, offset, from)
    }

    fn seek(&self, to: SeekFrom) -> Result<u64> {
        let mut state = self.state.lock();
        let size = self.pages.size();
        let from = |base: u64, by: i64| base.checked_add_signed(by).ok_or(Error::InvalidArgument);
        let extent = |offset, hole| {
            self.pages
                .seek_data_or_hole(offset, hole)
                .ok_or(Error::NoSuchDevice)
        };
        let target = match to {
            SeekFrom::Start(offset) => offset,
            SeekFrom::Current(by) => from(state.position, by)?,
            SeekFrom::End(by) => from(size, by)?,
            SeekFrom::Data(offset) => extent(offset, false)?,
            SeekFrom::Hole(offset) => extent(offset, true)?,
        };
        if target > i64::MAX as u64 {
            return Err(Error::InvalidArgument);
        }
        state.position = target;
        Ok(target)
    }

    fn status(&self) -> Result<FileStatus> {
        Ok(FileStatus {
            kind: FileKind::Regular,
            mode: self.mode,
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
        let state = self.state.lock();
        let size = self.pages.size();
        let refused = (length < size && state.seals.contains(Seals::SHRINK))
            || (length > size && state.seals.contains(Seals::GROW));
        if refused {
            return Err(Error::NotPermitted);
        }
        self.pages.truncate(length)
    }

    fn change_space(&self, offset: u64, length: u64, change: SpaceChange) -> Result<()> {
        let state = self.state.lock();
        match change {
            SpaceChange::Punch => {
                if state.seals.intersects(Seals::WRITE | Seals::FUTURE_WRITE) {
                    return Err(Error::NotPermitted);
                }
                self.pages.punch_hole(offset, length)
            }
            SpaceChange::Allocate { keep_size } => {
                let (page, end) = (hal::PAGE_SIZE as u64, offset + length);
                if state.seals.contains(Seals::GROW) && end > self.pages.size() {
                    return Err(Error::NotPermitted);
                }
                self.pages.reserve(offset / page..end.div_ceil(page))?;
                if !keep_size && end > self.pages.size() {
                    self.pages.truncate(end)?;
                }
                Ok(())
            }
        }
    }

    fn sync(&self, _metadata: bool) -> Result<()> {
        Ok(())
    }

    fn memory_object(&self) -> Result<Arc<dyn MemoryObject>> {
        Ok(self.pages.clone())
    }

    fn writable_memory_object(&self) -> Result<Arc<dyn MemoryObject>> {
        let mut state = self.state.lock();
        if state.seals.intersects(Seals::WRITE | Seals::FUTURE_WRITE) {
            return Err(Error::NotPermitted);
        }
        if let Some(present) = state.writable.upgrade() {
            return Ok(present);
        }
        let made = Arc::new(WritablePages(self.pages.clone()));
        state.writable = Arc::downgrade(&made);
        Ok(made)
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
    let never_executed = flags.contains(MemoryFileFlags::NOEXEC_SEAL);
    let seals = if never_executed {
        Seals::EXECUTE
    } else if flags.contains(MemoryFileFlags::ALLOW_SEALING) {
        Seals::empty()
    } else {
        Seals::SEAL
    };
    let file = MemoryFile {
        pages: PageCache::memory(&shown),
        state: Mutex::new(
            rank::FILE,
            State {
                position: 0,
                seals,
                writable: Weak::new(),
            },
        ),
        mode: if never_executed { 0o666 } else { 0o777 },
        made: Timestamp::now(),
    };
    call.install(
        Arc::new(file),
        flags.contains(MemoryFileFlags::CLOSE_ON_EXEC),
    )
}
