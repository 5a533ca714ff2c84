//! epoll: a set of files that are watched all the time (epoll(7)).
//!
//! Each watched file has an entry with a waiter of its own, which stays on the file's wait
//! queues. When the file changes, the waiter's hook puts the entry onto the ready list and wakes
//! whoever waits for the set; a wait then looks only at the entries on the list, however many
//! files are watched. A level-triggered entry goes back onto the list as long as its file is
//! ready, an edge-triggered one waits for the next change.
//!
//! The hook runs under a wait queue's lock, possibly in an interrupt: it allocates nothing (room
//! in the list is reserved when an entry is added) and takes only this file's leaf locks. An entry
//! does not keep its file open: when the last handle to the file is closed, the entry is gone.
//!
//! Sets may watch sets, but never in a circle, and not deeper than [`DEEPEST`]: a change is passed on
//! from set to set on one stack.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use base::sync::{Mutex, Rank, SpinLock};
use base::time::Instant;
use base::wait::Waiter;
use base::{Error, Result, Room, rank, room};
use core::any::Any;
use core::sync::atomic::{AtomicBool, Ordering};
use hal::Global;
use object::{File, FileStatus, PollRegistration, Ready};

use super::readiness::{found, interest};
use crate::arguments::flags_argument;
use crate::layout::*;

flags_argument! {
    /// `EPOLL_CLOEXEC`.
    pub struct CreateFlags: u32 {
        /// Closed by exec.
        const CLOSE_ON_EXEC = 0o2000000;
    }
}

/// Between a wait queue, under whose lock hooks run, and the scheduler, which a hook calls.
const READY_LIST: Rank = Rank(rank::WAIT_QUEUE.0 + 4);

/// How long a chain of sets may be that watch each other (`EP_MAX_NESTS` and the first).
const DEEPEST: usize = 5;

/// Held while a set begins to watch a set, so that two such beginnings cannot close a circle.
static NESTING: Global<Mutex<()>> = Global::new(|| Mutex::new(Rank(rank::FILE.0 - 1), ()));

/// An epoll set.
pub struct Epoll {
    this: Weak<Epoll>,
    shared: Arc<Shared>,
    /// The sets that watch this one.
    above: SpinLock<Vec<Weak<Epoll>>>,
    /// By descriptor and identity of the file: a number that was closed and used again is another
    /// entry.
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    by_key: BTreeMap<Key, Arc<Entry>>,
    /// At this number of entries those whose files are gone are looked for.
    sweep_at: usize,
}

type Key = (i32, usize);

/// What hooks reach.
struct Shared {
    ready: SpinLock<ReadyList>,
}

#[derive(Default)]
struct ReadyList {
    entries: VecDeque<Arc<Entry>>,
    sleepers: Vec<Weak<Waiter>>,
}

/// One watched file.
struct Entry {
    file: Weak<dyn File>,
    set: Weak<Shared>,
    /// It is on the ready list.
    queued: AtomicBool,
    /// It was taken out of the set: whoever still holds it must not put it onto the list again.
    removed: AtomicBool,
    wanted: SpinLock<EpollEvent>,
    /// Its places on the file's wait queues.
    registration: Mutex<Option<PollRegistration>>,
}

impl Entry {
    /// Puts it onto the ready list, if it is not there, and wakes the sleepers.
    fn signal(self: &Arc<Self>) {
        let Some(set) = self.set.upgrade() else {
            return;
        };
        if !self.queued.swap(true, Ordering::SeqCst) {
            let mut ready = set.ready.lock();
            if self.removed.load(Ordering::SeqCst) {
                return;
            }
            if ready.entries.len() < ready.entries.capacity() {
                ready.entries.push_back(self.clone());
            } else {
                self.queued.store(false, Ordering::Release);
            }
        }
        set.wake();
    }

    /// What it would report now.
    fn look(&self, registration: Option<&mut PollRegistration>) -> u32 {
        let events = self.wanted.lock().events;
        let Some(file) = self.file.upgrade() else {
            return 0;
        };
        found(file.poll(interest(events), registration), events)
    }

    /// Starts watching (again), with the events wanted now.
    fn arm(self: &Arc<Self>) {
        let weak = Arc::downgrade(self);
        let waiter = Waiter::with_hook(Arc::new(move || {
            if let Some(entry) = weak.upgrade() {
                entry.signal();
            }
        }));
        let mut registration = PollRegistration::new(waiter);
        let bits = self.look(Some(&mut registration));
        let replaced = self.registration.lock().replace(registration);
        drop(replaced);
        if bits != 0 {
            self.signal();
        }
    }
}

