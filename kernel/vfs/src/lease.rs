//! Leases: being asked before somebody else opens a file.
//!
//! A program that keeps a file's bytes in a cache of its own (a file server) takes a lease through an open file
//! (fcntl(2), "Leases"). A read lease says that nobody can write, a write lease that nobody else has the file open at
//! all. Who opens the file in a way that does not go with that, or truncates it, *breaks* the lease: its holder is
//! told, and the opener waits until the lease is given back or weakened, or until the time for that is over
//! ([`LEASE_BREAK_TIME`]) and the kernel does so itself.
//!
//! Leases hang on the inode ([`crate::Attachments`]). While there is none in the whole system, opening a file loads
//! one number to find out. Who opens counts itself first and looks for leases afterwards; who takes a lease does it the
//! other way round; so one of the two sees the other.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicUsize, Ordering, fence};
use core::time::Duration;

use base::sync::SpinLock;
use base::time::{self, Instant};
use base::wait::WaitQueue;
use base::{Error, Result, Room, rank};
use hal::Global;

use crate::inode::Inode;

/// What a lease forbids to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseKind {
    /// Writing.
    Read,
    /// Reading and writing.
    Write,
}

/// Who has a lease.
pub trait LeaseHolder: Send + Sync {
    /// Somebody waits for the lease. Called without locks.
    fn asked(&self);
}

/// How long a holder may take to give a lease back, in seconds; 0: as long as it likes. The kernel's setting.
pub static LEASE_BREAK_TIME: Global<AtomicUsize> = Global::new(|| AtomicUsize::new(45));

/// How many leases there are.
static COUNT: Global<AtomicUsize> = Global::new(|| AtomicUsize::new(0));

/// Whether there is any lease.
#[inline]
pub(crate) fn is_any() -> bool {
    COUNT.load(Ordering::Relaxed) != 0
}

/// What an opener waits for, and until when.
#[derive(Clone, Copy)]
struct Ask {
    until: Option<Instant>,
}

impl Ask {
    fn is_over(&self) -> bool {
        self.until.is_some_and(|until| until <= time::now())
    }
}

struct Lease {
    /// The number of the open file that has it.
    owner: u64,
    kind: LeaseKind,
    holder: Arc<dyn LeaseHolder>,
    /// Somebody waits for its end.
    end: Option<Ask>,
    /// Somebody waits until it is a read lease.
    weaken: Option<Ask>,
}

impl Lease {
    fn conflicts(&self, writes: bool) -> bool {
        writes || self.kind == LeaseKind::Write
    }
}

/// All leases of one inode.
pub(crate) struct Leases {
    held: SpinLock<Vec<Lease>>,
    changed: WaitQueue,
}

/// How often a file is open, beside the open file that wants a lease.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OtherOpenings {
    /// For writing, that one included.
    pub(crate) writers: i32,
    /// Others: for writing or running.
    pub(crate) other_writers: i32,
    /// Others: only for reading.
    pub(crate) other_readers: i32,
}

impl OtherOpenings {
    fn allow(&self, kind: LeaseKind) -> bool {
        match kind {
            LeaseKind::Read => self.writers <= 0,
            LeaseKind::Write => self.other_writers == 0 && self.other_readers == 0,
        }
    }
}

impl Leases {
    pub(crate) fn new() -> Self {
        Self {
            held: SpinLock::new(rank::FILE, Vec::new()),
            changed: WaitQueue::new(),
        }
    }

    /// What `owner` has, or, while somebody waits for it, what it is to become.
    pub(crate) fn of(&self, owner: u64) -> Option<LeaseKind> {
        self.give_back_late();
        let held = self.held.lock();
        let lease = held.iter().find(|lease| lease.owner == owner)?;
        match (lease.end, lease.weaken) {
            (Some(_), _) => None,
            (None, Some(_)) => Some(LeaseKind::Read),
            (None, None) => Some(lease.kind),
        }
    }

