//! The open file of a name: position, flags, place.
//!
//! [`OpenFile`] is what `open` gives. For bytes at offsets and for directories it does the work
//! itself, over the inode; a device, a fifo or a generated file is a *backend* that the inode gave
//! when it was opened, and to which everything is passed on: then `OpenFile` only remembers where it
//! was found. `file.downcast::<OpenFile>()` finds the place of any opened name, and
//! `file.downcast::<TerminalFile>()` the terminal behind `/dev/tty`.

use alloc::sync::Arc;
use core::any::Any;
use core::ops::Range;
use core::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};

use base::rank;
use base::sync::Mutex;
use base::{Error, Result};
use hal::PAGE_SIZE;
use mem::transfer::{Sink, Source};
use mem::{ErrorMark, MemoryObject, PageCache, Pattern};
use object::{
    DirectoryEntry, File, FileAccess, FileAdvice, FileKind, FileStatus, Listener, PollRegistration,
    Ready, SeekFrom, SpaceChange, StatusFlags, WriteMode,
};

use crate::credentials::{Credentials, SET_GROUP_ID, SET_USER_ID};
use crate::hold::{Claims, Hold};
use crate::inode::{AttributeChange, Inode};
use crate::lease::{LeaseHolder, LeaseKind, Leases, OtherOpenings};
use crate::locks::FlockOwner;
use crate::mapped_file::MappedFile;
use crate::mount::MountFlags;
use crate::mount_tree::MountTree;
use crate::open::can_be_direct;
use crate::options::OpenOptions;
use crate::path::Path;
use crate::watch::{self, Events};
use crate::{directory, times};

/// The largest offset: what fits a signed 64-bit number.
const OFFSET_MAX: u64 = i64::MAX as u64;

/// The flags that `fcntl(F_SETFL)` may change.
const CHANGEABLE: StatusFlags = StatusFlags::APPEND
    .union(StatusFlags::NONBLOCK)
    .union(StatusFlags::DIRECT)
    .union(StatusFlags::NO_ACCESS_TIME)
    .union(StatusFlags::ASYNC);

/// An opened name.
pub struct OpenFile {
    place: Path,
    backend: Option<Arc<dyn File>>,
    access: FileAccess,
    path_only: bool,
    /// Who opened it was not the super-user: writes take set-id bits away.
    drops_set_id: bool,
    flags: AtomicU32,
    /// How its bytes will be read: 1 sequentially, 2 here and there, 0 who knows.
    pattern: AtomicU8,
    /// Up to where it has heard what could not be stored.
    errors: ErrorMark,
    position: Mutex<u64>,
    hold: Hold,
    claims: Claims,
    /// Its number as the owner of locks; 0 as long as it has none.
    flock: AtomicU64,
}

impl OpenFile {
    pub(crate) fn new(
        place: Path,
        options: &OpenOptions,
        opener: &Credentials,
        backend: Option<Arc<dyn File>>,
        hold: Hold,
        claims: Claims,
    ) -> Arc<Self> {
        let is_bytes = backend.is_none() && place.dentry.kind() == FileKind::Regular;
        let errors = match place.inode().page_cache() {
            Some(cache) if is_bytes => cache.error_mark(),
            _ => ErrorMark::default(),
        };
        Arc::new(Self {
            place,
            backend,
            access: options.access(),
            path_only: false,
            drops_set_id: !opener.is_superuser(),
            flags: AtomicU32::new(options.status_flags().bits()),
            pattern: AtomicU8::new(0),
            errors,
            position: Mutex::new(rank::POSITION, 0),
            hold,
            claims,
            flock: AtomicU64::new(0),
        })
    }

    /// A file that only holds its place (`O_PATH`).
    pub(crate) fn place(place: Path) -> Arc<Self> {
        Self::holding(place, None)
    }

    /// A file that holds its place and the detached mounts that it lies in.
    pub(crate) fn of_tree(place: Path, tree: Arc<MountTree>) -> Arc<Self> {
        Self::holding(place, Some(tree))
    }

