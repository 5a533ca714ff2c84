//! Each CPU's queue of things that happen at a time.
//!
//! A map from (deadline, sequence number) to what then happens. The sequence number keeps equal
//! deadlines in the order of their arming, and makes every key unique, so that cancelling is a
//! removal by key. Whether the removal or the expiry comes first is decided by the queue's lock.

use super::{Instant, timer::Inner};
use crate::plant::{self, Bug};
use crate::rank;
use crate::thread::Thread;
use alloc::collections::BTreeMap;
use alloc::sync::{Arc, Weak};
use core::sync::atomic::{AtomicU64, Ordering};
use hal::cpu::CpuLocal;
use hal::sync::SpinLock;

/// What happens at a deadline.
pub(super) enum Action {
    /// A sleeping thread looks at the clock again.
    Wake(Weak<Thread>),
    /// A timer's callback runs.
    Call(Arc<Inner>),
}

/// Names one entry: the CPU whose queue it is in, and its place there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Key {
    cpu: usize,
    place: (u64, u64),
}

struct Queue {
    entries: BTreeMap<(u64, u64), Action>,
    next: u64,
}

struct TimerQueue {
    /// The first deadline, for a look without the lock; `u64::MAX` when there is none.
    first: AtomicU64,
    queue: SpinLock<Queue>,
}

static QUEUES: CpuLocal<TimerQueue> = CpuLocal::new(|| TimerQueue {
    first: AtomicU64::new(u64::MAX),
    queue: SpinLock::new(
        rank::TIMER,
        Queue {
            entries: BTreeMap::new(),
            next: 0,
        },
    ),
});

impl TimerQueue {
    fn note_first(&self, queue: &Queue) {
        let first = queue
            .entries
            .first_key_value()
            .map_or(u64::MAX, |(place, _)| place.0);
        self.first.store(first, Ordering::Release);
    }
}

/// Adds an entry to this CPU's queue and sees to it that the tick comes in time.
pub(super) fn insert(deadline: Instant, action: Action) -> Key {
    let guard = hal::interrupt::disable();
    let cpu = hal::cpu::id();
    let timers = QUEUES.of(cpu);
    let place = {
        let mut queue = timers.queue.lock();
        let place = (deadline.0, queue.next);
        queue.next += 1;
        queue.entries.insert(place, action);
        timers.note_first(&queue);
        place
    };
    if plant::is_planted(Bug::LockOrder) {
        crate::sched::with_run_queue_locked(|| drop(timers.queue.lock()));
    }
    crate::sched::deadline_added(deadline);
    drop(guard);
    Key { cpu, place }
}

/// Takes an entry out; `None` if it has expired already. The hardware deadline stays: a tick that
/// finds nothing to do is cheaper than programming the timer twice for every sleep.
pub(super) fn remove(key: Key) -> Option<Action> {
    let timers = QUEUES.of(key.cpu);
    let mut queue = timers.queue.lock();
    let removed = queue.entries.remove(&key.place);
    timers.note_first(&queue);
    removed
}

/// The earliest deadline of this CPU's queue. Interrupts are off.
pub(crate) fn first_deadline() -> Option<Instant> {
    match QUEUES.first.load(Ordering::Acquire) {
        u64::MAX => None,
        first => Some(Instant(first)),
    }
}

/// Runs everything whose time has come on this CPU. Called by the tick handler.
pub(crate) fn expire(now: Instant) {
    let timers = &*QUEUES;
    while timers.first.load(Ordering::Acquire) <= now.0 {
        let action = {
            let mut queue = timers.queue.lock();
            let due = match queue.entries.first_entry() {
                Some(entry) if entry.key().0 <= now.0 => Some(entry.remove()),
                _ => None,
            };
            timers.note_first(&queue);
            due
        };
        // With the lock released: what runs may arm timers.
        match action {
            Some(Action::Wake(thread)) => {
                if let Some(thread) = thread.upgrade() {
                    thread.unpark();
                }
            }
            Some(Action::Call(inner)) => inner.run(),
            None => return,
        }
    }
}
