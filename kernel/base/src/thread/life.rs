//! Threads begin and end.

use super::{Entry, Thread, current};
use crate::time::Instant;
use crate::{Error, Result, sched};
use alloc::boxed::Box;
use alloc::sync::Arc;
use hal::thread::KernelThread;

/// Starts a thread that runs `entry`.
pub fn spawn(name: &str, entry: impl FnOnce() + Send + 'static) -> Result<Arc<Thread>> {
    spawn_with(name, |_| (), entry)
}

/// As [`spawn`], but lets `prepare` set the thread up (owner, address space, affinity, nice)
/// before it can run.
pub fn spawn_with(
    name: &str,
    prepare: impl FnOnce(&Arc<Thread>),
    entry: impl FnOnce() + Send + 'static,
) -> Result<Arc<Thread>> {
    // The function itself is the closure, so that nothing of it is left behind by `exit`.
    let kernel = KernelThread::new(name, Box::new(main))?;
    let entry: Entry = Box::new(entry);
    let thread = Thread::new(name, kernel, Some(entry));
    if let Some(parent) = super::try_current() {
        thread.scheduling.inherit(&parent.scheduling);
    }
    prepare(&thread);
    sched::note_started(&thread);
    sched::wake(thread.clone());
    Ok(thread)
}

/// Where every spawned thread begins: interrupts are still disabled by the switch to it.
fn main() {
    sched::arrived();
    hal::interrupt::enable_at_start();
    let entry = current().entry.lock().take();
    if let Some(entry) = entry {
        entry();
    }
    exit()
}

/// Ends the current thread. What its stack holds is never dropped.
pub fn exit() -> ! {
    {
        let thread = current();
        thread.set_user_space(None);
        let waiter = thread.waiter.lock().take();
        drop(waiter);
        sched::note_ended(&thread);
        thread.state.die();
        thread.ended.wake_all();
    }
    sched::exit()
}

/// Sleeps until `deadline`; [`Error::Interrupted`] if the thread is interrupted before.
pub fn sleep_until(deadline: Instant) -> Result<()> {
    let waiter = super::borrow_waiter();
    let woken = waiter.wait(Some(deadline), true);
    super::return_waiter(waiter);
    match woken {
        Err(Error::TimedOut) => Ok(()),
        other => other,
    }
}

impl Thread {
    /// The thread that a CPU has been running since it started.
    pub(crate) fn adopt_boot(name: &str) -> Arc<Thread> {
        Thread::new(name, KernelThread::adopt_boot(), None)
    }

    /// A thread that only the scheduler switches to.
    pub(crate) fn new_idle(name: &str, main: fn()) -> Result<Arc<Thread>> {
        Ok(Thread::new(
            name,
            KernelThread::new(name, Box::new(main))?,
            None,
        ))
    }
}
