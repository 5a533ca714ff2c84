//! Threads, CPUs, time.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::{Outcome, Test, ensure};
use crate::cpu::{self, CpuLocal};
use crate::sync::{Rank, SpinLock};
use crate::thread::{self, KernelThread};
use crate::{MAX_CPUS, arch, interrupt, timer};

pub(super) const TESTS: &[Test] = &[
    ("threads switch and keep what they hold", switching),
    ("time goes forward and deadlines come in order", deadlines),
    ("every CPU starts, and takes kicks", kicks),
    ("threads wander between CPUs", wandering),
    ("a spin lock excludes CPUs and interrupts", exclusion),
];

/// Threads that are ready to run. (Statics: this is bare metal only.)
static READY: SpinLock<VecDeque<Arc<KernelThread>>> = SpinLock::new(Rank(500), VecDeque::new());
static FINISHED: AtomicUsize = AtomicUsize::new(0);
static STEPS: AtomicUsize = AtomicUsize::new(0);
static VISITED: [AtomicUsize; MAX_CPUS] = [const { AtomicUsize::new(0) }; MAX_CPUS];
static KICKS: [AtomicUsize; MAX_CPUS] = [const { AtomicUsize::new(0) }; MAX_CPUS];
static LAST_TICK: AtomicU64 = AtomicU64::new(0);
static TICKS: AtomicUsize = AtomicUsize::new(0);
static TOTAL: SpinLock<u64> = SpinLock::new(Rank(510), 0);

/// What a CPU switches back to: the thread that it started with.
static HOME: CpuLocal<SpinLock<Option<Arc<KernelThread>>>> =
    CpuLocal::new(|| SpinLock::new(Rank(520), None));
/// What the thread that was just left wants done with it: back among the ready.
static LEFT: CpuLocal<SpinLock<Option<Arc<KernelThread>>>> =
    CpuLocal::new(|| SpinLock::new(Rank(521), None));

/// Switches from a thread to its CPU's home; if it wants to go on, any CPU may take it.
fn go_home(again: Option<Arc<KernelThread>>) {
    let _interrupts = interrupt::disable();
    *LEFT.lock() = again;
    let home = HOME.lock().clone();
    if let Some(home) = home {
        thread::switch_to(home);
    }
}

/// Runs one ready thread, if there is one, until it comes home.
fn run_one() -> bool {
    let Some(next) = READY.lock().pop_front() else {
        return false;
    };
    thread::switch_to(next);
    let left = LEFT.lock().take();
    if let Some(again) = left {
        READY.lock().push_back(again);
    }
    true
}

fn make_home() {
    let home = KernelThread::adopt_boot();
    *HOME.lock() = Some(home);
}

/// Starts `count` threads that each make `steps` steps, going home after each.
fn spawn(count: usize, steps: usize) -> Outcome {
    for index in 0..count {
        let body = Box::new(move || {
            let mut sum = index;
            for step in 0..steps {
                sum += step;
                VISITED[cpu::id()].fetch_add(1, Ordering::Relaxed);
                STEPS.fetch_add(1, Ordering::Relaxed);
                go_home(Some(KernelThread::current()));
            }
            if sum == index + steps * (steps - 1) / 2 {
                FINISHED.fetch_add(1, Ordering::Relaxed);
            }
            go_home(None);
        });
        let thread = KernelThread::new("test", body).map_err(|_| "out of memory")?;
        READY.lock().push_back(thread);
    }
    Ok(())
}

fn switching() -> Outcome {
    make_home();
    FINISHED.store(0, Ordering::Relaxed);
    STEPS.store(0, Ordering::Relaxed);
    spawn(10, 50)?;
    while run_one() {}
    ensure!(FINISHED.load(Ordering::Relaxed), 10);
    ensure!(STEPS.load(Ordering::Relaxed), 500);
    Ok(())
}

/// How long after a tick the next one comes; 0 for none. A single deadline may pass before the
/// program that it is to interrupt was entered, on a host that is slow enough.
static PERIOD_NS: AtomicU64 = AtomicU64::new(0);

/// Sets the period, and the first deadline.
pub(super) fn set_period_ns(period: u64) {
    PERIOD_NS.store(period, Ordering::Relaxed);
    timer::set_deadline_ns((period > 0).then(|| timer::now_ns() + period));
}

