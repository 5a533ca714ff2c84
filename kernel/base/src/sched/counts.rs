//! What a CPU counts about its own scheduling.
//!
//! Each count is written by its own CPU alone, with interrupts off, so a load and a store do where
//! others would need an atomic addition; anybody may read them.

use ::core::sync::atomic::{AtomicU64, Ordering};

/// A number that only its own CPU changes.
pub(super) struct Count(AtomicU64);

impl Count {
    const fn new() -> Count {
        Count(AtomicU64::new(0))
    }

    /// One more.
    #[inline]
    pub(super) fn increment(&self) {
        self.add(1);
    }

    /// So many more.
    #[inline]
    pub(super) fn add(&self, more: u64) {
        let before = self.0.load(Ordering::Relaxed);
        self.0.store(before.wrapping_add(more), Ordering::Relaxed);
    }

    /// The number at this moment.
    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// One CPU's counts.
pub(super) struct Counts {
    /// Switches from one thread to another.
    pub(super) switches: Count,
    /// Threads that were woken here.
    pub(super) wakes: Count,
    /// Those of them that stayed here because their waker was about to make room.
    pub(super) kept: Count,
    /// Threads it took from other CPUs' queues.
    pub(super) stolen: Count,
    /// Waiting threads it gave to CPUs with less to do.
    pub(super) given: Count,
    /// Interrupts sent to other CPUs to make them look at the queues.
    pub(super) kicks: Count,
    /// How often it halted.
    pub(super) halts: Count,
    /// How often work came while it watched for it before a halt.
    pub(super) watched: Count,
    /// Timer interrupts.
    pub(super) ticks: Count,
    /// How often the hardware deadline was set.
    pub(super) deadlines: Count,
    /// Time without a thread.
    pub(super) idle_ns: Count,
}

impl Counts {
    pub(super) const fn new() -> Counts {
        Counts {
            switches: Count::new(),
            wakes: Count::new(),
            kept: Count::new(),
            stolen: Count::new(),
            given: Count::new(),
            kicks: Count::new(),
            halts: Count::new(),
            watched: Count::new(),
            ticks: Count::new(),
            deadlines: Count::new(),
            idle_ns: Count::new(),
        }
    }
}
