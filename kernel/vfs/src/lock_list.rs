//! Every lock that is held on a file, for who asks about all of them (`/proc/locks`).
//!
//! The locks hang on their inodes ([`crate::locks`]); this list only remembers which inodes ever had any. What is gone is
//! taken out when the list would have to grow, so it is never more than twice as long as it has to be.

use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;

use base::rank;
use base::sync::SpinLock;
use base::{Error, Result, Room};
use hal::Global;

use crate::locks::{FileLocks, LockKind};
use crate::ranges::Range;

/// What kind of call made a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockClass {
    /// `flock`: the whole file, for an open file.
    Whole,
    /// `fcntl`: a range, for a process.
    Process,
    /// `fcntl`: a range, for an open file.
    OpenFile,
}

/// A lock on a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldLock {
    /// What kind of call made it.
    pub class: LockClass,
    /// How it excludes others.
    pub kind: LockKind,
    /// The process that made it, which may be gone; -1 for ranges that belong to an open file.
    pub process: i64,
    /// The device of the file.
    pub device: u64,
    /// The number of the file on that.
    pub inode: u64,
    /// What is locked.
    pub range: Range,
}

static FILES: Global<SpinLock<Vec<Weak<FileLocks>>>> =
    Global::new(|| SpinLock::new(rank::LEAF, Vec::new()));

/// Remembers the locks of a file; [`Error::NoLocks`] if there is no room for that.
pub(crate) fn enter(locks: &Arc<FileLocks>) -> Result<()> {
    let mut files = FILES.lock();
    if files.len() == files.capacity() {
        files.retain(|file| file.strong_count() != 0);
        let present = files.len();
        files.make_room(present + 1).map_err(|_| Error::NoLocks)?;
    }
    files.push(Arc::downgrade(locks));
    Ok(())
}

/// Every lock, those of one file together; [`Error::OutOfMemory`] if there is no room for the list.
pub fn held_locks() -> Result<Vec<HeldLock>> {
    let mut present: Vec<Arc<FileLocks>> = Vec::new();
    {
        let files = FILES.lock();
        present.make_room(files.len())?;
        // None of them may end under the list's lock.
        present.extend(files.iter().filter_map(Weak::upgrade));
    }
    let mut all = Vec::new();
    for locks in present {
        let (device, inode) = locks.file;
        let held = |class, kind, process, range| HeldLock {
            class,
            kind,
            process,
            device,
            inode,
            range,
        };
        locks.show(|count, whole, ranges| -> Result<()> {
            all.make_room(count)?;
            all.extend(
                whole.map(|lock| held(LockClass::Whole, lock.kind, lock.process, Range::ALL)),
            );
            all.extend(ranges.map(|lock| {
                let class = match lock.process {
                    ..0 => LockClass::OpenFile,
                    _ => LockClass::Process,
                };
                held(class, lock.kind, lock.process, lock.range)
            }));
            Ok(())
        })?;
    }
    Ok(all)
}