    fn holding(place: Path, tree: Option<Arc<MountTree>>) -> Arc<Self> {
        Arc::new(Self {
            place,
            backend: None,
            access: FileAccess::empty(),
            path_only: true,
            drops_set_id: false,
            flags: AtomicU32::new(0),
            pattern: AtomicU8::new(0),
            errors: ErrorMark::default(),
            position: Mutex::new(rank::POSITION, 0),
            hold: Hold {
                tree,
                ..Hold::default()
            },
            claims: Claims::empty(),
            flock: AtomicU64::new(0),
        })
    }

    /// The detached mounts that it holds.
    pub(crate) fn tree(&self) -> Option<&Arc<MountTree>> {
        self.hold.tree.as_ref()
    }

    /// Where it was found.
    pub fn path(&self) -> &Path {
        &self.place
    }

    /// The inode behind it.
    pub fn inode(&self) -> &Arc<dyn Inode> {
        self.place.inode()
    }

    /// True if it only holds its place.
    pub fn is_path_only(&self) -> bool {
        self.path_only
    }

    /// True if the file was made by this opening.
    pub fn is_made(&self) -> bool {
        self.claims.contains(Claims::MADE)
    }

    /// The device, fifo or generated file behind it.
    pub fn backend(&self) -> Option<&Arc<dyn File>> {
        self.backend.as_ref()
    }

    pub(crate) fn has_backend(&self) -> bool {
        self.backend.is_some()
    }

