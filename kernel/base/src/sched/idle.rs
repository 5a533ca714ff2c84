//! What a CPU does when no thread wants it: take work from another CPU, or halt.

use super::core::run;
use super::placement::allows;
use super::queue::{CPUS, Cpu};
use super::tick;
use crate::thread::Thread;
use ::core::sync::atomic::Ordering;
use alloc::sync::Arc;

/// The idle thread's life. Entered with interrupts disabled.
pub(super) fn main() {
    super::arrived();
    loop {
        let interrupts = hal::interrupt::disable();
        let cpu = CPUS.of(hal::cpu::id());
        cpu.reschedule.store(false, Ordering::Relaxed);
        if let Some(next) = next_thread(cpu) {
            run(cpu, next, hal::timer::now_ns());
            drop(interrupts);
            continue;
        }
        tick::program(cpu);
        let before = hal::timer::now_ns();
        // Interrupts are disabled since the look at the queues: a kick from now on ends the halt.
        hal::cpu::halt_until_interrupt();
        let slept = hal::timer::now_ns().saturating_sub(before);
        cpu.idle_ns.fetch_add(slept, Ordering::Relaxed);
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
        let (entity, thread) = steal()?;
        queue = cpu.queue.lock();
        queue.fair.enqueue(entity, thread);
    }
    let next = queue.fair.pick(|_| true);
    cpu.publish(&queue);
    next
}

/// Takes a thread that waits on another CPU and may run here: from the longest queue, and never
/// one that has not left its CPU yet.
fn steal() -> Option<(super::policy::Entity, Arc<Thread>)> {
    let here = hal::cpu::id();
    let victim = (0..hal::cpu::count())
        .filter(|number| *number != here && CPUS.of(*number).view().load > 1)
        .max_by_key(|number| CPUS.of(*number).view().load)?;
    let other = CPUS.of(victim);
    let mut queue = other.queue.lock();
    let given = queue.fair.give_away(|thread| {
        allows(thread.scheduling.affinity(), here) && !thread.kernel.is_on_cpu()
    });
    other.publish(&queue);
    given
}
