//! A task: one thread of a process, as events and ABIs see it.
//!
//! The kernel thread below it ([`base::thread::Thread`]) runs [`crate::user_loop`], which owns the registers; the
//! task has what others may reach: which events are pending and blocked, whether it is to end, its numbers, what its
//! ABI remembers about it. `Task::current()` finds the caller's.

use crate::environment::Charge;
use crate::event::{EventInfo, EventSet, TaskEvents};
use crate::namespace::Identity;
use crate::process::{AbiState, Process};
use crate::status::ResourceUsage;
use alloc::sync::{Arc, Weak};
use base::rank;
use base::sync::{Once, Rank, SpinLock};
use base::thread::Thread;
use base::time::Instant;
use base::{Error, Result};
use core::any::Any;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};

/// Small replaceable things, held for the time of one clone.
const SLOT: Rank = Rank(136);

/// One thread of a process.
pub struct Task {
    number: AtomicU32,
    identity: SpinLock<Arc<Identity>>,
    process: Arc<Process>,
    thread: Once<Arc<Thread>>,
    started: Instant,
    abi_state: SpinLock<AbiState>,
    pub(crate) events: SpinLock<TaskEvents>,
    /// Something is to be looked at before the next return to user mode.
    work: AtomicBool,
    /// It is to end, whatever it is doing.
    killed: AtomicBool,
    /// Exec gave it another image: the user loop looks up its ABI again.
    pub(crate) image_changed: AtomicBool,
    /// Where its id is cleared, and a waiter woken, when it ends (CLONE_CHILD_CLEARTID); 0 for nowhere.
    clear_on_exit: AtomicUsize,
    pub(crate) faults: AtomicU64,
    /// It counts as a thread of its own; `None` for the first, whose process counts.
    pub(crate) charge: SpinLock<Option<Charge>>,
}

impl Task {
    pub(crate) fn new(
        identity: Arc<Identity>,
        process: Arc<Process>,
        abi_state: AbiState,
        blocked: EventSet,
    ) -> Task {
        Task {
            number: AtomicU32::new(identity.number()),
            identity: SpinLock::new(SLOT, identity),
            process,
            thread: Once::new(),
            started: base::time::now(),
            abi_state: SpinLock::new(SLOT, abi_state),
            events: SpinLock::new(rank::TASK, TaskEvents::new(blocked)),
            work: AtomicBool::new(false),
            killed: AtomicBool::new(false),
            image_changed: AtomicBool::new(false),
            clear_on_exit: AtomicUsize::new(0),
            faults: AtomicU64::new(0),
            charge: SpinLock::new(SLOT, None),
        }
    }

    /// The calling thread's task; `None` for a kernel thread.
    pub fn current() -> Option<Arc<Task>> {
        let owner: Arc<dyn Any + Send + Sync> = base::thread::current().owner()?;
        owner.downcast::<Task>().ok()
    }

    /// Its id in its own namespace.
    pub fn id(&self) -> u32 {
        self.number.load(Ordering::Relaxed)
    }

    /// Its numbers.
    pub fn identity(&self) -> Arc<Identity> {
        self.identity.lock().clone()
    }

    /// Takes over other numbers: a thread that executes a program becomes the process's first.
    pub(crate) fn set_identity(self: &Arc<Self>, identity: Arc<Identity>) -> Arc<Identity> {
        self.number.store(identity.number(), Ordering::Relaxed);
        identity.publish_task(self);
        core::mem::replace(&mut *self.identity.lock(), identity)
    }

    /// The process it is a thread of.
    #[inline]
    pub fn process(&self) -> &Arc<Process> {
        &self.process
    }

    /// Whether it goes by the process's own id.
    pub fn is_leader(&self) -> bool {
        self.id() == self.process.id()
    }

    /// The kernel thread that runs it, once that has been made.
    pub fn thread(&self) -> Option<&Arc<Thread>> {
        self.thread.get()
    }

    pub(crate) fn set_thread(&self, thread: Arc<Thread>) {
        let _ = self.thread.set(thread);
    }

