//! Bringing the scheduler up, CPU by CPU.

use super::queue::{self, CPUS};
use super::{idle, policy, tick};
use crate::Result;
use crate::thread::Thread;
use alloc::format;

/// Starts the scheduler: the caller becomes the first thread, the other CPUs come up idle, and
/// interrupts are enabled. Called once, by the first CPU, before anything can sleep.
///
/// The interrupt controller should be set before, so that the other CPUs ready their part of it.
pub fn init() -> Result<()> {
    let cpu = CPUS.of(hal::cpu::id());
    let idle = Thread::new_idle("idle/0", idle::main)?;
    let _ = cpu.idle.set(idle);
    let boot = Thread::adopt_boot("kernel");
    super::note_started(&boot);
    let now = hal::timer::now_ns();
    boot.scheduling.begin_run();
    {
        let mut queue = cpu.queue.lock();
        queue.charged_to = now;
        queue
            .fair
            .enqueue(policy::Entity::new(policy::NICE_0_WEIGHT), boot.clone());
        queue.fair.pick(|_| true);
        cpu.publish(&queue);
    }
    queue::set_current(boot);
    hal::interrupt::set_tick_handler(tick::tick);
    hal::interrupt::set_kick_handler(tick::kick);
    hal::interrupt::enable_at_start();
    hal::cpu::start_others(secondary);
    crate::work::start()
}

/// Where the other CPUs come up, with interrupts disabled: each becomes its own idle thread.
fn secondary() {
    let number = hal::cpu::id();
    let cpu = CPUS.of(number);
    let idle = Thread::adopt_boot(&format!("idle/{number}"));
    queue::set_current(idle.clone());
    let _ = cpu.idle.set(idle);
    {
        let queue = cpu.queue.lock();
        cpu.publish(&queue);
    }
    hal::interrupt::init_cpu();
    idle::main();
}
