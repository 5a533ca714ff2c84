//! The simulated CPUs: when each goes on, when interrupts come, how time passes.
//!
//! Exactly one CPU goes on at a time. At each *step* (a lock taken or released, an access to user
//! memory, a system call, a turn of a spinning loop) the seeded generator may let another one go
//! on instead, so two CPUs interleave at any pair of steps. Between steps kernel code is never
//! interrupted; what can race is what happens between two of them, and that is all shared state
//! there is, since safe Rust shares it only behind locks and atomics next to them.
//!
//! Time is virtual. A step costs a few nanoseconds; when all CPUs are halted the clock jumps to
//! the next deadline. When there is none and no input comes either, the machine is deadlocked.

use super::fibers::{Fiber, finish, resume, unwind_if_ordered, unwinding};
use super::report::{Exit, last_panic, situation};
use super::state::{Cpu, State, machine};
use std::format;
use std::rc::Rc;

/// What a step costs on the virtual clock.
const STEP_NS: u64 = 20;

/// What one turn of a spinning loop costs.
const SPIN_NS: u64 = 100;

/// How many steps the CPUs have at the machine's end to come to a place where they would give up
/// their threads; one may be in a loop that waits for what cannot come any more.
const LAST_STEPS: u64 = 100_000;

/// The longest that a program computes without a step.
const LONG_RUN_NS: u64 = 1_000_000_000;

/// A deadline as late as this (a century) is none: programs ask to sleep "for ever".
const NEVER_NS: u64 = 100 * 365 * 86_400 * 1_000_000_000;

/// What entering the kernel or waking a CPU costs.
pub(super) const ENTRY_NS: u64 = 300;

/// What one page's worth of a user copy costs.
pub(super) const COPY_NS: u64 = 40;

/// The one interrupt line of the console's input.
pub(super) const CONSOLE_LINE: u32 = 1;

impl State {
    fn is_due(&self, cpu: &Cpu) -> bool {
        cpu.deadline
            .get()
            .is_some_and(|deadline| deadline <= self.time_ns.get())
    }

    /// Whether an interrupt waits for `cpu`.
    fn is_pending(&self, cpu: &Cpu) -> bool {
        cpu.kicked.get() || self.is_due(cpu) || (cpu.external.get() && self.line_waits())
    }

    fn line_waits(&self) -> bool {
        self.lines.get() & self.lines_enabled.get() != 0
    }

    /// A CPU other than this that could go on.
    fn another(&self) -> Option<usize> {
        let here = self.cpu.get();
        let count = self.cpus.len();
        let first = self.random.below(count as u64) as usize;
        (0..count)
            .map(|index| (first + index) % count)
            .find(|number| {
                let cpu = &self.cpus[*number];
                *number != here && cpu.started.get() && (!cpu.halted.get() || self.is_pending(cpu))
            })
    }

    /// Lets CPU `number` go on; returns when this one does again.
    fn go_on_with(&self, number: usize) {
        *self.this_cpu().fiber.borrow_mut() = Some(self.running.borrow().clone());
        self.cpu.set(number);
        let next = self.cpus[number].fiber.borrow().clone();
        if let Some(next) = next {
            resume(&next);
        }
        if self.tearing_down.get() {
            unwind_if_ordered();
        }
    }

    /// A fiber has come to a place where it would give up its CPU. When the machine is ending,
    /// its CPU stops there for good, and the others go on to such places.
    pub(super) fn rest(&self) {
        unwind_if_ordered();
        if self.last_step.get().is_none() || unwinding() || self.tearing_down.get() {
            return;
        }
        self.this_cpu().started.set(false);
        match self
            .cpus
            .iter()
            .position(|cpu| cpu.started.get() && !cpu.halted.get())
        {
            Some(other) => self.go_on_with(other),
            None => resume(&self.host),
        }
        unwind_if_ordered();
    }

    /// From now on every CPU stops where it would give up its thread.
    pub(super) fn begin_to_end(&self) {
        if self.last_step.get().is_none() {
            self.last_step.set(Some(self.steps.get() + LAST_STEPS));
        }
    }

    /// Time passes, and maybe another CPU goes on for a while.
    pub(super) fn step(&self, cost_ns: u64) {
        if unwinding() {
            return;
        }
        self.time_ns.set(self.time_ns.get() + cost_ns);
        let steps = self.steps.get() + 1;
        self.steps.set(steps);
        if let Some(last) = self.last_step.get() {
            if self.tearing_down.get() {
                return;
            }
            if steps > last {
                resume(&self.host);
                unwind_if_ordered();
            }
        }
        if steps > self.step_limit {
            finish(Exit::StepLimit(situation()));
        }
        if self.cpus.len() > 1
            && self.random.one_in(self.switch_every)
            && let Some(other) = self.another()
        {
            self.go_on_with(other);
        }
    }

