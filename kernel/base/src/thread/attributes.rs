//! What hangs on a thread: its owner, its address space, its share of the CPUs, its times.

use super::Thread;
use crate::rank;
use crate::sched::policy::{self, Entity};
use alloc::sync::{Arc, Weak};
use core::any::Any;
use core::sync::atomic::{AtomicI8, AtomicU64, AtomicUsize, Ordering};
use core::time::Duration;
use hal::sync::SpinLock;

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
pub(crate) struct Scheduling {
    nice: AtomicI8,
    affinity: AtomicU64,
    /// Where it ran last, or is queued.
    pub(crate) cpu: AtomicUsize,
    /// Its place in the fair class while it is in no queue.
    pub(crate) entity: SpinLock<Entity>,
    pub(super) user_ns: AtomicU64,
    pub(super) system_ns: AtomicU64,
    /// Since when the time that runs has not been added up yet.
    pub(super) counted_to: AtomicU64,
    pub(crate) switches: AtomicU64,
    pub(crate) preemptions: AtomicU64,
}

impl Scheduling {
    pub(super) const fn new() -> Scheduling {
        Scheduling {
            nice: AtomicI8::new(0),
            affinity: AtomicU64::new(u64::MAX),
            cpu: AtomicUsize::new(0),
            entity: SpinLock::new(rank::THREAD, Entity::new(policy::NICE_0_WEIGHT)),
            user_ns: AtomicU64::new(0),
            system_ns: AtomicU64::new(0),
            counted_to: AtomicU64::new(0),
            switches: AtomicU64::new(0),
            preemptions: AtomicU64::new(0),
        }
    }

    pub(super) fn inherit(&self, parent: &Scheduling) {
        self.nice
            .store(parent.nice.load(Ordering::Relaxed), Ordering::Relaxed);
        self.affinity
            .store(parent.affinity.load(Ordering::Relaxed), Ordering::Relaxed);
        self.cpu.store(hal::cpu::id(), Ordering::Relaxed);
    }

    pub(crate) fn affinity(&self) -> u64 {
        self.affinity.load(Ordering::Relaxed)
    }

    pub(crate) fn weight(&self) -> u64 {
        policy::weight_of_nice(self.nice.load(Ordering::Relaxed))
    }

    /// The thread gets a CPU at `now`.
    pub(crate) fn begin_run(&self, now_ns: u64) {
        self.counted_to.store(now_ns, Ordering::Relaxed);
    }

    /// The thread leaves its CPU, or its mode, at `now`: what ran since counts as kernel time.
    pub(crate) fn count_system(&self, now_ns: u64) {
        let since = self.counted_to.swap(now_ns, Ordering::Relaxed);
        self.system_ns
            .fetch_add(now_ns.saturating_sub(since), Ordering::Relaxed);
    }

    pub(super) fn count_user(&self, now_ns: u64) {
        let since = self.counted_to.swap(now_ns, Ordering::Relaxed);
        self.user_ns
            .fetch_add(now_ns.saturating_sub(since), Ordering::Relaxed);
    }
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

    /// The address space set last.
    pub fn user_space(&self) -> Option<Arc<dyn UserSpace>> {
        self.space.lock().clone()
    }

    /// Sets the share of the CPU: -20 (most) to 19 (least). Takes effect when it is queued next.
    pub fn set_nice(&self, nice: i8) {
        self.scheduling
            .nice
            .store(nice.clamp(-20, 19), Ordering::Relaxed);
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

    /// How long it has run, up to its last change of mode.
    pub fn times(&self) -> CpuTimes {
        CpuTimes {
            user: Duration::from_nanos(self.scheduling.user_ns.load(Ordering::Relaxed)),
            system: Duration::from_nanos(self.scheduling.system_ns.load(Ordering::Relaxed)),
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