fn deadlines() -> Outcome {
    fn tick() {
        LAST_TICK.store(timer::now_ns(), Ordering::Relaxed);
        TICKS.fetch_add(1, Ordering::Relaxed);
        let period = PERIOD_NS.load(Ordering::Relaxed);
        if period > 0 {
            timer::set_deadline_ns(Some(timer::now_ns() + period));
        }
    }
    interrupt::set_tick_handler(tick);
    let mut last = timer::now_ns();
    for _ in 0..1000 {
        let now = timer::now_ns();
        ensure!(now >= last);
        last = now;
    }
    interrupt::enable_at_start();
    for delay in [1_000_000, 100_000, 3_000_000] {
        let before = TICKS.load(Ordering::Relaxed);
        let deadline = timer::now_ns() + delay;
        timer::set_deadline_ns(Some(deadline));
        while TICKS.load(Ordering::Relaxed) == before {
            if timer::now_ns() > deadline + 1_000_000_000 {
                return Err("the deadline passed without a tick".into());
            }
            core::hint::spin_loop();
        }
        ensure!(LAST_TICK.load(Ordering::Relaxed) >= deadline);
    }
    // One that was taken back does not come.
    let before = TICKS.load(Ordering::Relaxed);
    // A host that lets the machine stand would let it come first; with interrupts off it cannot.
    let enabled = arch::interrupts_save_disable();
    timer::set_deadline_ns(Some(timer::now_ns() + 1_000_000));
    timer::set_deadline_ns(None);
    arch::interrupts_restore(enabled);
    let until = timer::now_ns() + 3_000_000;
    while timer::now_ns() < until {}
    ensure!(TICKS.load(Ordering::Relaxed), before);
    // A sleep ends when it comes.
    timer::set_deadline_ns(Some(timer::now_ns() + 500_000));
    loop {
        // Looked at with interrupts off, so that one that comes now ends the sleep.
        let enabled = arch::interrupts_save_disable();
        if TICKS.load(Ordering::Relaxed) != before {
            arch::interrupts_restore(enabled);
            return Ok(());
        }
        cpu::halt_until_interrupt();
    }
}

/// What the other CPUs do for the rest of the tests.
fn secondary() {
    make_home();
    interrupt::init_cpu();
    interrupt::enable_at_start();
    loop {
        if !run_one() {
            core::hint::spin_loop();
        }
    }
}

fn kicks() -> Outcome {
    fn kicked() {
        KICKS[cpu::id()].fetch_add(1, Ordering::Relaxed);
    }
    interrupt::set_kick_handler(kicked);
    cpu::start_others(secondary);
    for (target, taken) in KICKS.iter().enumerate().take(cpu::count()) {
        for round in 1..=20 {
            cpu::kick(target);
            let until = timer::now_ns() + 2_000_000_000;
            while taken.load(Ordering::Relaxed) < round {
                if timer::now_ns() > until {
                    return Err(alloc::format!("CPU {target} took {} kicks", round - 1));
                }
                core::hint::spin_loop();
            }
        }
    }
    Ok(())
}

fn wandering() -> Outcome {
    for visited in &VISITED {
        visited.store(0, Ordering::Relaxed);
    }
    let until = timer::now_ns() + 60_000_000_000;
    // On a busy host a CPU may sleep through a round; there is another one then.
    while VISITED[..cpu::count()]
        .iter()
        .any(|visited| visited.load(Ordering::Relaxed) == 0)
    {
        FINISHED.store(0, Ordering::Relaxed);
        STEPS.store(0, Ordering::Relaxed);
        spawn(20, 500)?;
        while FINISHED.load(Ordering::Relaxed) < 20 {
            run_one();
            if timer::now_ns() > until {
                let finished = FINISHED.load(Ordering::Relaxed);
                return Err(alloc::format!(
                    "{finished} of 20 finished, visits {VISITED:?}"
                ));
            }
        }
        ensure!(STEPS.load(Ordering::Relaxed), 10_000);
    }
    Ok(())
}

fn exclusion() -> Outcome {
    fn tick() {}
    interrupt::set_tick_handler(tick);
    FINISHED.store(0, Ordering::Relaxed);
    *TOTAL.lock() = 0;
    for _ in 0..4 {
        let body = Box::new(|| {
            for _ in 0..20_000 {
                let mut total = TOTAL.lock();
                let seen = *total;
                core::hint::spin_loop();
                *total = seen + 1;
            }
            FINISHED.fetch_add(1, Ordering::Relaxed);
            go_home(None);
        });
        let thread = KernelThread::new("adder", body).map_err(|_| "out of memory")?;
        READY.lock().push_back(thread);
    }
    while FINISHED.load(Ordering::Relaxed) < 4 {
        run_one();
    }
    ensure!(*TOTAL.lock(), 80_000);
    Ok(())
}
