//! One CPU's scheduling state.

use super::placement::CpuView;
use super::policy::FairQueue;
use crate::rank;
use crate::thread::Thread;
use ::core::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use alloc::sync::Arc;
use hal::cpu::CpuLocal;
use hal::sync::{Once, SpinLock};

/// What each CPU has of its own.
pub(super) struct Cpu {
    pub(super) queue: SpinLock<RunQueue>,
    /// Who runs here. Its own lock, above all others', because the checks of locks ask for it.
    current: SpinLock<Option<Arc<Thread>>>,
    /// What runs when nothing else does.
    pub(super) idle: Once<Arc<Thread>>,
    /// The scheduler wants to be called at the next chance.
    pub(super) reschedule: AtomicBool,
    /// Copies of the queue's state for a look without its lock.
    load: AtomicUsize,
    is_idle: AtomicBool,
    /// What the hardware deadline is set to.
    pub(super) programmed: AtomicU64,
    pub(super) switches: AtomicU64,
    pub(super) idle_ns: AtomicU64,
    /// A thread that left but may not come back here: placed elsewhere by who came after it.
    pub(super) departed: SpinLock<Option<Arc<Thread>>>,
}

/// The threads of one CPU.
pub(super) struct RunQueue {
    pub(super) fair: FairQueue<Arc<Thread>>,
    /// Up to when the running entity was charged.
    pub(super) charged_to: u64,
}

/// Every CPU's state.
pub(super) static CPUS: CpuLocal<Cpu> = CpuLocal::new(|| Cpu {
    queue: SpinLock::new(
        rank::RUN_QUEUE,
        RunQueue {
            fair: FairQueue::new(),
            charged_to: 0,
        },
    ),
    current: SpinLock::new(rank::LEAF, None),
    idle: Once::new(),
    reschedule: AtomicBool::new(false),
    load: AtomicUsize::new(0),
    is_idle: AtomicBool::new(false),
    programmed: AtomicU64::new(u64::MAX),
    switches: AtomicU64::new(0),
    idle_ns: AtomicU64::new(0),
    departed: SpinLock::new(rank::THREAD, None),
});

impl Cpu {
    pub(super) fn current(&self) -> Option<Arc<Thread>> {
        self.current.lock().clone()
    }

    /// Notes who runs from now on. The one before is dropped with the lock released.
    pub(super) fn set_current(&self, thread: Arc<Thread>) {
        let before = self.current.lock().replace(thread);
        drop(before);
    }

    /// Renews the copies; called with the queue's lock held, after it changed.
    pub(super) fn publish(&self, queue: &RunQueue) {
        self.load.store(queue.fair.load(), Ordering::Relaxed);
        self.is_idle
            .store(queue.fair.load() == 0, Ordering::Relaxed);
    }

    /// How the CPU looks to the placement.
    pub(super) fn view(&self) -> CpuView {
        CpuView {
            idle: self.is_idle.load(Ordering::Relaxed) && self.idle.get().is_some(),
            load: self.load.load(Ordering::Relaxed),
        }
    }
}

impl RunQueue {
    /// Charges who runs up to now; true if its slice is used up and somebody waits.
    pub(super) fn charge(&mut self, now_ns: u64) -> bool {
        let elapsed = now_ns.saturating_sub(self.charged_to);
        self.charged_to = self.charged_to.max(now_ns);
        self.fair.charge(elapsed)
    }
}

/// The thread that runs on this CPU.
pub(crate) fn current() -> Option<Arc<Thread>> {
    // Between reading the number of the CPU and its slot the thread must not move.
    let _interrupts = hal::interrupt::disable();
    CPUS.current()
}

/// Whether `thread` runs on this CPU.
pub(crate) fn is_current(thread: &Thread) -> bool {
    let _interrupts = hal::interrupt::disable();
    let current = CPUS.current.lock();
    current
        .as_ref()
        .is_some_and(|current| ::core::ptr::eq(&**current, thread))
}

/// Whether the scheduler wants to be called on this CPU.
pub(crate) fn needs_reschedule() -> bool {
    CPUS.reschedule.load(Ordering::Relaxed)
}

/// Does something while this CPU's run queue is locked; only a planted bug wants that.
pub(crate) fn with_run_queue_locked(work: impl FnOnce()) {
    let queue = CPUS.queue.lock();
    work();
    drop(queue);
}