    /// Gives `owner` a lease, or changes the one it has. [`Error::WouldBlock`] where openings, which `openings` counts,
    /// or other leases do not go with it.
    pub(crate) fn take(
        &self,
        owner: u64,
        kind: LeaseKind,
        holder: Arc<dyn LeaseHolder>,
        openings: impl Fn() -> OtherOpenings,
    ) -> Result<()> {
        if !openings().allow(kind) {
            return Err(Error::WouldBlock);
        }
        self.give_back_late();
        let before = {
            let mut held = self.held.lock();
            let refused = held.iter().any(|lease| {
                lease.owner != owner && (kind == LeaseKind::Write || lease.end.is_some())
            });
            if refused {
                return Err(Error::WouldBlock);
            }
            if let Some(own) = held.iter_mut().find(|lease| lease.owner == owner) {
                let before = (own.kind, own.weaken);
                own.kind = kind;
                if kind == LeaseKind::Read {
                    own.weaken = None;
                }
                Some(before)
            } else {
                held.make_room(1)?;
                held.push(Lease {
                    owner,
                    kind,
                    holder,
                    end: None,
                    weaken: None,
                });
                COUNT.fetch_add(1, Ordering::SeqCst);
                None
            }
        };
        // Who opened it meanwhile has counted itself before it looked for leases.
        fence(Ordering::SeqCst);
        let outcome = match openings().allow(kind) {
            true => Ok(()),
            false => Err(Error::WouldBlock),
        };
        match before {
            None if outcome.is_err() => drop(self.give_back(owner)),
            None => {}
            Some(before) => {
                if outcome.is_err() {
                    self.set_back(owner, before);
                }
                self.changed.wake_all();
            }
        }
        outcome
    }

    /// A lease that was changed is again what it was.
    fn set_back(&self, owner: u64, (kind, weaken): (LeaseKind, Option<Ask>)) {
        let mut held = self.held.lock();
        if let Some(own) = held.iter_mut().find(|lease| lease.owner == owner) {
            (own.kind, own.weaken) = (kind, weaken);
        }
    }

    /// Ends the lease of `owner`; whether it had one.
    pub(crate) fn give_back(&self, owner: u64) -> bool {
        let removed = {
            let mut held = self.held.lock();
            let place = held.iter().position(|lease| lease.owner == owner);
            place.map(|place| held.swap_remove(place))
        };
        let had = removed.is_some();
        if had {
            COUNT.fetch_sub(1, Ordering::SeqCst);
            self.changed.wake_all();
        }
        had
    }

    /// Ends and weakens those whose time is over.
    fn give_back_late(&self) {
        let mut ended = Vec::new();
        {
            let mut held = self.held.lock();
            for lease in held.iter_mut() {
                if lease.weaken.is_some_and(|ask| ask.is_over()) {
                    lease.kind = LeaseKind::Read;
                    lease.weaken = None;
                }
            }
            while let Some(late) = held
                .iter()
                .position(|lease| lease.end.is_some_and(|ask| ask.is_over()))
            {
                ended.push(held.swap_remove(late));
            }
        }
        COUNT.fetch_sub(ended.len(), Ordering::SeqCst);
        self.changed.wake_all();
    }

    /// Waits until nothing is in the way of an opening. With `nonblocking` it only asks: [`Error::WouldBlock`].
    fn make_way(&self, writes: bool, nonblocking: bool) -> Result<()> {
        self.give_back_late();
        let seconds = LEASE_BREAK_TIME.load(Ordering::Relaxed) as u64;
        let until = (seconds > 0).then(|| time::now() + Duration::from_secs(seconds));
        let mut asked: Vec<Arc<dyn LeaseHolder>> = Vec::new();
        {
            let mut held = self.held.lock();
            asked.make_room(held.len())?;
            for lease in held.iter_mut().filter(|lease| lease.conflicts(writes)) {
                if writes && lease.end.is_none() {
                    lease.end = Some(Ask { until });
                } else if !writes && lease.end.is_none() && lease.weaken.is_none() {
                    lease.weaken = Some(Ask { until });
                } else {
                    continue;
                }
                asked.push(lease.holder.clone());
            }
        }
        for holder in asked {
            holder.asked();
        }
        loop {
            let free = || {
                let held = self.held.lock();
                let clear = !held.iter().any(|lease| lease.conflicts(writes));
                clear.then_some(())
            };
            if free().is_some() {
                return Ok(());
            }
            if nonblocking {
                return Err(Error::WouldBlock);
            }
            match self.changed.wait_interruptible(self.next_end(), free) {
                Ok(()) => return Ok(()),
                Err(Error::TimedOut) => self.give_back_late(),
                Err(error) => return Err(error),
            }
        }
    }

    /// When the first time that was given is over.
    fn next_end(&self) -> Option<Instant> {
        let held = self.held.lock();
        let asks = held
            .iter()
            .flat_map(|lease| [lease.end, lease.weaken])
            .flatten();
        asks.filter_map(|ask| ask.until).min()
    }
}

