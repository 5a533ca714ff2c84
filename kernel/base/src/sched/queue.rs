//! One CPU's scheduling state.

use super::answer::Answer;
use super::counts::Counts;
use super::placement::CpuView;
use super::policy::FairQueue;
use crate::rank;
use crate::thread::Thread;
use ::core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};
use alloc::sync::Arc;
use hal::cpu::{CpuLocal, CpuSlot};
use hal::sync::{Once, SpinLock};

/// What each CPU has of its own.
pub(super) struct Cpu {
    pub(super) queue: SpinLock<RunQueue>,
    /// What runs when nothing else does.
    pub(super) idle: Once<Arc<Thread>>,
    /// Somebody queued something here, or has something for an idle CPU to take.
    nudged: AtomicBool,
    /// How long it takes to come.
    pub(super) answer: Answer,
    /// It idles, and looks at `nudged` all the time: no interrupt is needed to call it.
    watches: AtomicBool,
    /// Copies of the queue's state for a look without its lock.
    load: AtomicUsize,
    is_idle: AtomicBool,
    /// When the running thread's slice ends, if somebody waits for that; else `u64::MAX`.
    pub(super) slice_end: AtomicU64,
    /// When who was queued here because room was about to be made for it is to wait no longer;
    /// `u64::MAX` if nobody was.
    pub(super) share_at: AtomicU64,
    /// The CPUs that one may run on.
    pub(super) share_with: AtomicU64,
    /// What the hardware deadline is set to.
    pub(super) programmed: AtomicU64,
    /// The account that `hal` was last told to let this CPU pay from.
    payer: AtomicU32,
    pub(super) counts: Counts,
    /// A thread that left but may not come back here: placed elsewhere by who came after it.
    pub(super) departed: SpinLock<Option<Arc<Thread>>>,
    /// Whether there is one, for a look without the lock.
    pub(super) has_departed: AtomicBool,
}

/// Who runs on each CPU.
static CURRENT: CpuSlot<Thread> = CpuSlot::new();

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
    idle: Once::new(),
    nudged: AtomicBool::new(false),
    answer: Answer::new(),
    watches: AtomicBool::new(false),
    load: AtomicUsize::new(0),
    is_idle: AtomicBool::new(false),
    slice_end: AtomicU64::new(u64::MAX),
    share_at: AtomicU64::new(u64::MAX),
    share_with: AtomicU64::new(u64::MAX),
    programmed: AtomicU64::new(u64::MAX),
    payer: AtomicU32::new(0),
    counts: Counts::new(),
    departed: SpinLock::new(rank::THREAD, None),
    has_departed: AtomicBool::new(false),
});

impl Cpu {
    /// Lets the CPU pay from an account, or nobody's. Interrupts are off.
    #[inline]
    pub(super) fn pay_from(&self, account: u32) {
        if self.payer.load(Ordering::Relaxed) != account {
            self.payer.store(account, Ordering::Relaxed);
            hal::frame::pay_from(account);
        }
    }

    /// Renews the copies; called with the queue's lock held, after it changed.
    pub(super) fn publish(&self, queue: &RunQueue) {
        let load = queue.fair.load();
        self.load.store(load, Ordering::Relaxed);
        self.is_idle.store(load == 0, Ordering::Relaxed);
        let mut slice_end = u64::MAX;
        if queue.fair.waiting() == 0 {
            self.share_at.store(u64::MAX, Ordering::Relaxed);
        } else if let Some(running) = queue.fair.running() {
            slice_end = queue.charged_to.saturating_add(running.remaining_ns());
        }
        self.slice_end.store(slice_end, Ordering::Relaxed);
    }

    /// Makes this CPU, whose number is `number`, look at the queues soon.
    pub(super) fn nudge(&self, number: usize) {
        if self.is_idle.load(Ordering::Relaxed) {
            self.answer.call(hal::timer::now_ns());
        }
        // The order of this store and the load is that of `watch` reversed: either the watcher
        // sees the nudge, or it no longer watches here and gets the interrupt.
        self.nudged.store(true, Ordering::SeqCst);
        // The fence is what QEMU needs: it runs AArch64's `stlr` and `ldar`, which the architecture
        // keeps in order, without a barrier between them, and a host that
        // delays its stores then loses the nudge.
        fence(Ordering::SeqCst);
        if !self.watches.load(Ordering::SeqCst) {
            CPUS.counts.kicks.increment();
            hal::cpu::kick(number);
        }
    }

    /// Before this CPU, idle, looks at the queues: what comes from now on is a new nudge.
    pub(super) fn forget_nudges(&self) {
        self.nudged.store(false, Ordering::SeqCst);
    }

    /// Watches for nudges from `start` until `until`; says whether one came, and what the longest
    /// time between two looks was. Interrupts are off.
    pub(super) fn watch(&self, start: u64, until: u64) -> (bool, u64) {
        self.watches.store(true, Ordering::SeqCst);
        let mut before = start;
        let mut longest = 0;
        loop {
            let now = hal::timer::now_ns();
            longest = longest.max(now.saturating_sub(before));
            before = now;
            if self.nudged.load(Ordering::SeqCst) || now >= until {
                break;
            }
            hal::cpu::relax();
        }
        self.watches.store(false, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        (self.nudged.load(Ordering::SeqCst), longest)
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
#[inline]
pub(crate) fn current() -> Option<Arc<Thread>> {
    CURRENT.get()
}

/// Looks at the thread that runs on this CPU. Interrupts are off meanwhile; `look` is short and
/// takes no lock.
#[inline]
pub(crate) fn with_current<R>(look: impl FnOnce(Option<&Thread>) -> R) -> R {
    CURRENT.with(look)
}

/// Notes who runs on this CPU from now on.
pub(super) fn set_current(thread: Arc<Thread>) {
    let before = CURRENT.replace(thread);
    drop(before);
}

/// Lets this CPU pay from an account, or nobody's. Interrupts are off.
pub(crate) fn pay_from(account: u32) {
    CPUS.pay_from(account);
}

/// Whether `thread` runs on this CPU.
pub(crate) fn is_current(thread: &Thread) -> bool {
    CURRENT.with(|current| current.is_some_and(|current| ::core::ptr::eq(current, thread)))
}

/// Whether the scheduler wants to be called on this CPU at the next chance: the CPU is marked.
#[inline]
pub(crate) fn needs_reschedule() -> bool {
    hal::cpu::is_marked()
}

/// Does something while this CPU's run queue is locked; only a planted bug wants that.
pub(crate) fn with_run_queue_locked(work: impl FnOnce()) {
    let queue = CPUS.queue.lock();
    work();
    drop(queue);
}
