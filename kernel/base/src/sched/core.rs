//! Switching threads, and queueing them.

use super::placement;
use super::policy::Entity;
use super::queue::{self, CPUS, Cpu};
use super::tick;
use crate::thread::{SOON_NS, Thread};
use ::core::sync::atomic::Ordering;
use alloc::sync::Arc;

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
        current.scheduling.sleeps(now);
    }
    cpu.reschedule.store(false, Ordering::Relaxed);
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
            current.scheduling.count_system();
            drop(current);
            run(cpu, next);
        }
        None => {
            current.scheduling.count_system();
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
        current.scheduling.count_system();
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
    cpu.switches.fetch_add(1, Ordering::Relaxed);
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
        cpu.switches.fetch_add(1, Ordering::Relaxed);
        let kernel = idle.kernel.clone();
        queue::set_current(idle.clone());
        hal::thread::switch_to(kernel);
        arrived();
    }
}

/// What a thread does first when it has been switched to, wherever that is: the thread before it
/// has left its stack now, and may be sent elsewhere.
pub(crate) fn arrived() {
    let cpu = CPUS.of(hal::cpu::id());
    if cpu.has_departed.load(Ordering::Relaxed) {
        cpu.has_departed.store(false, Ordering::Relaxed);
        let departed = cpu.departed.lock().take();
        if let Some(thread) = departed {
            enqueue(thread, false);
        }
    }
}

/// Makes a thread runnable because the current one, or an interrupt, has something for it.
///
/// A waker that is about to sleep itself keeps the woken one: it continues here when the waker
/// leaves, without an interrupt to another CPU and the way back. Whether the waker will sleep is
/// guessed from the last time; if the guess is wrong, an idle CPU takes the thread a little later.
pub(crate) fn wake(thread: Arc<Thread>) {
    let stays = !hal::interrupt::in_handler() && {
        let now = hal::timer::now_ns();
        queue::with_current(|current| current.is_some_and(|waker| waker.scheduling.wakes(now)))
    };
    enqueue(thread, stays);
}

/// Makes a thread runnable that is in no queue: chooses its CPU, and makes that look if it should.
/// With `stays` the current thread makes room here soon.
fn enqueue(thread: Arc<Thread>, stays: bool) {
    let _interrupts = hal::interrupt::disable();
    let here = hal::cpu::id();
    let last = thread.scheduling.cpu.load(Ordering::Relaxed);
    let affinity = thread.scheduling.affinity();
    let on_cpu = thread.kernel.is_on_cpu();
    // Room for one is made by one.
    let stays =
        stays && !on_cpu && placement::allows(affinity, here) && CPUS.of(here).view().load == 1;
    let target = if on_cpu {
        // Still leaving that CPU; only there can it be continued without waiting.
        last
    } else if stays {
        here
    } else {
        let mut views = [placement::CpuView {
            idle: false,
            load: 0,
        }; hal::MAX_CPUS];
        let count = hal::cpu::count();
        for (number, view) in views.iter_mut().enumerate().take(count) {
            *view = CPUS.of(number).view();
        }
        placement::choose(&views[..count], affinity, last, here)
    };
    let cpu = CPUS.of(target);
    thread.scheduling.cpu.store(target, Ordering::Relaxed);
    let mut entity = Entity::new(thread.scheduling.weight());
    entity.lag = thread.scheduling.lag.load(Ordering::Relaxed);
    let now = hal::timer::now_ns();
    let until = if stays { now + SOON_NS } else { 0 };
    thread
        .scheduling
        .stays_until
        .store(until, Ordering::Relaxed);
    let (preempts, first, waits) = {
        let mut queue = cpu.queue.lock();
        queue.charge(now);
        let preempts = queue.fair.enqueue(entity, thread);
        cpu.publish(&queue);
        (
            preempts,
            queue.fair.waiting() == 1,
            queue.fair.running().is_some(),
        )
    };
    if stays && waits {
        if hal::cpu::count() > 1 {
            cpu.share_at.store(until, Ordering::Relaxed);
        }
        tick::program(cpu);
        return;
    }
    if preempts {
        cpu.reschedule.store(true, Ordering::Relaxed);
    }
    if target != here {
        // It must switch, or from now on end its running thread's slices.
        if preempts || first {
            cpu.nudge(target);
        }
    } else if first && !preempts {
        tick::program(cpu);
    }
    if waits {
        // It was bound to a busy CPU (it had not left it yet); an idle one may come and take it.
        nudge_idle(affinity);
    }
}

/// Makes an idle CPU out of `affinity` look at the queues, if there is one.
pub(super) fn nudge_idle(affinity: placement::CpuMask) {
    let idle = (0..hal::cpu::count())
        .find(|number| placement::allows(affinity, *number) && CPUS.of(*number).view().idle);
    if let Some(idle) = idle {
        CPUS.of(idle).nudge(idle);
    }
}