    /// This open file as an owner of `flock` locks.
    pub fn flock(&self) -> FlockOwner<'_> {
        FlockOwner::new(&self.flock, self.inode())
    }

    fn leases(&self) -> Result<Arc<Leases>> {
        if self.path_only {
            return Err(Error::BadHandle);
        }
        let attachments = self.inode().attachments();
        match attachments {
            Some(attachments) if self.is_bytes() => Ok(attachments.leases()),
            _ => Err(Error::InvalidArgument),
        }
    }

    fn is_bytes(&self) -> bool {
        self.backend.is_none() && self.place.dentry.kind() == FileKind::Regular
    }

    /// The lease that it has, or, while somebody waits for that, what it is to become.
    pub fn lease(&self) -> Result<Option<LeaseKind>> {
        Ok(self.leases()?.of(self.flock().number()))
    }

    /// Takes a lease on the file, or changes the one it has; `holder` is asked when somebody wants it back. It ends
    /// with the open file. [`Error::WouldBlock`] where others have the file open in a way that does not go with it, or
    /// have a lease; [`Error::InvalidArgument`] for what is no file of bytes.
    pub fn take_lease(&self, kind: LeaseKind, holder: Arc<dyn LeaseHolder>) -> Result<()> {
        let leases = self.leases()?;
        let own = |claim| i32::from(self.claims.contains(claim));
        let openings = || {
            let (writers, readers) = self
                .inode()
                .attachments()
                .map_or((0, 0), |held| held.openings());
            OtherOpenings {
                writers,
                other_writers: writers - own(Claims::WRITES),
                other_readers: readers - own(Claims::READS),
            }
        };
        leases.take(self.flock().number(), kind, holder, openings)
    }

    /// Gives its lease back; [`Error::WouldBlock`] if it has none.
    pub fn give_lease_back(&self) -> Result<()> {
        match self.leases()?.give_back(self.flock().number()) {
            true => Ok(()),
            false => Err(Error::WouldBlock),
        }
    }

    fn check(&self, wanted: FileAccess) -> Result<()> {
        if self.access.contains(wanted) {
            Ok(())
        } else {
            Err(Error::BadHandle)
        }
    }

    fn check_bytes(&self) -> Result<()> {
        match self.inode().kind() {
            FileKind::Directory => Err(Error::IsDirectory),
            _ => Ok(()),
        }
    }

    fn read_bytes(&self, offset: u64, into: &mut Sink<'_>) -> Result<usize> {
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
    fn heard(&self, outcome: Result<usize>, event: Events) -> Result<usize> {
        if matches!(outcome, Ok(done) if done > 0) {
            watch::note(&self.place.dentry, event);
        }
        outcome
    }

    /// Reads at the position.
    #[inline(never)]
    fn read_on(&self, into: &mut Sink<'_>) -> Result<usize> {
        let mut position = self.position.lock();
        let done = self.read_bytes(*position, into)?;
        *position += done as u64;
        Ok(done)
    }

    /// Writes at the position, or at the end.
    #[inline(never)]
    fn write_on(&self, from: &mut Source<'_>) -> Result<usize> {
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
    fn write_from_position(&self, from: &mut Source<'_>, appends: bool) -> Result<usize> {
        let mut position = self.position.lock();
        let (end, done) = self.write_bytes(*position, from, appends)?;
        *position = end;
        self.after_write(end, done)?;
        Ok(done)
    }

    /// Writes at an offset, or at the end, whatever the position.
    fn write_from(&self, offset: u64, from: &mut Source<'_>, appends: bool) -> Result<usize> {
        let (end, done) = self.write_bytes(offset, from, appends)?;
        self.after_write(end, done)?;
        Ok(done)
    }

    fn note_access(&self) {
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
    fn drop_set_id(&self) -> Result<()> {
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
        if flags.intersects(StatusFlags::SYNC | StatusFlags::DATA_SYNC) {
            self.sync_bytes(flags.contains(StatusFlags::SYNC))?;
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
    fn stored_pages(&self) -> Option<Arc<PageCache>> {
        self.inode().page_cache().filter(|cache| cache.is_stored())
    }

    /// Brings it to the device, and says also what could not be stored since it last asked.
    fn sync_bytes(&self, metadata: bool) -> Result<()> {
        let outcome = self.inode().sync(metadata);
        let before = match self.stored_pages() {
            Some(cache) => cache.error_since(&self.errors),
            None => Ok(()),
        };
        outcome.and(before)
    }

    fn seek_bytes(&self, to: SeekFrom) -> Result<u64> {
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
        Ok(())
    }

    fn change_space(&self, offset: u64, length: u64, change: SpaceChange) -> Result<()> {
        self.check(FileAccess::WRITE)?;
        if let Some(backend) = &self.backend {
            return backend.change_space(offset, length, change);
        }
        self.check_bytes()?;
        self.drop_set_id()?;
        self.inode().change_space(offset, length, change)?;
        watch::note(&self.place.dentry, Events::MODIFY);
        Ok(())
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
            cache.write_back(pages.start, pages.end - pages.start)?;
            cache.error_since(&self.errors)
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
            _ => self.memory_object(),
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
                    claims: self.claims.again(&self.place)?,
                    place: self.place.clone(),
                    errors: cache.error_mark(),
                    cache,
                })),
                None => Err(Error::NotSupportedByDevice),
            },
        }
    }
}

impl OpenFile {
    /// May its bytes be mapped as a program? Not through a mount that says otherwise.
    pub fn may_map_executable(&self) -> bool {
        !self.place.mount().flags().contains(MountFlags::NO_EXECUTE)
    }
}

impl Drop for OpenFile {
    fn drop(&mut self) {
        if self.path_only {
            return;
        }
        let writes = self.access.contains(FileAccess::WRITE);
        let event = if writes {
            Events::CLOSE_WRITE
        } else {
            Events::CLOSE_NO_WRITE
        };
        watch::note(&self.place.dentry, event);
        self.flock().end();
        self.claims.give_back(&self.place);
    }
}

/// The pages that a range of bytes touches.
fn pages_touched(offset: u64, length: u64) -> Range<u64> {
    let page = PAGE_SIZE as u64;
    offset / page..offset.saturating_add(length).div_ceil(page)
}

/// The pages that lie in a range of bytes wholly, or up to the end of a file of `size` bytes.
fn pages_within(offset: u64, length: u64, size: u64) -> Range<u64> {
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
