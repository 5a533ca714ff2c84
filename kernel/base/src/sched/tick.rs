//! The timer's and the other CPUs' interrupts, and when to ask for the former.

use super::queue::{CPUS, Cpu, with_current};
use super::statistics;
use crate::thread::Thread;
use crate::time::{self, Instant};
use ::core::sync::atomic::Ordering;

/// How soon the interrupt of a running thread is repeated, until it has been noticed.
const SECOND_LOOK_NS: u64 = 200_000;

/// The deadline has passed: runs timers, and ends a used-up slice. In interrupt context.
pub(super) fn tick() {
    let cpu = CPUS.of(hal::cpu::id());
    cpu.counts.ticks.increment();
    cpu.programmed.store(u64::MAX, Ordering::Relaxed);
    time::expire(time::now());
    let now = hal::timer::now_ns();
    let used_up = {
        let mut queue = cpu.queue.lock();
        let used_up = queue.charge(now);
        cpu.publish(&queue);
        used_up
    };
    let mut overdue = false;
    if cpu.share_at.load(Ordering::Relaxed) <= now {
        cpu.share_at.store(u64::MAX, Ordering::Relaxed);
        // If nobody else comes for it, who has waited longest for its share runs next here.
        super::core::nudge_idle(cpu.share_with.load(Ordering::Relaxed));
        overdue = true;
    }
    if used_up {
        super::balance::give(cpu);
    }
    if used_up || overdue {
        hal::cpu::mark(hal::cpu::id(), true);
    }
    statistics::sample_load(now);
    program(cpu);
    come_again_for_the_interrupted(cpu);
}

/// Another CPU has queued something here, or interrupted the thread that runs. In interrupt context.
pub(super) fn kick() {
    let cpu = CPUS.of(hal::cpu::id());
    program(cpu);
    come_again_for_the_interrupted(cpu);
}

/// This interrupt may have come after the thread looked whether it was interrupted, but before it
/// went to user mode, from where only another one would bring it back.
fn come_again_for_the_interrupted(cpu: &Cpu) {
    let interrupted = |thread: Option<&Thread>| thread.is_some_and(Thread::is_interrupted);
    if with_current(interrupted) {
        set(cpu, hal::timer::now_ns() + SECOND_LOOK_NS);
    }
}

/// Sets the hardware deadline for what this CPU must do first. Interrupts are off.
pub(super) fn program(cpu: &Cpu) {
    let first = time::first_deadline().map_or(u64::MAX, Instant::as_nanos);
    let slice_end = cpu.slice_end.load(Ordering::Relaxed);
    let share_at = cpu.share_at.load(Ordering::Relaxed);
    set(cpu, first.min(slice_end).min(share_at));
}

/// A timer was added to this CPU's queue. Interrupts are off.
pub(crate) fn deadline_added(deadline: Instant) {
    set(CPUS.of(hal::cpu::id()), deadline.as_nanos());
}

/// Only ever moves the deadline closer: a tick that finds nothing to do is rare, and cheaper than
/// programming the hardware at every switch.
fn set(cpu: &Cpu, wanted: u64) {
    if wanted < cpu.programmed.load(Ordering::Relaxed) {
        cpu.programmed.store(wanted, Ordering::Relaxed);
        cpu.counts.deadlines.increment();
        hal::timer::set_deadline_ns(Some(wanted));
    }
}
