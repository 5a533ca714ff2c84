//! Switching threads, and queueing them.

use super::habit::Guess;
use super::placement;
use super::policy::Entity;
use super::queue::{self, CPUS, Cpu};
use super::tick;
use crate::thread::Thread;
use ::core::sync::atomic::{Ordering, fence};
use alloc::sync::Arc;

/// How long a thread is kept for a waker that should sleep at once, before it is seen to otherwise.
const KEPT_AT_ONCE_NS: u64 = 200_000;

/// The same for a waker that should sleep soon.
const KEPT_SOON_NS: u64 = 400_000;

/// Why the current thread gives up its CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leave {
    /// It lets others run, if there are any.
    Yield,
    /// Its time is up.
    Preempted,
    /// It sleeps until unparked, unless that has happened already.
    Park,
}

/// Gives up the CPU; returns when the thread has one again, which may be another.
pub(crate) fn switch(leave: Leave) {
    let _interrupts = hal::interrupt::disable();
    let cpu = CPUS.of(hal::cpu::id());
    let Some(current) = queue::current() else {
        return;
    };
    if leave == Leave::Park && !current.state.try_park() {
        return;
    }
    let now = hal::timer::now_ns();
    let counter = match leave {
        Leave::Preempted => &current.scheduling.preemptions,
        _ => &current.scheduling.switches,
    };
    counter.store(counter.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    if leave == Leave::Park {
        current.scheduling.habit.sleeps(now);
    }
    hal::cpu::mark(hal::cpu::id(), false);
    let next = {
        let mut queue = cpu.queue.lock();
        queue.charge(now);
        let may_stay = placement::allows(current.scheduling.affinity(), hal::cpu::id());
        match leave {
            Leave::Yield | Leave::Preempted if may_stay => {
                if queue.fair.waiting() == 0 {
                    cpu.publish(&queue);
                    drop(queue);
                    tick::program(cpu);
                    return;
                }
                queue.fair.requeue_running(current.clone());
            }
            _ => {
                if let Some(entity) = queue.fair.take_running() {
                    let lag = &current.scheduling.lag;
                    lag.store(entity.lag, Ordering::Relaxed);
                }
                if leave != Leave::Park {
                    *cpu.departed.lock() = Some(current.clone());
                    cpu.has_departed.store(true, Ordering::Relaxed);
                }
            }
        }
        let yields = leave == Leave::Yield;
        let next = queue
            .fair
            .pick(|thread| !yields || !Arc::ptr_eq(thread, &current))
            .or_else(|| queue.fair.pick(|_| true));
        cpu.publish(&queue);
        next
    };
    match next {
        Some(next) if Arc::ptr_eq(&next, &current) => tick::program(cpu),
        Some(next) => {
            current.scheduling.end_run();
            drop(current);
            run(cpu, next);
        }
        None => {
            current.scheduling.end_run();
            drop(current);
            run_idle(cpu);
        }
    }
}

/// Ends the current thread. Nothing this function holds is left on its stack when it leaves.
pub(crate) fn exit() -> ! {
    ::core::mem::forget(hal::interrupt::disable());
    let cpu = CPUS.of(hal::cpu::id());
    let now = hal::timer::now_ns();
    let next = {
        let mut queue = cpu.queue.lock();
        queue.charge(now);
        queue.fair.take_running();
        let next = queue.fair.pick(|_| true);
        cpu.publish(&queue);
        next
    };
    if let Some(current) = queue::current() {
        current.scheduling.end_run();
    }
    match next {
        Some(next) => run(cpu, next),
        None => run_idle(cpu),
    }
    unreachable!("a thread that has ended is in no queue");
}

/// Continues `next` on this CPU. Returns when the caller is continued. Interrupts are off.
pub(super) fn run(cpu: &Cpu, next: Arc<Thread>) {
    next.scheduling.begin_run();
    next.scheduling.cpu.store(hal::cpu::id(), Ordering::Relaxed);
    next.activate_space();
    cpu.pay_from(next.scheduling.payer());
    cpu.counts.switches.increment();
    // From here on the CPU owns it: a sleeping thread's stack must not keep another one alive.
    let kernel = next.kernel.clone();
    queue::set_current(next);
    tick::program(cpu);
    hal::thread::switch_to(kernel);
    arrived();
}

/// Continues this CPU's idle thread. Interrupts are off.
fn run_idle(cpu: &Cpu) {
    if let Some(idle) = cpu.idle.get() {
        cpu.counts.switches.increment();
        let kernel = idle.kernel.clone();
        queue::set_current(idle.clone());
        hal::thread::switch_to(kernel);
        arrived();
    }
}

/// What a thread does first when it has been switched to, wherever that is: the thread before it
/// has left its stack now, and may be sent elsewhere.
pub(crate) fn arrived() {
    // Pairs with the fence in `Thread::interrupt`.
    fence(Ordering::SeqCst);
    let cpu = CPUS.of(hal::cpu::id());
    if cpu.has_departed.load(Ordering::Relaxed) {
        cpu.has_departed.store(false, Ordering::Relaxed);
        let departed = cpu.departed.lock().take();
        if let Some(thread) = departed {
            enqueue(thread, None);
        }
    }
}

/// Makes a thread runnable because the current one, or an interrupt, has something for it.
///
/// A waker that is about to sleep itself keeps the woken one: it continues here when the waker
/// leaves, without an interrupt to another CPU and the way back. Whether the waker will sleep is
/// guessed from what it did before (`habit`); if the guess is wrong, the woken one gets this CPU or
/// an idle one a little later.
pub(crate) fn wake(thread: Arc<Thread>) {
    let _interrupts = hal::interrupt::disable();
    let guess = if hal::interrupt::in_handler() {
        None
    } else {
        let now = hal::timer::now_ns();
        queue::with_current(|current| current.map(|waker| waker.scheduling.habit.wakes(now)))
    };
    enqueue(thread, guess);
}

/// For how long a woken thread is kept for its waker's CPU, by what the waker is expected to do;
/// `None` if it is not.
fn kept_for(thread: &Thread, guess: Option<Guess>, now: u64) -> Option<u64> {
    let guess = guess?;
    let here = hal::cpu::id();
    let affinity = thread.scheduling.affinity();
    // Room for one is made by one.
    if !placement::allows(affinity, here) || CPUS.of(here).view().load != 1 {
        return None;
    }
    if guess.at_once {
        return Some(KEPT_AT_ONCE_NS);
    }
    let keeps = match idle_cpu(affinity) {
        None => guess.soon,
        Some(idle) => CPUS.of(idle).answer.is_slow(now),
    };
    keeps.then_some(KEPT_SOON_NS)
}

/// Makes a thread runnable that is in no queue: chooses its CPU, and makes that look if it should.
/// `guess` is what its waker, the current thread, will do.
fn enqueue(thread: Arc<Thread>, guess: Option<Guess>) {
    let _interrupts = hal::interrupt::disable();
    let here = hal::cpu::id();
    let last = thread.scheduling.cpu.load(Ordering::Relaxed);
    let affinity = thread.scheduling.affinity();
    let now = hal::timer::now_ns();
    CPUS.of(here).counts.wakes.increment();
    let (target, kept) = if thread.kernel.is_on_cpu() {
        // Still leaving that CPU; only there can it be continued without waiting.
        (last, None)
    } else if let Some(kept) = kept_for(&thread, guess, now) {
        (here, Some(kept))
    } else {
        let mut views = [placement::CpuView {
            idle: false,
            load: 0,
        }; hal::MAX_CPUS];
        let count = hal::cpu::count();
        for (number, view) in views.iter_mut().enumerate().take(count) {
            *view = CPUS.of(number).view();
        }
        (
            placement::choose(&views[..count], affinity, last, here),
            None,
        )
    };
    let cpu = CPUS.of(target);
    thread.scheduling.cpu.store(target, Ordering::Relaxed);
    let mut entity = Entity::new(thread.scheduling.weight());
    entity.lag = thread.scheduling.lag.load(Ordering::Relaxed);
    let until = kept.map_or(0, |kept| now + kept);
    thread
        .scheduling
        .stays_until
        .store(until, Ordering::Relaxed);
    let queued = insert(cpu, now, entity, thread);
    if kept.is_some() && queued.waits {
        cpu.counts.kept.increment();
        cpu.share_with.store(affinity, Ordering::Relaxed);
        cpu.share_at.store(until, Ordering::Relaxed);
        tick::program(cpu);
        return;
    }
    call(target, &queued);
    if queued.waits {
        // It was bound to a busy CPU (it had not left it yet); an idle one may come and take it.
        nudge_idle(affinity);
    }
}

/// Queues a thread of another CPU's queue on `target`, and makes that look if it should.
/// Interrupts are off.
pub(super) fn attach(target: usize, entity: Entity, thread: Arc<Thread>) {
    let queued = insert(CPUS.of(target), hal::timer::now_ns(), entity, thread);
    call(target, &queued);
}

/// How a queue looks after a thread was added.
struct Queued {
    /// It should run before who runs there.
    preempts: bool,
    /// It is the only one that waits.
    first: bool,
    /// Somebody else runs there.
    waits: bool,
}

/// Adds a thread to a queue.
fn insert(cpu: &Cpu, now: u64, entity: Entity, thread: Arc<Thread>) -> Queued {
    let mut queue = cpu.queue.lock();
    queue.charge(now);
    let preempts = queue.fair.enqueue(entity, thread);
    cpu.publish(&queue);
    Queued {
        preempts,
        first: queue.fair.waiting() == 1,
        waits: queue.fair.running().is_some(),
    }
}

/// Makes the CPU `target` look at its queue, if it should after what was added.
fn call(target: usize, queued: &Queued) {
    if queued.preempts {
        hal::cpu::mark(target, true);
    }
    if target != hal::cpu::id() {
        // It must switch, or from now on end its running thread's slices.
        if queued.preempts || queued.first {
            CPUS.of(target).nudge(target);
        }
    } else if queued.first && !queued.preempts {
        tick::program(CPUS.of(target));
    }
}

/// An idle CPU out of `affinity`, if there is one.
fn idle_cpu(affinity: placement::CpuMask) -> Option<usize> {
    (0..hal::cpu::count())
        .find(|number| placement::allows(affinity, *number) && CPUS.of(*number).view().idle)
}

/// Makes an idle CPU out of `affinity` look at the queues, if there is one.
pub(super) fn nudge_idle(affinity: placement::CpuMask) {
    if let Some(idle) = idle_cpu(affinity) {
        CPUS.of(idle).nudge(idle);
    }
}