    /// When it was made.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// What its ABI remembers about it, if that is a `T`.
    pub fn abi_state<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.raw_abi_state().downcast::<T>().ok()
    }

    pub(crate) fn raw_abi_state(&self) -> AbiState {
        self.abi_state.lock().clone()
    }

    pub(crate) fn set_abi_state(&self, state: AbiState) -> AbiState {
        core::mem::replace(&mut *self.abi_state.lock(), state)
    }

    /// Sets the address whose 32-bit word is cleared, and its waiters woken, when the task ends (0 for none).
    pub fn set_clear_on_exit(&self, address: usize) {
        self.clear_on_exit.store(address, Ordering::Relaxed);
    }

    /// The address set by [`Task::set_clear_on_exit`].
    pub fn clear_on_exit(&self) -> usize {
        self.clear_on_exit.load(Ordering::Relaxed)
    }

    /// What it used so far.
    pub fn usage(&self) -> ResourceUsage {
        let mut usage = ResourceUsage {
            faults: self.faults.load(Ordering::Relaxed),
            ..ResourceUsage::default()
        };
        if let Some(thread) = self.thread() {
            crate::accounting::add_thread(&mut usage, thread);
        }
        usage
    }

    /// Whether it is to end. Loops that wait on behalf of the task end when this is true.
    pub fn is_killed(&self) -> bool {
        self.killed.load(Ordering::Acquire)
    }

    /// Makes it end at its next return to user mode, and wakes it for that.
    pub(crate) fn kill(&self) {
        self.killed.store(true, Ordering::Release);
        self.notice();
    }

    /// Makes it look at its events before the next return to user mode; ends an interruptible sleep.
    pub(crate) fn notice(&self) {
        self.work.store(true, Ordering::Release);
        // Pairs with the fence of a task that starts: it sees the work, or its thread is seen here.
        fence(Ordering::SeqCst);
        if let Some(thread) = self.thread() {
            thread.interrupt();
        }
    }

    /// Whether events or an end wait for it.
    #[inline]
    pub fn has_work(&self) -> bool {
        self.work.load(Ordering::Acquire)
    }

    /// The same, for somebody who only decides whether to ask [`Task::has_work`]: it says nothing of what was written
    /// before the work came.
    #[inline]
    pub(crate) fn seems_to_have_work(&self) -> bool {
        self.work.load(Ordering::Relaxed)
    }

    pub(crate) fn clear_work(&self) {
        self.work.store(false, Ordering::Release);
        self.clear_interrupt();
    }

    /// Withdraws an interruption of its thread; work that waits stays.
    pub(crate) fn clear_interrupt(&self) {
        if let Some(thread) = self.thread() {
            thread.clear_interrupt();
        }
    }

    /// Makes it look at its events before the next return to user mode, whether there are any or not: for whoever leaves
    /// something to be decided there.
    pub fn look_at_events(&self) {
        self.work.store(true, Ordering::Release);
    }

    /// Makes it ask again who answers its calls, at its next return to user mode.
    pub(crate) fn look_again(&self) {
        self.image_changed.store(true, Ordering::Release);
        self.work.store(true, Ordering::Release);
    }

    /// The events it blocks.
    pub fn blocked(&self) -> EventSet {
        self.events.lock().blocked()
    }

    /// Blocks exactly these from now on (KILL and STOP are never among them); returns what was blocked before.
    pub fn set_blocked(&self, blocked: EventSet) -> EventSet {
        let old = self.events.lock().set_blocked(blocked);
        self.notice_if_pending();
        if !blocked.without(old).is_empty() {
            self.process.retarget();
        }
        old
    }

    /// Events that are pending for it or its process, blocked ones included.
    pub fn pending(&self) -> EventSet {
        let own = self.events.lock().pending().set();
        own.union(self.process.pending())
    }

    /// Whether an event waits that it does not block.
    pub(crate) fn hears_something(&self) -> bool {
        self.has_work() && !self.pending().without(self.blocked()).is_empty()
    }

    /// Looks at its events again, after the mask or the pending sets changed.
    pub(crate) fn notice_if_pending(&self) {
        let blocked = self.blocked();
        if !self.pending().without(blocked).is_empty() {
            self.notice();
        }
    }

    /// Blocks exactly `blocked` until an event is delivered, and sleeps until there is one (sigsuspend). Always ends
    /// with [`Error::Interrupted`]. The old mask comes back after the event's handler.
    pub fn suspend_until_event(&self, blocked: EventSet) -> Error {
        self.block_temporarily(blocked);
        let queue = base::wait::WaitQueue::new();
        match queue.wait_interruptible::<core::convert::Infallible>(None, || None) {
            Ok(never) => match never {},
            Err(error) => error,
        }
    }

    /// Blocks exactly `blocked` until the next look at events has ended (ppoll, pselect, epoll_pwait, sigsuspend). An
    /// ABI whose call did not end by an interruption calls [`Task::end_temporary_mask`] itself.
    pub fn block_temporarily(&self, blocked: EventSet) {
        self.events.lock().block_temporarily(blocked);
        self.notice_if_pending();
    }

    /// Brings back the mask from before [`Task::block_temporarily`].
    pub fn end_temporary_mask(&self) {
        self.events.lock().end_temporary_mask();
        self.notice_if_pending();
    }

    /// Takes a pending event of `wanted`, blocked or not, or waits for one until the deadline (sigtimedwait).
    pub fn wait_for_event(&self, wanted: EventSet, deadline: Option<Instant>) -> Result<EventInfo> {
        let wanted = wanted.blockable();
        self.events.lock().set_waiting(wanted);
        let mut result = None;
        let queue = base::wait::WaitQueue::new();
        let ended = queue.wait_interruptible(deadline, || {
            result = self.take_pending(wanted);
            result.map(|_| ())
        });
        self.events.lock().set_waiting(EventSet::EMPTY);
        let taken = result.or_else(|| self.take_pending(wanted));
        self.notice_again();
        match (taken, ended) {
            (Some(info), _) => Ok(info),
            (None, Ok(())) => Err(Error::WouldBlock),
            (None, Err(Error::TimedOut)) => Err(Error::WouldBlock),
            (None, Err(error)) => Err(error),
        }
    }

    /// Takes a pending event of `wanted` if there is one.
    pub fn take_pending(&self, wanted: EventSet) -> Option<EventInfo> {
        let own = self.events.lock().take(wanted);
        own.or_else(|| self.process.shared.lock().pending.take(wanted))
    }

    /// After a sleep that an event ended which turned out not to matter: interruptible sleeps work again.
    pub(crate) fn notice_again(&self) {
        self.clear_work();
        if self.is_killed() || self.process.wants_attention() {
            self.notice();
        }
        self.notice_if_pending();
    }

    /// Sleeps on `queue` until `condition` holds, `deadline` passes or the task is killed; other events wait.
    pub(crate) fn wait_killable<T>(
        &self,
        queue: &base::wait::WaitQueue,
        deadline: Option<Instant>,
        mut condition: impl FnMut() -> Option<T>,
    ) -> Result<T> {
        let result = loop {
            match queue.wait_interruptible(deadline, &mut condition) {
                Ok(value) => break Ok(value),
                Err(Error::TimedOut) => break Err(Error::TimedOut),
                Err(error) if self.is_killed() => break Err(error),
                Err(_) => {
                    // The order matters: a kill after this line interrupts the next sleep.
                    self.clear_interrupt();
                    if self.is_killed() {
                        break Err(Error::Interrupted);
                    }
                }
            }
        };
        self.notice_again();
        result
    }
}

impl core::fmt::Debug for Task {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "task {} of {:?}", self.id(), self.process)
    }
}

/// A task as an owner of its kernel thread.
pub(crate) fn as_owner(task: &Arc<Task>) -> Weak<dyn Any + Send + Sync> {
    let weak: Weak<Task> = Arc::downgrade(task);
    weak
}