impl Entries {
    /// Lets those go whose files are gone, whenever there are twice as many as the last time.
    fn sweep(&mut self) {
        if self.by_key.len() >= self.sweep_at {
            self.by_key.retain(|_, entry| entry.file.strong_count() > 0);
            self.sweep_at = (self.by_key.len() * 2).max(64);
        }
    }
}

impl Shared {
    /// Wakes all who wait for the set. One at a time without the lock: a sleeper may be the hook
    /// of another set that watches this one.
    fn wake(&self) {
        // From the last to the first: when others take the dead out meanwhile, the rest moves to the
        // front, and nobody is passed over.
        let mut index = self.ready.lock().sleepers.len();
        while index > 0 {
            index -= 1;
            let sleeper = self.ready.lock().sleepers.get(index).cloned();
            if let Some(waiter) = sleeper.and_then(|sleeper| sleeper.upgrade()) {
                waiter.notify();
            }
        }
    }

    fn add_sleeper(&self, waiter: &Arc<Waiter>) {
        let mut ready = self.ready.lock();
        ready.sleepers.retain(|sleeper| sleeper.strong_count() > 0);
        ready.sleepers.push(Arc::downgrade(waiter));
    }
}

impl Epoll {
    /// An empty set.
    pub fn new() -> Arc<Epoll> {
        let ready = SpinLock::new(READY_LIST, ReadyList::default());
        Arc::new_cyclic(|this| Epoll {
            this: this.clone(),
            above: SpinLock::new(rank::LEAF, Vec::new()),
            shared: Arc::new(Shared { ready }),
            entries: Mutex::new(rank::FILE, Entries::default()),
        })
    }

    fn key(descriptor: i32, file: &Arc<dyn File>) -> Key {
        (descriptor, Arc::as_ptr(file).cast::<()>() as usize)
    }

    /// How many sets there are in the longest chain of those that watch this one, itself included.
    fn height(&self, most: usize) -> usize {
        if most == 0 {
            return 1;
        }
        let above = self.above.lock().clone();
        let above = above.iter().filter_map(Weak::upgrade);
        1 + above.map(|set| set.height(most - 1)).max().unwrap_or(0)
    }

    /// The same of those that it watches; `SymlinkLoop` if `target` is among them.
    fn depth(&self, target: &Epoll, most: usize) -> Result<usize> {
        if core::ptr::eq(self, target) || most == 0 {
            return Err(Error::SymlinkLoop);
        }
        let files: Vec<_> = {
            let entries = self.entries.lock();
            let files = entries.by_key.values().map(|entry| entry.file.upgrade());
            files.flatten().collect()
        };
        let mut deepest = 0;
        for file in files {
            if let Some(set) = file.downcast::<Epoll>() {
                deepest = deepest.max(set.depth(target, most - 1)?);
            }
        }
        Ok(deepest + 1)
    }

    /// Watches a file. Another set only if that makes no circle and no chain that is too long.
    pub fn add(&self, descriptor: i32, file: &Arc<dyn File>, event: EpollEvent) -> Result<()> {
        let Some(inner) = file.downcast::<Epoll>() else {
            return self.enter(descriptor, file, event);
        };
        let _alone = NESTING.lock();
        if inner.depth(self, DEEPEST)? + self.height(DEEPEST) > DEEPEST {
            return Err(Error::SymlinkLoop);
        }
        self.enter(descriptor, file, event)?;
        let mut above = inner.above.lock();
        above.retain(|set| set.strong_count() > 0);
        above.push(self.this.clone());
        Ok(())
    }

    fn enter(&self, descriptor: i32, file: &Arc<dyn File>, event: EpollEvent) -> Result<()> {
        let mut entries = self.entries.lock();
        let key = Self::key(descriptor, file);
        // One that is there for a file that is gone and had the same number and place is no obstacle.
        if let Some(present) = entries.by_key.get(&key)
            && present.file.strong_count() > 0
        {
            return Err(Error::Exists);
        }
        room::for_one_more()?;
        entries.sweep();
        self.make_room(entries.by_key.len() + 1)?;
        let entry = Arc::new(Entry {
            file: Arc::downgrade(file),
            set: Arc::downgrade(&self.shared),
            queued: AtomicBool::new(false),
            removed: AtomicBool::new(false),
            wanted: SpinLock::new(rank::LEAF, event),
            registration: Mutex::new(rank::FILE, None),
        });
        entries.by_key.insert(key, entry.clone());
        drop(entries);
        entry.arm();
        Ok(())
    }

    /// Gives the ready list room for all entries, with memory that is allocated outside its lock. Those
    /// already on it are counted apart: their files may be gone, and they are no entries any more.
    fn make_room(&self, watched: usize) -> Result<()> {
        let (queued, capacity) = {
            let ready = self.shared.ready.lock();
            (ready.entries.len(), ready.entries.capacity())
        };
        let wanted = watched + queued;
        if capacity >= wanted {
            return Ok(());
        }
        let mut room = VecDeque::new();
        room.make_room(wanted * 2)?;
        let mut ready = self.shared.ready.lock();
        if ready.entries.capacity() < wanted {
            room.extend(ready.entries.drain(..));
            core::mem::swap(&mut ready.entries, &mut room);
        }
        drop(ready);
        drop(room);
        Ok(())
    }

