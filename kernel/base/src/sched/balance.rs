//! Moving threads that wait from one CPU to another.
//!
//! Two ways, for two moments. A CPU that becomes idle *takes* from the longest queue. A CPU whose
//! running thread has used up its slice *gives*, if another one idles or has clearly less to do:
//! an idle CPU sleeps until it is called, so one that came too early, found the only candidate not
//! yet off its CPU and halted, would otherwise leave two computing threads together for as long as
//! they compute.
//!
//! Nobody moves a thread whose registers are not saved yet, nor one that its waker keeps for a
//! moment (`stays_until`), nor one to where its affinity does not allow it.

use super::placement::{CpuView, allows};
use super::policy::Entity;
use super::queue::{CPUS, Cpu};
use crate::thread::Thread;
use ::core::sync::atomic::Ordering;
use alloc::sync::Arc;

/// A waiting thread for this CPU, which has none: from the longest queue.
pub(super) fn take() -> Option<(Entity, Arc<Thread>)> {
    let here = hal::cpu::id();
    let victim = (0..hal::cpu::count())
        .filter(|number| *number != here && CPUS.of(*number).view().load > 1)
        .max_by_key(|number| CPUS.of(*number).view().load)?;
    let taken = detach(CPUS.of(victim), here);
    if taken.is_some() {
        CPUS.of(here).counts.stolen.increment();
    }
    taken
}

/// Gives one of the threads that wait for this CPU, `cpu`, to another that has less to do, if
/// there is such a one. Interrupts are off.
pub(super) fn give(cpu: &Cpu) {
    let here = hal::cpu::id();
    let load = cpu.view().load;
    for target in 0..hal::cpu::count() {
        if target == here || !has_room(CPUS.of(target).view(), load) {
            continue;
        }
        if let Some((entity, thread)) = detach(cpu, target) {
            cpu.counts.given.increment();
            thread.scheduling.cpu.store(target, Ordering::Relaxed);
            super::core::attach(target, entity, thread);
            return;
        }
    }
}

/// Whether who waits on a CPU of this load is better off on one that looks like `other`.
fn has_room(other: CpuView, load: usize) -> bool {
    other.idle || other.load + 2 <= load
}

/// Takes a thread that waits on `from` and may run on `target` out of its queue.
fn detach(from: &Cpu, target: usize) -> Option<(Entity, Arc<Thread>)> {
    let now = hal::timer::now_ns();
    let mut queue = from.queue.lock();
    let detached = queue.fair.give_away(|thread| {
        allows(thread.scheduling.affinity(), target)
            && !thread.kernel.is_on_cpu()
            && thread.scheduling.stays_until.load(Ordering::Relaxed) <= now
    });
    from.publish(&queue);
    detached
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_where_the_thread_would_wait_less() {
        let busy = |load| CpuView { idle: false, load };
        let idle = CpuView {
            idle: true,
            load: 0,
        };
        assert!(has_room(idle, 2));
        assert!(!has_room(busy(1), 2), "it would wait just as long there");
        assert!(has_room(busy(1), 3));
        assert!(!has_room(busy(3), 3));
    }
}
