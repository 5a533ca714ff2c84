//! Kernel threads.
//!
//! A [`Thread`] is what the scheduler runs. [`spawn`] starts one; it ends when its closure returns
//! or calls [`exit`]. The kernel is not preemptible: a thread keeps its CPU until it sleeps (in a
//! wait queue, on a sleeping lock, in [`sleep_until`]), yields, or goes back to user mode through
//! [`run_user`], before which the user loop asks [`yield_if_needed`].
//!
//! A thread that runs a program carries the program's address space ([`Thread::set_user_space`]),
//! which is activated whenever the thread gets a CPU, and a reference to whatever the layer above
//! hangs on it ([`Thread::set_owner`]). It may pay for the frames it allocates ([`pay_from`]).
//!
//! [`exit`] never returns, so what is alive on the stack then is never dropped: call it with
//! nothing held.

mod attributes;
mod life;
mod park;
mod stopwatch;
mod user;

pub(crate) use attributes::Scheduling;
pub use attributes::{CpuTimes, UserSpace, pay_from, payer};
pub use life::{exit, sleep_until, spawn, spawn_with};
pub(crate) use park::{State, park};
pub use user::run_user;

use crate::sync::HeldRanks;
use crate::wait::{WaitQueue, Waiter};
use crate::{rank, sched};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::{Arc, Weak};
use core::any::Any;
use core::sync::atomic::{AtomicBool, Ordering, fence};
use hal::sync::SpinLock;
use hal::thread::KernelThread;

/// What a new thread runs.
pub(crate) type Entry = Box<dyn FnOnce() + Send>;

/// A kernel thread.
pub struct Thread {
    id: u64,
    name: SpinLock<String>,
    pub(crate) kernel: Arc<KernelThread>,
    entry: SpinLock<Option<Entry>>,
    pub(crate) state: State,
    interrupted: AtomicBool,
    ended: WaitQueue,
    pub(crate) held: HeldRanks,
    space: SpinLock<Option<Arc<dyn UserSpace>>>,
    owner: SpinLock<Option<Weak<dyn Any + Send + Sync>>>,
    /// A waiter to use again, so that sleeping does not allocate.
    waiter: SpinLock<Option<Arc<Waiter>>>,
    pub(crate) scheduling: Scheduling,
}

impl Thread {
    fn new(name: &str, kernel: Arc<KernelThread>, entry: Option<Entry>) -> Arc<Thread> {
        Arc::new(Thread {
            id: sched::next_thread_id(),
            name: SpinLock::new(rank::THREAD, String::from(name)),
            kernel,
            entry: SpinLock::new(rank::THREAD, entry),
            state: State::new(),
            interrupted: AtomicBool::new(false),
            ended: WaitQueue::new(),
            held: HeldRanks::new(),
            space: SpinLock::new(rank::THREAD, None),
            owner: SpinLock::new(rank::THREAD, None),
            waiter: SpinLock::new(rank::THREAD, None),
            scheduling: Scheduling::new(),
        })
    }

    /// A number that no other thread of this machine ever has.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Its name, for people.
    pub fn name(&self) -> String {
        self.name.lock().clone()
    }

    /// Changes the name.
    pub fn set_name(&self, name: &str) {
        let old = core::mem::replace(&mut *self.name.lock(), String::from(name));
        drop(old);
    }

    /// Ends the thread's interruptible sleep, or its next one if it is not asleep now. If it runs a
    /// program on another CPU, it comes back from there: nothing else may ever interrupt it. Who goes
    /// to user mode has to look after it gave up its CPU for the last time, not before.
    pub fn interrupt(self: &Arc<Self>) {
        self.interrupted.store(true, Ordering::SeqCst);
        self.unpark();
        // Pairs with the fence where a thread gets a CPU: either it is seen there, or it sees this.
        fence(Ordering::SeqCst);
        let cpu = self.scheduling.cpu.load(Ordering::Relaxed);
        if self.kernel.is_on_cpu() && cpu != hal::cpu::id() {
            hal::cpu::kick(cpu);
        }
    }

    /// Whether an interruption is pending.
    pub fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::SeqCst)
    }

    /// Withdraws an interruption; true if one was pending.
    pub fn clear_interrupt(&self) -> bool {
        self.interrupted.swap(false, Ordering::SeqCst)
    }

    /// Whether the thread has ended.
    pub fn has_ended(&self) -> bool {
        self.state.is_dead()
    }

    /// Sleeps until the thread has ended.
    pub fn join(&self) {
        self.ended.wait_until(|| self.has_ended().then_some(()));
    }
}

/// The running thread. Panics before [`crate::init`] on this CPU.
#[inline]
pub fn current() -> Arc<Thread> {
    match sched::current() {
        Some(thread) => thread,
        None => panic!("no thread runs before the scheduler is initialised"),
    }
}

/// The running thread; `None` before [`crate::init`] on this CPU.
#[inline]
pub fn try_current() -> Option<Arc<Thread>> {
    sched::current()
}

/// Whether an interruption of the current thread is pending.
pub fn is_interrupted() -> bool {
    current().is_interrupted()
}

/// Withdraws an interruption of the current thread; true if one was pending.
pub fn clear_interrupt() -> bool {
    current().clear_interrupt()
}

/// Lets other threads run, if any wants to.
pub fn yield_now() {
    sched::switch(sched::Leave::Yield);
}

/// Lets other threads run if the scheduler wants that: the time slice is used up, or somebody
/// more urgent has woken. Long loops in the kernel call it too.
#[inline]
pub fn yield_if_needed() {
    if sched::needs_reschedule() {
        sched::switch(sched::Leave::Preempted);
    }
}

/// Whether the scheduler wants that: [`yield_if_needed`] would do something.
#[inline]
pub fn should_yield() -> bool {
    sched::needs_reschedule()
}

/// The current thread's spare waiter, or a new one.
pub(crate) fn borrow_waiter() -> Arc<Waiter> {
    let spare = current().waiter.lock().take();
    match spare {
        Some(waiter) if Arc::strong_count(&waiter) == 1 => {
            waiter.reset();
            waiter
        }
        _ => Waiter::new(),
    }
}

/// Keeps a waiter that is on no queue any more for the next sleep.
pub(crate) fn return_waiter(waiter: Arc<Waiter>) {
    let replaced = current().waiter.lock().replace(waiter);
    drop(replaced);
}
