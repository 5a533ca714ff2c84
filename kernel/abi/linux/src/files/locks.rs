//! File locks: flock, and the record locks of fcntl.
//!
//! The locks are the vfs's; this file knows the records. A record lock belongs to the process, an
//! "open file description" lock to the open file. A process's locks on a file end when it closes *any*
//! descriptor of that file, which is as odd as it sounds (fcntl(2), "Advisory record locking").

use alloc::sync::Arc;
use base::{Error, Result};
use mem::user::UserPtr;
use object::{File, FileAccess, Handle, Rights, SeekFrom};
use vfs::ranges::{Range, RangeLock};
use vfs::{LockKind, OpenFile};

use super::paths::open_file;
use crate::arguments::Fd;
use crate::call::Call;
use crate::layout::FileLock;

/// Whether to wait for a lock that somebody else has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    Yes,
    No,
}

/// flock(2).
pub(crate) fn flock(call: &mut Call<'_>, file: Fd, operation: u32) -> Result<usize> {
    const SHARED: u32 = 1;
    const EXCLUSIVE: u32 = 2;
    const NONBLOCK: u32 = 4;
    const UNLOCK: u32 = 8;
    let file = call.file(file, Rights::empty())?;
    let opened = open_file(&file).ok_or(Error::InvalidArgument)?;
    if opened.is_path_only() {
        return Err(Error::BadHandle);
    }
    let process = call.process().lock_owner() as i64;
    let wait = operation & NONBLOCK == 0;
    match operation & !NONBLOCK {
        SHARED => opened.flock().lock(process, LockKind::Shared, wait)?,
        EXCLUSIVE => opened.flock().lock(process, LockKind::Exclusive, wait)?,
        UNLOCK => opened.flock().unlock()?,
        _ => return Err(Error::InvalidArgument),
    }
    Ok(0)
}

const F_RDLCK: i16 = 0;
const F_WRLCK: i16 = 1;
const F_UNLCK: i16 = 2;

/// The range that a record means.
fn range(file: &Arc<dyn File>, record: &FileLock) -> Result<Range> {
    let base = match record.whence {
        0 => 0,
        1 => file.seek(SeekFrom::Current(0))? as i64,
        2 => file.status()?.size as i64,
        _ => return Err(Error::InvalidArgument),
    };
    let start = base.checked_add(record.start).ok_or(Error::Overflow)?;
    // A negative length counts backwards from the start.
    let (start, end) = match record.length {
        0 => (start, None),
        length if length > 0 => {
            let last = start.checked_add(length - 1).ok_or(Error::Overflow)?;
            // No byte can lie behind the largest offset: that is the end, wherever it may be.
            (start, (last < i64::MAX).then(|| last as u64 + 1))
        }
        length => {
            let first = start.checked_add(length).ok_or(Error::InvalidArgument)?;
            (
                first,
                Some(u64::try_from(start).map_err(|_| Error::InvalidArgument)?),
            )
        }
    };
    let start = u64::try_from(start).map_err(|_| Error::InvalidArgument)?;
    Ok(Range {
        start,
        end: end.unwrap_or(u64::MAX),
    })
}

fn kind(record: &FileLock) -> Result<Option<LockKind>> {
    match record.kind {
        F_RDLCK => Ok(Some(LockKind::Shared)),
        F_WRLCK => Ok(Some(LockKind::Exclusive)),
        F_UNLCK => Ok(None),
        _ => Err(Error::InvalidArgument),
    }
}

/// Who owns a record lock: the process, or, for an open file's locks, that. A process goes by its outermost number, since
/// processes of several namespaces may have the file open.
fn owner(call: &Call<'_>, file: &OpenFile, owned_by_file: bool) -> (u64, i64) {
    if owned_by_file {
        (file.flock().number(), -1)
    } else {
        let owner = call.process().lock_owner();
        (owner, owner as i64)
    }
}

fn read(pointer: UserPtr<FileLock>, owned_by_file: bool) -> Result<FileLock> {
    let record = pointer.read()?;
    if owned_by_file && record.pid != 0 {
        Err(Error::InvalidArgument)
    } else {
        Ok(record)
    }
}

/// `F_GETLK`: who is in the way.
pub(super) fn query(
    call: &Call<'_>,
    file: &Arc<dyn File>,
    pointer: UserPtr<FileLock>,
    owned_by_file: bool,
) -> Result<usize> {
    let mut record = read(pointer, owned_by_file)?;
    let opened = open_file(file).ok_or(Error::BadHandle)?;
    let kind = kind(&record)?.ok_or(Error::InvalidArgument)?;
    let (owner, _) = owner(call, opened, owned_by_file);
    match opened
        .flock()
        .locks()?
        .conflict(owner, range(file, &record)?, kind)
    {
        None => record.kind = F_UNLCK,
        Some(lock) => {
            record = FileLock {
                kind: if lock.kind == LockKind::Shared {
                    F_RDLCK
                } else {
                    F_WRLCK
                },
                whence: 0,
                start: lock.range.start as i64,
                length: if lock.range.end == u64::MAX {
                    0
                } else {
                    (lock.range.end - lock.range.start) as i64
                },
                pid: match u32::try_from(lock.process) {
                    Ok(number) => call.process().number_of_lock_owner(number) as i32,
                    Err(_) => -1,
                },
                ..FileLock::default()
            };
        }
    }
    pointer.write(&record)?;
    Ok(0)
}

/// `F_SETLK` and `F_SETLKW`.
pub(super) fn set(
    call: &Call<'_>,
    descriptor: Fd,
    file: &Arc<dyn File>,
    pointer: UserPtr<FileLock>,
    wait: Wait,
    owned_by_file: bool,
) -> Result<usize> {
    let record = read(pointer, owned_by_file)?;
    let opened = open_file(file).ok_or(Error::BadHandle)?;
    let range = range(file, &record)?;
    let (owner, process) = owner(call, opened, owned_by_file);
    let locks = opened.flock().locks()?;
    match kind(&record)? {
        None => locks.unlock_range(owner, range)?,
        Some(kind) => {
            let needed = match kind {
                LockKind::Shared => FileAccess::READ,
                LockKind::Exclusive => FileAccess::WRITE,
            };
            if !file.access().contains(needed) {
                return Err(Error::BadHandle);
            }
            locks.lock_range(
                RangeLock {
                    owner,
                    process,
                    range,
                    kind,
                },
                wait == Wait::Yes,
            )?;
            // Whoever closed the descriptor meanwhile has released what the process had by then.
            let present = call.file(descriptor, Rights::empty());
            if !owned_by_file && !present.is_ok_and(|present| Arc::ptr_eq(&present, file)) {
                locks.unlock_range(owner, range)?;
                return Err(Error::BadHandle);
            }
        }
    }
    Ok(0)
}

/// A descriptor of this file was closed: the process's record locks on it are gone, and what it wanted to hear of it.
pub(super) fn closed(call: &Call<'_>, handle: &Handle) {
    super::notify::closed(call, handle);
    call.process().release_locks_of(handle);
}