    /// Changes what is watched for.
    pub fn modify(&self, descriptor: i32, file: &Arc<dyn File>, event: EpollEvent) -> Result<()> {
        let entry = self
            .entries
            .lock()
            .by_key
            .get(&Self::key(descriptor, file))
            .cloned();
        let entry = entry.ok_or(Error::NotFound)?;
        if entry.wanted.lock().events & EPOLLEXCLUSIVE != 0 {
            return Err(Error::InvalidArgument);
        }
        *entry.wanted.lock() = event;
        entry.arm();
        Ok(())
    }

    /// Watches it no more.
    pub fn remove(&self, descriptor: i32, file: &Arc<dyn File>) -> Result<()> {
        let key = Self::key(descriptor, file);
        let removed = self.entries.lock().by_key.remove(&key);
        let entry = removed.ok_or(Error::NotFound)?;
        if let Some(inner) = file.downcast::<Epoll>() {
            let mut above = inner.above.lock();
            let at = above.iter().position(|set| set.ptr_eq(&self.this));
            at.map(|at| above.swap_remove(at));
        }
        // From here on nobody puts it onto the list, and who did before is seen.
        entry.removed.store(true, Ordering::SeqCst);
        let registration = entry.registration.lock().take();
        drop(registration);
        if entry.queued.load(Ordering::SeqCst) {
            let mut ready = self.shared.ready.lock();
            ready.entries.retain(|queued| !Arc::ptr_eq(queued, &entry));
        }
        Ok(())
    }

    /// Collects up to `most` events, sleeping until there is one or the deadline passes.
    pub fn wait(&self, most: usize, deadline: Option<Instant>) -> Result<Vec<EpollEvent>> {
        let waiter = Waiter::new();
        self.shared.add_sleeper(&waiter);
        loop {
            let events = self.harvest(most)?;
            if !events.is_empty() || deadline.is_some_and(|moment| moment <= base::time::now()) {
                return Ok(events);
            }
            match waiter.wait(deadline, true) {
                Ok(()) | Err(Error::TimedOut) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Looks once at each entry on the ready list. Fails if there is no room for even one event.
    fn harvest(&self, most: usize) -> Result<Vec<EpollEvent>> {
        let mut events = Vec::new();
        let mut again = Vec::new();
        let mut left = self.shared.ready.lock().entries.len();
        while left > 0 && events.len() < most {
            left -= 1;
            // What there is no room to report is reported by the next wait.
            let room = events.make_room(1).and_then(|()| again.make_room(1));
            if let Err(error) = room {
                if events.is_empty() {
                    return Err(error);
                }
                break;
            }
            let Some(entry) = self.shared.ready.lock().entries.pop_front() else {
                break;
            };
            entry.queued.store(false, Ordering::Release);
            let bits = entry.look(None);
            if bits == 0 {
                continue;
            }
            let mut wanted = entry.wanted.lock();
            events.push(EpollEvent {
                events: bits,
                pad: 0,
                data: wanted.data,
            });
            if wanted.events & EPOLLONESHOT != 0 {
                wanted.events &= EPOLLET | EPOLLONESHOT | EPOLLEXCLUSIVE | EPOLLWAKEUP;
                continue;
            }
            let level = wanted.events & EPOLLET == 0;
            drop(wanted);
            if level {
                again.push(entry);
            }
        }
        for entry in again {
            entry.signal();
        }
        Ok(events)
    }

    fn is_ready(&self) -> bool {
        // From the last to the first, for the same reason as in `wake`.
        let queued = |index| self.shared.ready.lock().entries.get(index).cloned();
        let length = self.shared.ready.lock().entries.len();
        (0..length)
            .rev()
            .filter_map(queued)
            .any(|entry: Arc<Entry>| entry.look(None) != 0)
    }
}

impl File for Epoll {
    fn as_file_any(&self) -> &dyn Any {
        self
    }

    fn kind_name(&self) -> &'static str {
        "eventpoll"
    }

    fn poll(&self, interest: Ready, waiter: Option<&mut PollRegistration>) -> Ready {
        if let Some(registration) = waiter {
            self.shared.add_sleeper(registration.waiter());
        }
        let mut ready = Ready::empty();
        ready.set(Ready::READ, self.is_ready());
        ready & interest
    }

    fn status(&self) -> Result<FileStatus> {
        Ok(super::anonymous_status())
    }
}
