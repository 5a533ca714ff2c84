//! What hangs on a thread: its owner, its address space, its share of the CPUs, its times.

use super::Thread;
use super::stopwatch::Stopwatch;
use crate::sched::{Habit, policy};
use alloc::sync::{Arc, Weak};
use core::any::Any;
use core::sync::atomic::{AtomicI8, AtomicI64, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use core::time::Duration;

/// An address space, as the scheduler sees it.
pub trait UserSpace: Send + Sync {
    /// Makes it the one of this CPU. Called with interrupts disabled at each switch to a thread
    /// that carries it.
    fn activate(&self);
    /// The space itself, for whoever set it.
    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

/// How long a thread has run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CpuTimes {
    /// In user mode.
    pub user: Duration,
    /// In the kernel.
    pub system: Duration,
}

/// The scheduler's own fields of a thread.
///
/// The counters are written by the thread itself alone (or by the switch that ends its run), so a
/// load and a store do where others would need an atomic addition.
pub(crate) struct Scheduling {
    nice: AtomicI8,
    weight: AtomicU64,
    affinity: AtomicU64,
    /// Where it ran last, or is queued.
    pub(crate) cpu: AtomicUsize,
    /// What the fair class owes it while it is in no queue.
    pub(crate) lag: AtomicI64,
    /// Up to when it is left to the CPU it was queued on: its waker is about to make room there.
    pub(crate) stays_until: AtomicU64,
    /// What it does after waking another.
    pub(crate) habit: Habit,
    /// Goes while it has a CPU.
    on_cpu: Stopwatch,
    /// Goes while it has one and is in the kernel.
    in_kernel: Stopwatch,
    pub(crate) switches: AtomicU64,
    pub(crate) preemptions: AtomicU64,
    /// The account that pays for the frames it allocates.
    payer: AtomicU32,
}

impl Scheduling {
    pub(super) const fn new() -> Scheduling {
        Scheduling {
            nice: AtomicI8::new(0),
            weight: AtomicU64::new(policy::NICE_0_WEIGHT),
            affinity: AtomicU64::new(u64::MAX),
            cpu: AtomicUsize::new(0),
            lag: AtomicI64::new(0),
            stays_until: AtomicU64::new(0),
            habit: Habit::new(),
            on_cpu: Stopwatch::new(),
            in_kernel: Stopwatch::new(),
            switches: AtomicU64::new(0),
            preemptions: AtomicU64::new(0),
            payer: AtomicU32::new(0),
        }
    }

    pub(super) fn inherit(&self, parent: &Scheduling) {
        self.set_nice(parent.nice.load(Ordering::Relaxed));
        self.affinity
            .store(parent.affinity.load(Ordering::Relaxed), Ordering::Relaxed);
        self.cpu.store(hal::cpu::id(), Ordering::Relaxed);
    }

    fn set_nice(&self, nice: i8) {
        self.nice.store(nice, Ordering::Relaxed);
        self.weight
            .store(policy::weight_of_nice(nice), Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn affinity(&self) -> u64 {
        self.affinity.load(Ordering::Relaxed)
    }

    #[inline]
    pub(crate) fn payer(&self) -> u32 {
        self.payer.load(Ordering::Relaxed)
    }

    pub(crate) fn weight(&self) -> u64 {
        self.weight.load(Ordering::Relaxed)
    }

    /// The thread gets a CPU, in the kernel.
    #[inline]
    pub(crate) fn begin_run(&self) {
        let now = hal::timer::ticks();
        self.on_cpu.start(now);
        self.in_kernel.start(now);
    }

    /// The thread, in the kernel, leaves its CPU.
    #[inline]
    pub(crate) fn end_run(&self) {
        let now = hal::timer::ticks();
        self.on_cpu.stop(now);
        self.in_kernel.stop(now);
    }

    /// The thread, on its CPU, comes from user mode.
    #[inline]
    pub(super) fn enter_kernel(&self) {
        self.in_kernel.start(hal::timer::ticks());
    }

    /// The thread, on its CPU, goes to user mode.
    #[inline]
    pub(super) fn leave_kernel(&self) {
        self.in_kernel.stop(hal::timer::ticks());
    }
}

/// From now on the frames that the current thread allocates are paid from the account with this
/// number ([`hal::frame::Account`]; 0: from nobody's), wherever it runs. Returns the number from
/// before.
pub fn pay_from(account: u32) -> u32 {
    let _interrupts = hal::interrupt::disable();
    let Some(thread) = super::try_current() else {
        return 0;
    };
    let before = thread.scheduling.payer.swap(account, Ordering::Relaxed);
    crate::sched::pay_from(account);
    before
}

/// The account that the current thread pays from; 0 for nobody's.
pub fn payer() -> u32 {
    super::try_current().map_or(0, |thread| thread.scheduling.payer())
}

impl Thread {
    /// Hangs the layer above's own object on the thread, weakly: the thread does not keep it.
    pub fn set_owner(&self, owner: Weak<dyn Any + Send + Sync>) {
        let replaced = self.owner.lock().replace(owner);
        drop(replaced);
    }

    /// What [`Thread::set_owner`] hung there, if it still lives.
    pub fn owner(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        self.owner.lock().as_ref().and_then(Weak::upgrade)
    }

    /// Sets the address space that is activated whenever this thread gets a CPU. If the thread is
    /// the current one, that happens at once; `None` leaves the CPU without user memory.
    pub fn set_user_space(&self, space: Option<Arc<dyn UserSpace>>) {
        let interrupts = hal::interrupt::disable();
        let replaced = core::mem::replace(&mut *self.space.lock(), space.clone());
        if crate::sched::is_current(self) {
            match (&space, &replaced) {
                (Some(space), _) => space.activate(),
                (None, Some(_)) => hal::paging::deactivate(),
                (None, None) => (),
            }
        }
        drop(interrupts);
        // With interrupts as they were: this may tear an address space down.
        drop(replaced);
        drop(space);
    }

    /// Makes its address space the one of this CPU. Interrupts are off.
    pub(crate) fn activate_space(&self) {
        if let Some(space) = &*self.space.lock() {
            space.activate();
        }
    }

    /// The address space set last.
    pub fn user_space(&self) -> Option<Arc<dyn UserSpace>> {
        self.space.lock().clone()
    }

    /// Sets the share of the CPU: -20 (most) to 19 (least). Takes effect when it is queued next.
    pub fn set_nice(&self, nice: i8) {
        self.scheduling.set_nice(nice.clamp(-20, 19));
    }

    /// The share of the CPU.
    pub fn nice(&self) -> i8 {
        self.scheduling.nice.load(Ordering::Relaxed)
    }

    /// Sets the CPUs it may run on, one bit each. False, and nothing changes, if that would be
    /// none of the machine's.
    pub fn set_affinity(&self, mask: u64) -> bool {
        let machine = (1u64 << hal::cpu::count()) - 1;
        if mask & machine == 0 {
            return false;
        }
        self.scheduling.affinity.store(mask, Ordering::Relaxed);
        if crate::sched::is_current(self) {
            super::yield_now();
        }
        true
    }

    /// The CPUs it may run on, one bit each, cut to those of the machine.
    pub fn affinity(&self) -> u64 {
        self.scheduling.affinity() & ((1u64 << hal::cpu::count()) - 1)
    }

    /// The CPU it runs on, or ran on last.
    pub fn cpu(&self) -> usize {
        self.scheduling.cpu.load(Ordering::Relaxed)
    }

    /// How long it has run until now. What another CPU's thread does meanwhile may be in one of the
    /// two times and not yet in the other.
    pub fn times(&self) -> CpuTimes {
        let system = self.scheduling.in_kernel.read();
        let both = self.scheduling.on_cpu.read();
        let duration = |ticks| Duration::from_nanos(hal::timer::ticks_to_ns(ticks));
        CpuTimes {
            user: duration(both.saturating_sub(system)),
            system: duration(system),
        }
    }

    /// How often it gave up its CPU by itself, and how often it had to.
    pub fn switches(&self) -> (u64, u64) {
        (
            self.scheduling.switches.load(Ordering::Relaxed),
            self.scheduling.preemptions.load(Ordering::Relaxed),
        )
    }
}
