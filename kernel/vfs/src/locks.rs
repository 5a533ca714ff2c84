//! File locks: `flock` for whole files, record locks for ranges.
//!
//! Both are advice between programs and hang on the inode ([`crate::Attachments`]). A `flock` lock
//! belongs to the open file: it ends when the last handle to that goes. A record lock belongs to a
//! process (named by a number that the ABI gives) or, as an "OFD lock", to the open file too; ranges
//! are split and merged by the pure functions of [`crate::ranges`].

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::slice::Iter;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use base::rank;
use base::sync::SpinLock;
use base::wait::WaitQueue;
use base::{Error, Result, Room};
use hal::Global;

use crate::inode::Inode;
use crate::ranges::{self, Range, RangeLock};

/// How a lock excludes others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockKind {
    /// Any number of these at a time.
    Shared,
    /// Only one, and no shared one.
    Exclusive,
}

/// All locks of one inode.
pub struct FileLocks {
    /// The device and the number of the file.
    pub(crate) file: (u64, u64),
    held: SpinLock<Held>,
    changed: WaitQueue,
}

struct Held {
    whole: Vec<WholeLock>,
    ranges: Vec<RangeLock>,
}

/// A lock of `flock`.
#[derive(Clone, Copy)]
pub(crate) struct WholeLock {
    owner: u64,
    pub(crate) process: i64,
    pub(crate) kind: LockKind,
}

impl FileLocks {
    /// None yet, of the file with this device and number.
    pub(crate) fn new(file: (u64, u64)) -> Self {
        Self {
            file,
            held: SpinLock::new(
                rank::FILE,
                Held {
                    whole: Vec::new(),
                    ranges: Vec::new(),
                },
            ),
            changed: WaitQueue::new(),
        }
    }

    /// Whether the lock could be had; [`Error::NoLocks`] if there is no room to note it.
    fn try_whole(&self, lock: WholeLock) -> Result<bool> {
        let mut held = self.held.lock();
        let conflict = held.whole.iter().any(|present| {
            present.owner != lock.owner
                && (lock.kind == LockKind::Exclusive || present.kind == LockKind::Exclusive)
        });
        if conflict {
            return Ok(false);
        }
        held.whole.make_room(1).map_err(|_| Error::NoLocks)?;
        held.whole.retain(|present| present.owner != lock.owner);
        held.whole.push(lock);
        Ok(true)
    }

    fn release_whole(&self, owner: u64) {
        self.held.lock().whole.retain(|lock| lock.owner != owner);
        self.changed.wake_all();
    }

    /// The first lock that keeps `owner` from locking `range`, for `F_GETLK`.
    pub fn conflict(&self, owner: u64, range: Range, kind: LockKind) -> Option<RangeLock> {
        ranges::conflict(&self.held.lock().ranges, owner, range, kind)
    }

    /// Locks a range; what the owner had there is replaced. Waits if `wait`, else
    /// [`Error::WouldBlock`]; [`Error::NoLocks`] if there is no room to note it; [`Error::Deadlock`] where processes
    /// would wait for each other.
    pub fn lock_range(&self, lock: RangeLock, wait: bool) -> Result<()> {
        let waiting = Waiting::new(self, &lock);
        let attempt = || {
            let mut held = self.held.lock();
            match ranges::conflict(&held.ranges, lock.owner, lock.range, lock.kind) {
                // Noted under the lock: who releases it finds all who wait for it.
                Some(other) if wait => waiting.for_lock(&other).err().map(Err),
                Some(_) => Some(Err(Error::WouldBlock)),
                None => {
                    let set = ranges::set(&mut held.ranges, lock);
                    self.forget_waits();
                    Some(set)
                }
            }
        };
        self.changed.wait_interruptible(None, attempt)??;
        // A lock that was weakened may let others in.
        self.changed.wake_all();
        Ok(())
    }

    /// Gives back what `owner` holds of `range`. A hole in a lock makes two of one, for which there
    /// may be no room: [`Error::NoLocks`].
    pub fn unlock_range(&self, owner: u64, range: Range) -> Result<()> {
        let cleared = {
            let mut held = self.held.lock();
            let cleared = ranges::clear(&mut held.ranges, owner, range);
            self.forget_waits();
            cleared
        };
        self.changed.wake_all();
        cleared
    }

    /// Gives back all that `owner` holds.
    pub fn unlock_all(&self, owner: u64) {
        let mut held = self.held.lock();
        held.ranges.retain(|lock| lock.owner != owner);
        self.forget_waits();
        drop(held);
        self.changed.wake_all();
    }

    /// What is locked has changed: until they have looked again, nobody knows for whom those wait who wait here.
    /// Called with the lock on what is held.
    fn forget_waits(&self) {
        if WAITING.load(Ordering::Relaxed) != 0 {
            let own = self.address();
            change_waits(|waits| waits.retain(|wait| wait.locks != own));
        }
    }

    fn address(&self) -> usize {
        core::ptr::from_ref(self).addr()
    }

    /// Shows how many locks are held, those of whole files, and those of ranges.
    pub(crate) fn show<T>(
        &self,
        show: impl FnOnce(usize, Iter<'_, WholeLock>, Iter<'_, RangeLock>) -> T,
    ) -> T {
        let held = self.held.lock();
        let count = held.whole.len() + held.ranges.len();
        show(count, held.whole.iter(), held.ranges.iter())
    }
}

