//! What the scheduler counts.

use super::load::Load;
use super::queue::CPUS;
use crate::rank;
use crate::thread::Thread;
use ::core::sync::atomic::{AtomicU64, Ordering};
use ::core::time::Duration;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use hal::Global;
use hal::sync::SpinLock;

struct Counters {
    next_id: AtomicU64,
    started: AtomicU64,
    /// Every thread that has begun and not ended. It is what keeps a sleeping thread alive: wait
    /// queues refer to their sleepers weakly.
    alive: SpinLock<BTreeMap<u64, Arc<Thread>>>,
    load: SpinLock<Load>,
}

static COUNTERS: Global<Counters> = Global::new(|| Counters {
    next_id: AtomicU64::new(1),
    started: AtomicU64::new(0),
    alive: SpinLock::new(rank::LEAF, BTreeMap::new()),
    load: SpinLock::new(rank::LEAF, Load::new()),
});

/// What one CPU counted since boot.
#[derive(Clone, Debug, Default)]
pub struct CpuStatistics {
    /// Threads that run or wait here at this moment.
    pub runnable: usize,
    /// Switches from one thread to another.
    pub switches: u64,
    /// Threads that were woken there.
    pub wakes: u64,
    /// Those of them that were left to that CPU because their waker was about to sleep.
    pub kept: u64,
    /// Threads it took from other CPUs' queues when it had none.
    pub stolen: u64,
    /// Waiting threads it gave to CPUs with less to do.
    pub given: u64,
    /// Interrupts it sent to other CPUs to make them look at the queues.
    pub kicks: u64,
    /// How often it halted.
    pub halts: u64,
    /// How often work came while it still watched for it before a halt.
    pub watched: u64,
    /// Timer interrupts it took.
    pub ticks: u64,
    /// How often it set its hardware deadline.
    pub deadlines: u64,
    /// Time it spent without a thread, halted or watching.
    pub idle: Duration,
}

/// What the scheduler counted since boot.
#[derive(Clone, Debug, Default)]
pub struct Statistics {
    /// Switches from one thread to another, on all CPUs.
    pub context_switches: u64,
    /// Threads ever spawned.
    pub threads_started: u64,
    /// Threads that have not ended.
    pub threads_alive: usize,
    /// Threads that run or wait for a CPU at this moment.
    pub runnable: usize,
    /// Time that each CPU spent halted.
    pub idle: Vec<Duration>,
    /// Each CPU's own counts.
    pub cpus: Vec<CpuStatistics>,
}

/// The counts at this moment.
pub fn statistics() -> Statistics {
    let mut statistics = Statistics {
        threads_started: COUNTERS.started.load(Ordering::Relaxed),
        threads_alive: COUNTERS.alive.lock().len(),
        runnable: runnable(),
        ..Statistics::default()
    };
    for number in 0..hal::cpu::count() {
        let cpu = CPUS.of(number);
        let own = CpuStatistics {
            runnable: cpu.view().load,
            switches: cpu.counts.switches.get(),
            wakes: cpu.counts.wakes.get(),
            kept: cpu.counts.kept.get(),
            stolen: cpu.counts.stolen.get(),
            given: cpu.counts.given.get(),
            kicks: cpu.counts.kicks.get(),
            halts: cpu.counts.halts.get(),
            watched: cpu.counts.watched.get(),
            ticks: cpu.counts.ticks.get(),
            deadlines: cpu.counts.deadlines.get(),
            idle: Duration::from_nanos(cpu.counts.idle_ns.get()),
        };
        statistics.context_switches += own.switches;
        statistics.idle.push(own.idle);
        statistics.cpus.push(own);
    }
    statistics
}

/// The load of the last 1, 5 and 15 minutes, with [`super::load::FRACTION_BITS`] of fraction.
pub fn load_averages() -> [u64; 3] {
    sample_load(hal::timer::now_ns());
    COUNTERS.load.lock().averages()
}

fn runnable() -> usize {
    (0..hal::cpu::count())
        .map(|number| CPUS.of(number).view().load)
        .sum()
}

/// Takes a sample of the load if one is due.
pub(super) fn sample_load(now_ns: u64) {
    let active = runnable();
    let mut load = COUNTERS.load.lock();
    if load.is_due(now_ns) {
        load.sample(now_ns, active);
    }
}

/// A number no thread had before.
pub(crate) fn next_thread_id() -> u64 {
    COUNTERS.next_id.fetch_add(1, Ordering::Relaxed)
}

/// A thread begins; it is kept alive until it ends.
pub(crate) fn note_started(thread: &Arc<Thread>) {
    COUNTERS.started.fetch_add(1, Ordering::Relaxed);
    COUNTERS.alive.lock().insert(thread.id(), thread.clone());
}

/// A thread ends. It is still its CPU's current one.
pub(crate) fn note_ended(thread: &Thread) {
    let own = COUNTERS.alive.lock().remove(&thread.id());
    drop(own);
}

/// All threads that have begun and not ended, for reports.
pub fn threads() -> Vec<Arc<Thread>> {
    COUNTERS.alive.lock().values().cloned().collect()
}