impl Drop for Leases {
    fn drop(&mut self) {
        COUNT.fetch_sub(self.held.lock().len(), Ordering::SeqCst);
    }
}

/// Waits until no lease is in the way of opening an inode, or of truncating it (`writes`).
/// With `nonblocking`, [`Error::WouldBlock`] once the holders have been asked.
#[inline]
pub(crate) fn make_way(inode: &Arc<dyn Inode>, writes: bool, nonblocking: bool) -> Result<()> {
    // After the opening was counted.
    fence(Ordering::SeqCst);
    if !is_any() {
        return Ok(());
    }
    make_way_at(inode, writes, nonblocking)
}

#[inline(never)]
fn make_way_at(inode: &Arc<dyn Inode>, writes: bool, nonblocking: bool) -> Result<()> {
    match inode.attachments().and_then(|held| held.leases_if_any()) {
        Some(leases) => leases.make_way(writes, nonblocking),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::sync::atomic::AtomicUsize;

    #[derive(Default)]
    struct Holder(AtomicUsize);

    impl LeaseHolder for Holder {
        fn asked(&self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn alone() -> OtherOpenings {
        OtherOpenings {
            writers: 0,
            other_writers: 0,
            other_readers: 0,
        }
    }

    #[test]
    fn openings_decide() {
        let leases = Leases::new();
        let holder = Arc::new(Holder::default());
        let written = || OtherOpenings {
            writers: 1,
            ..alone()
        };
        let take = |kind, openings: &dyn Fn() -> OtherOpenings| {
            leases.take(1, kind, holder.clone(), openings)
        };
        assert_eq!(take(LeaseKind::Read, &written), Err(Error::WouldBlock));
        assert_eq!(take(LeaseKind::Write, &written), Ok(()));
        assert_eq!(leases.of(1), Some(LeaseKind::Write));
        assert_eq!(leases.of(2), None);
        let read_elsewhere = || OtherOpenings {
            other_readers: 1,
            ..alone()
        };
        assert_eq!(
            take(LeaseKind::Write, &read_elsewhere),
            Err(Error::WouldBlock)
        );
        assert!(leases.give_back(1));
        assert!(!leases.give_back(1));
    }

    #[test]
    fn who_opened_it_while_a_lease_was_strengthened_is_seen() {
        let leases = Leases::new();
        let holder = Arc::new(Holder::default());
        let taken = leases.take(1, LeaseKind::Read, holder.clone(), alone);
        assert_eq!(taken, Ok(()));
        // A reader has come between the two looks: a read lease did not stop it.
        let looks = AtomicUsize::new(0);
        let opened_meanwhile = || OtherOpenings {
            other_readers: looks.fetch_add(1, Ordering::Relaxed) as i32,
            ..alone()
        };
        let strengthened = leases.take(1, LeaseKind::Write, holder.clone(), opened_meanwhile);
        assert_eq!(strengthened, Err(Error::WouldBlock));
        assert_eq!(leases.of(1), Some(LeaseKind::Read));
        assert_eq!(leases.make_way(false, true), Ok(()));
    }

    #[test]
    fn who_does_not_wait_still_asks_once() {
        let leases = Leases::new();
        let holder = Arc::new(Holder::default());
        let take = |owner, kind| leases.take(owner, kind, holder.clone(), alone);
        take(1, LeaseKind::Write).expect("nobody else");
        assert_eq!(leases.make_way(false, true), Err(Error::WouldBlock));
        assert_eq!(leases.make_way(false, true), Err(Error::WouldBlock));
        assert_eq!(holder.0.load(Ordering::Relaxed), 1);
        assert_eq!(leases.of(1), Some(LeaseKind::Read));
        assert_eq!(leases.make_way(true, true), Err(Error::WouldBlock));
        assert_eq!(leases.of(1), None);
        // Weakened: that is enough for a reader, not for a writer.
        take(1, LeaseKind::Read).expect("its own");
        assert_eq!(leases.make_way(false, true), Ok(()));
        assert_eq!(leases.make_way(true, true), Err(Error::WouldBlock));
        assert_eq!(take(2, LeaseKind::Read), Err(Error::WouldBlock));
        assert!(leases.give_back(1));
        assert_eq!(leases.make_way(true, true), Ok(()));
    }
}