/// A process that waits for the owner of a record lock.
struct Wait {
    /// The locks of which file.
    locks: usize,
    process: u64,
    other: u64,
}

/// Which process waits for which, because of record locks.
static WAITS: Global<SpinLock<Vec<Wait>>> = Global::new(|| SpinLock::new(rank::LEAF, Vec::new()));

/// How many there are.
static WAITING: Global<AtomicUsize> = Global::new(|| AtomicUsize::new(0));

fn change_waits<T>(change: impl FnOnce(&mut Vec<Wait>) -> T) -> T {
    let mut waits = WAITS.lock();
    let outcome = change(&mut waits);
    WAITING.store(waits.len(), Ordering::Relaxed);
    outcome
}

/// How long a circle may be to be found (as on Linux).
const LONGEST_CIRCLE: usize = 10;

/// A process that waits for a record lock. Open files wait as often as they like: who has them is not known.
struct Waiting {
    locks: usize,
    process: Option<u64>,
}

impl Waiting {
    fn new(locks: &FileLocks, lock: &RangeLock) -> Self {
        Self {
            locks: locks.address(),
            process: (lock.process >= 0).then_some(lock.owner),
        }
    }

    /// It waits for this one now; [`Error::Deadlock`] if that one waits for it.
    fn for_lock(&self, other: &RangeLock) -> Result<()> {
        let Some(process) = self.process else {
            return Ok(());
        };
        change_waits(|waits| self.enter(waits, process, other.owner))
    }

    fn enter(&self, waits: &mut Vec<Wait>, process: u64, other: u64) -> Result<()> {
        let mut next = Some(other);
        for _ in 0..LONGEST_CIRCLE {
            let Some(owner) = next else {
                break;
            };
            if owner == process {
                return Err(Error::Deadlock);
            }
            next = waits
                .iter()
                .find(|wait| wait.process == owner)
                .map(|wait| wait.other);
        }
        waits.retain(|wait| wait.process != process);
        waits.make_room(1).map_err(|_| Error::NoLocks)?;
        waits.push(Wait {
            locks: self.locks,
            process,
            other,
        });
        Ok(())
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(process) = self.process
            && WAITING.load(Ordering::Relaxed) != 0
        {
            change_waits(|waits| waits.retain(|wait| wait.process != process));
        }
    }
}

static NEXT_OWNER: Global<AtomicU64> = Global::new(|| AtomicU64::new(1 << 32));

/// An open file as the owner of locks.
pub struct FlockOwner<'a> {
    number: &'a AtomicU64,
    inode: &'a Arc<dyn Inode>,
}

impl<'a> FlockOwner<'a> {
    /// The owner whose number is kept in `number`, 0 until it has one.
    pub(crate) fn new(number: &'a AtomicU64, inode: &'a Arc<dyn Inode>) -> Self {
        Self { number, inode }
    }

    /// The owner's number: never that of a process. Given at first use.
    pub fn number(&self) -> u64 {
        let present = self.number.load(Ordering::Relaxed);
        if present != 0 {
            return present;
        }
        let new = NEXT_OWNER.fetch_add(1, Ordering::Relaxed);
        match self
            .number
            .compare_exchange(0, new, Ordering::Relaxed, Ordering::Relaxed)
        {
            Ok(_) => new,
            Err(other) => other,
        }
    }

    /// The locks of the file's inode.
    pub fn locks(&self) -> Result<Arc<FileLocks>> {
        let attachments = self.inode.attachments().ok_or(Error::Unsupported)?;
        if let Some(present) = attachments.locks_if_any() {
            return Ok(present);
        }
        let status = self.inode.status()?;
        attachments.locks((status.device, status.inode))
    }

    /// flock(2): locks the whole file, in place of what this open file had. `process` is shown to those who ask who did it.
    pub fn lock(&self, process: i64, kind: LockKind, wait: bool) -> Result<()> {
        let locks = self.locks()?;
        let number = self.number();
        let lock = WholeLock {
            owner: number,
            process,
            kind,
        };
        if locks.try_whole(lock)? {
            locks.changed.wake_all();
            return Ok(());
        }
        // Changing a lock is giving it back first: two that upgrade would wait for each other.
        locks.release_whole(number);
        if !wait {
            return Err(Error::WouldBlock);
        }
        let attempt = || match locks.try_whole(lock) {
            Ok(false) => None,
            Ok(true) => Some(Ok(())),
            Err(error) => Some(Err(error)),
        };
        locks.changed.wait_interruptible(None, attempt)?
    }

    /// flock(2) with `LOCK_UN`.
    pub fn unlock(&self) -> Result<()> {
        self.locks()?.release_whole(self.number());
        Ok(())
    }

    /// Gives all its locks and leases back: the open file goes.
    #[inline]
    pub(crate) fn end(&self) {
        if self.number.load(Ordering::Relaxed) != 0 {
            self.release();
        }
    }

    #[inline(never)]
    fn release(&self) {
        let attachments = self.inode.attachments();
        if let Some(locks) = attachments.and_then(|held| held.locks_if_any()) {
            let number = self.number();
            locks.release_whole(number);
            locks.unlock_all(number);
        }
        if let Some(leases) = attachments.and_then(|held| held.leases_if_any()) {
            leases.give_back(self.number());
        }
    }
}