    /// Handles every interrupt that waits for this CPU, which takes them at this moment and is
    /// in the kernel.
    pub(super) fn take_interrupts(&self) {
        while !unwinding() && self.last_step.get().is_none() && self.is_pending(self.this_cpu()) {
            let cpu = self.this_cpu();
            cpu.interrupts.set(false);
            if cpu.kicked.replace(false) {
                crate::interrupt::dispatch_kick();
            } else if self.is_due(cpu) {
                cpu.deadline.set(None);
                crate::interrupt::dispatch_tick();
            } else {
                crate::interrupt::dispatch_external();
            }
            self.this_cpu().interrupts.set(true);
        }
    }

    /// Whether an interrupt ends the run of the program on this CPU now. Now and then the clock
    /// jumps to the CPU's deadline, as if the program had run that long without a step.
    pub(super) fn strikes_user(&self) -> bool {
        if self.random.one_in(self.preempt_every) {
            let soon = self.time_ns.get() + LONG_RUN_NS;
            match self
                .this_cpu()
                .deadline
                .get()
                .filter(|deadline| *deadline < soon)
            {
                Some(deadline) => self.time_ns.set(self.time_ns.get().max(deadline)),
                // An interrupt that is nobody's: the kernel must not mind.
                None if self.interrupts_for_nothing => return true,
                None => {}
            }
        }
        self.is_pending(self.this_cpu())
    }

    /// Types what the test wants typed, if anything. True if something was.
    fn feed(&self) -> bool {
        let hook = self.idle_hook.borrow_mut().take();
        let Some(mut hook) = hook else { return false };
        let typed = hook(&self.console.borrow());
        *self.idle_hook.borrow_mut() = Some(hook);
        let Some(typed) = typed else { return false };
        self.input.borrow_mut().extend(typed);
        self.lines.set(self.lines.get() | 1 << CONSOLE_LINE);
        true
    }
}

/// See `arch`: one step, then no interrupts.
pub(super) fn save_disable() -> bool {
    let machine = machine();
    machine.step(STEP_NS);
    if machine.this_cpu().interrupts.get() {
        machine.take_interrupts();
    }
    machine.this_cpu().interrupts.replace(false)
}

/// See `arch`: interrupts that waited come now.
pub(super) fn restore(enabled: bool) {
    if !enabled {
        return;
    }
    let machine = machine();
    machine.this_cpu().interrupts.set(true);
    machine.take_interrupts();
    machine.step(STEP_NS);
    if machine.this_cpu().interrupts.get() {
        machine.take_interrupts();
    }
}

/// The end of a machine one of whose threads panicked and cannot unwind any further.
fn panicked(obstacle: &str) -> Exit {
    Exit::KernelPanic {
        thread: machine().running.borrow().name.borrow().clone(),
        message: last_panic().unwrap_or_else(|| obstacle.into()),
    }
}

/// One turn of a loop that waits for another CPU: that one must go on.
pub(super) fn spin() {
    let machine = machine();
    if unwinding() {
        finish(panicked("a destructor waits for a lock that is held"));
    }
    machine.step(SPIN_NS);
    if let Some(other) = machine.another() {
        machine.go_on_with(other);
    }
}

/// Halts this CPU until an interrupt waits for it; does not handle it.
pub(super) fn wait() {
    let machine = machine();
    if unwinding() {
        finish(panicked("a destructor sleeps"));
    }
    machine.rest();
    machine.this_cpu().halted.set(true);
    while !machine.is_pending(machine.this_cpu()) {
        machine.step(0);
        if let Some(other) = machine.another() {
            machine.go_on_with(other);
            machine.rest();
            continue;
        }
        if machine.is_pending(machine.this_cpu()) || machine.feed() {
            continue;
        }
        let started = || machine.cpus.iter().filter(|cpu| cpu.started.get());
        let first = started().filter_map(|cpu| cpu.deadline.get()).min();
        match first.filter(|deadline| *deadline < NEVER_NS) {
            Some(deadline) => machine.time_ns.set(machine.time_ns.get().max(deadline)),
            None => finish(Exit::Deadlock(format!(
                "all CPUs are halted, no timer is set, no input comes\n{}",
                situation()
            ))),
        }
    }
    machine.this_cpu().halted.set(false);
    machine.step(ENTRY_NS);
}

/// Ends the machine in the way the kernel asked for.
pub(super) fn power(exit: Exit) -> ! {
    finish(exit)
}

/// Continues the fiber `next` in place of the running one on this CPU.
pub(super) fn replace_fiber(next: &Rc<Fiber>) {
    let machine = machine();
    if unwinding() {
        finish(panicked("a destructor switches threads"));
    }
    machine.rest();
    *machine.this_cpu().fiber.borrow_mut() = Some(next.clone());
    resume(next);
    unwind_if_ordered();
}

/// Stops everything that could still interrupt: no fiber of the machine is left.
pub(super) fn quiesce(state: &State) {
    for cpu in &state.cpus {
        cpu.deadline.set(None);
        cpu.kicked.set(false);
        cpu.external.set(false);
        cpu.interrupts.set(false);
        cpu.in_user.set(false);
        cpu.started.set(false);
    }
}
