//! What a CPU does when no thread wants it: take work from another CPU, or halt.

use super::balance;
use super::core::run;
use super::queue::{CPUS, Cpu};
use super::tick;
use crate::thread::Thread;
use alloc::sync::Arc;

/// How long an idle CPU watches for work before it halts, at most. Two threads that talk through a
/// pipe wake each other many times a millisecond; halting, the interrupt that ends it and the way
/// back cost more than the work in between, and under an emulator very much more.
const WATCH_MOST_NS: u64 = 40_000;

/// How long it watches at first when that may be worth while again.
const WATCH_LEAST_NS: u64 = 5_000;

/// A halt that ends this soon would have been worth watching for.
const HALTED_BRIEFLY_NS: u64 = 100_000;

/// Whether anybody could nudge an idle CPU. The hosted machine simulates no time for watching.
fn watches() -> bool {
    cfg!(target_os = "none") && hal::cpu::count() > 1
}

/// How long to watch the next time, after watching for `watched_ns` was in vain and the CPU halted
/// for `halted_ns`: longer if the work came soon after, else shorter, in the end not at all.
fn adapt(watched_ns: u64, halted_ns: u64) -> u64 {
    if halted_ns <= HALTED_BRIEFLY_NS {
        (watched_ns * 2).clamp(WATCH_LEAST_NS, WATCH_MOST_NS)
    } else if watched_ns > WATCH_LEAST_NS {
        watched_ns / 2
    } else {
        0
    }
}

/// The idle thread's life. Entered with interrupts disabled.
pub(super) fn main() {
    super::arrived();
    let mut watch_ns = 0;
    loop {
        let interrupts = hal::interrupt::disable();
        let cpu = CPUS.of(hal::cpu::id());
        hal::cpu::mark(hal::cpu::id(), false);
        cpu.forget_nudges();
        cpu.answer.come(hal::timer::now_ns());
        if let Some(next) = next_thread(cpu) {
            run(cpu, next);
            drop(interrupts);
            continue;
        }
        tick::program(cpu);
        let before = hal::timer::now_ns();
        // Interrupts are disabled since the look at the queues: a kick from now on ends the halt.
        let mut nudged = false;
        let mut watched_until = before;
        if watches() && watch_ns > 0 && !cpu.answer.is_slow(before) {
            watched_until = before + watch_ns;
            let longest;
            (nudged, longest) = cpu.watch(before, watched_until);
            // Two looks that are far apart show that the CPU is not this machine's alone: a
            // hypervisor ran something else. Then watching takes time from just those it waits for.
            cpu.answer.was_away(hal::timer::now_ns(), longest);
        }
        if nudged {
            cpu.counts.watched.increment();
        } else {
            cpu.counts.halts.increment();
            hal::cpu::halt_until_interrupt();
            let halted = hal::timer::now_ns().saturating_sub(watched_until);
            watch_ns = adapt(watch_ns, halted);
        }
        let slept = hal::timer::now_ns().saturating_sub(before);
        cpu.counts.idle_ns.add(slept);
        drop(interrupts);
    }
}

/// The next thread of this CPU's queue, or of another's.
fn next_thread(cpu: &Cpu) -> Option<Arc<Thread>> {
    let now = hal::timer::now_ns();
    let mut queue = cpu.queue.lock();
    queue.charged_to = queue.charged_to.max(now);
    if queue.fair.waiting() == 0 {
        drop(queue);
        let (entity, thread) = balance::take()?;
        queue = cpu.queue.lock();
        queue.fair.enqueue(entity, thread);
    }
    let next = queue.fair.pick(|_| true);
    cpu.publish(&queue);
    next
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn watching_is_learnt_and_forgotten() {
        let mut watch = 0;
        for _ in 0..8 {
            watch = adapt(watch, 10_000);
        }
        assert_eq!(watch, WATCH_MOST_NS);
        for _ in 0..8 {
            watch = adapt(watch, 10_000_000);
        }
        assert_eq!(watch, 0);
    }
}
