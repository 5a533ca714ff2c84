//! What a device has done: the numbers of `/sys/block/NAME/stat` and `/proc/diskstats`.
//!
//! Whoever answers requests keeps [`Counters`] and hands them to each request that it takes
//! ([`super::Request::count`]); the answer does the rest. A part of a disk counts as well as the disk, so a request may be
//! counted twice. Nothing is locked, so numbers of the same moment need not fit each other exactly.

use core::sync::atomic::{AtomicU64, Ordering};

use hal::timer::ticks_to_ns;

use super::Operation;

/// Requests of one kind.
#[derive(Default)]
struct Kind {
    completed: AtomicU64,
    sectors: AtomicU64,
    ticks: AtomicU64,
}

/// See the module.
#[derive(Default)]
pub struct Counters {
    kinds: [Kind; 3],
    in_flight: AtomicU64,
    /// How long something was in flight, in ticks, up to the last time that a request came or was answered: then.
    busy: AtomicU64,
    settled: AtomicU64,
}

/// How much was done of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Requests that were answered.
    pub completed: u64,
    /// Sectors that they moved.
    pub sectors: u64,
    /// Nanoseconds from when they came to when they were answered, all together.
    pub nanoseconds: u64,
}

impl Counters {
    /// Nothing was done yet.
    pub fn new() -> Counters {
        Counters::default()
    }

    /// What was done of one kind.
    pub fn count(&self, operation: Operation) -> Count {
        let kind = self.kind(operation);
        Count {
            completed: kind.completed.load(Ordering::Relaxed),
            sectors: kind.sectors.load(Ordering::Relaxed),
            nanoseconds: ticks_to_ns(kind.ticks.load(Ordering::Relaxed)),
        }
    }

    /// How many requests are not answered yet.
    pub fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// For how many nanoseconds there was something to do, as of the last request that came or was answered.
    pub fn busy(&self) -> u64 {
        ticks_to_ns(self.busy.load(Ordering::Relaxed))
    }

    /// All of it in Linux's order (`Documentation/block/stat` there), times in milliseconds: reads, writes, requests in
    /// flight, time with any, their time together, discards, flushes. Nothing is merged here, and nothing discarded.
    pub fn fields(&self) -> [u64; 17] {
        let milliseconds = |nanoseconds: u64| nanoseconds / 1_000_000;
        let [reads, writes, flushes] =
            [Operation::Read, Operation::Write, Operation::Flush].map(|kind| self.count(kind));
        let together = [reads, writes, flushes].map(|kind| kind.nanoseconds);
        let moved = |kind: Count| {
            [
                kind.completed,
                0,
                kind.sectors,
                milliseconds(kind.nanoseconds),
            ]
        };
        let [r, rm, rs, rt] = moved(reads);
        let [w, wm, ws, wt] = moved(writes);
        let now = [
            self.in_flight(),
            milliseconds(self.busy()),
            milliseconds(together.iter().sum()),
        ];
        let [flying, busy, waited] = now;
        let (f, ft) = (flushes.completed, milliseconds(flushes.nanoseconds));
        [
            r, rm, rs, rt, w, wm, ws, wt, flying, busy, waited, 0, 0, 0, 0, f, ft,
        ]
    }

    #[inline]
    fn kind(&self, operation: Operation) -> &Kind {
        let [reads, writes, flushes] = &self.kinds;
        match operation {
            Operation::Read => reads,
            Operation::Write => writes,
            Operation::Flush => flushes,
        }
    }

    /// A request comes; `now` in ticks of the clock.
    #[inline]
    pub(super) fn begin(&self, now: u64) {
        let before = self.settled.fetch_max(now, Ordering::Relaxed);
        if self.in_flight.fetch_add(1, Ordering::Relaxed) > 0 {
            self.spend(before, now);
        }
    }

    /// A request that came at `begun` is answered. Callable in an interrupt.
    #[inline]
    pub(super) fn end(&self, operation: Operation, sectors: u64, begun: u64, now: u64) {
        let before = self.settled.fetch_max(now, Ordering::Relaxed);
        self.spend(before, now);
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        let kind = self.kind(operation);
        kind.completed.fetch_add(1, Ordering::Relaxed);
        kind.sectors.fetch_add(sectors, Ordering::Relaxed);
        let taken = now.saturating_sub(begun);
        kind.ticks.fetch_add(taken, Ordering::Relaxed);
    }

    #[inline]
    fn spend(&self, from: u64, to: u64) {
        self.busy
            .fetch_add(to.saturating_sub(from), Ordering::Relaxed);
    }
}
