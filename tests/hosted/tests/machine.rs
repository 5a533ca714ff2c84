//! Ring 2: the simulated machine itself keeps its promises.

use base::sync::{Mutex, Rank, SpinLock};
use base::thread;
use hal::Global;
use hal::hosted::{Exit, Machine, Outcome};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use testkit::bare::{machine, run};
use testkit::{System, seeds};

const OUTER: Rank = Rank(300);
const INNER: Rank = Rank(400);

/// A run with a little of everything.
fn busy(seed: u64) -> Outcome {
    run(machine(seed).cpus(3), || {
        let shared = Arc::new(Mutex::new(OUTER, 0));
        let children: Vec<_> = (0..5)
            .map(|number| {
                let shared = shared.clone();
                thread::spawn("child", move || {
                    for _ in 0..number {
                        *shared.lock() += 1;
                        thread::yield_now();
                    }
                    base::info!("{number} is done");
                })
                .unwrap()
            })
            .collect();
        for child in children {
            child.join();
        }
    })
}

#[test]
fn one_seed_is_one_run() {
    for seed in 0..20 {
        let (first, second) = (busy(seed), busy(seed));
        assert_eq!(first.complaint(), None);
        assert_eq!((first.steps, first.time_ns), (second.steps, second.time_ns));
        assert_eq!(first.console, second.console);
    }
}

#[test]
fn seeds_differ() {
    let runs: std::collections::BTreeSet<_> = (0..20)
        .map(|seed| (busy(seed).steps, busy(seed).console))
        .collect();
    assert!(runs.len() > 10, "{} different runs", runs.len());
}

static COUNTER: Global<AtomicU64> = Global::new(|| AtomicU64::new(0));

#[test]
fn machines_in_parallel_share_nothing() {
    let hosts: Vec<_> = (0..4)
        .map(|seed| {
            std::thread::spawn(move || {
                let outcome = run(machine(seed), move || {
                    for _ in 0..1000 {
                        COUNTER.fetch_add(1, Ordering::SeqCst);
                        thread::yield_now();
                    }
                    assert_eq!(COUNTER.load(Ordering::SeqCst), 1000);
                });
                assert_eq!(outcome.complaint(), None);
            })
        })
        .collect();
    for host in hosts {
        host.join().unwrap();
    }
}

#[test]
fn a_machine_inside_a_machine_s_test_thread_comes_after_it() {
    assert_eq!(busy(1).complaint(), None);
    assert_eq!(
        COUNTER.load(Ordering::SeqCst),
        0,
        "the ambient machine has its own"
    );
}

#[test]
fn a_hang_ends_by_the_step_limit() {
    let outcome = run(machine(3).step_limit(100_000), || {
        loop {
            thread::yield_now();
        }
    });
    let Exit::StepLimit(report) = &outcome.exit else {
        panic!("{:?}", outcome.exit)
    };
    assert!(
        report.contains("seed 3") && report.contains("boot/0"),
        "{report}"
    );
}

#[test]
fn a_spin_lock_that_is_never_released_is_a_hang() {
    let outcome = run(machine(0).cpus(1).step_limit(100_000), || {
        static LOCK: Global<SpinLock<()>> = Global::new(|| SpinLock::new(OUTER, ()));
        std::mem::forget(LOCK.lock());
        let _second = LOCK.lock();
    });
    let Exit::KernelPanic { message, .. } = &outcome.exit else {
        panic!("{:?}", outcome.exit)
    };
    assert!(message.contains("lock order"), "{message}");
}

#[test]
fn a_sleep_without_end_is_a_deadlock() {
    let outcome = run(machine(7), || {
        let never = base::wait::WaitQueue::new();
        never.wait_until(|| None::<()>);
    });
    let Exit::Deadlock(report) = &outcome.exit else {
        panic!("{:?}", outcome.exit)
    };
    assert!(
        report.contains("seed 7") && report.contains("\"work\""),
        "{report}"
    );
}

#[test]
fn two_mutexes_crosswise_are_a_lock_order_error() {
    let outcome = run(machine(0), || {
        let outer = Mutex::new(OUTER, ());
        let inner = Mutex::new(INNER, ());
        let _first = inner.lock();
        let _second = outer.lock();
    });
    let Exit::KernelPanic { message, .. } = &outcome.exit else {
        panic!("{:?}", outcome.exit)
    };
    assert!(
        message.contains("sleeping lock of rank 300 wanted while rank 400"),
        "{message}"
    );
}

#[test]
fn sleeping_under_a_spin_lock_is_found() {
    let outcome = run(machine(0), || {
        let spin = SpinLock::new(OUTER, ());
        let _guard = spin.lock();
        thread::sleep_until(base::time::now() + base::time::Duration::from_millis(1)).unwrap();
    });
    assert!(
        matches!(outcome.exit, Exit::KernelPanic { .. }),
        "{:?}",
        outcome.exit
    );
}

#[test]
fn a_kernel_panic_is_reported_with_its_place() {
    let outcome = run(machine(0), || panic!("on purpose"));
    let Exit::KernelPanic { message, .. } = &outcome.exit else {
        panic!("{:?}", outcome.exit)
    };
    assert!(
        message.contains("on purpose") && message.contains("machine.rs"),
        "{message}"
    );
}

#[test]
fn a_program_s_failed_check_is_reported_as_its_own() {
    let system = System::new().linux("/init", |linux| {
        assert_eq!(linux.getpid(), 99, "this is wrong");
    });
    let Exit::ProgramPanic { program, message } = system.run(0).exit else {
        panic!("not found")
    };
    assert!(
        program.contains("init") && message.contains("this is wrong"),
        "{message}"
    );
}

#[test]
fn leaks_are_counted() {
    let outcome = Machine::new(0).run_with(|_| {
        base::init().unwrap();
        std::mem::forget(hal::frame::Frame::allocate().unwrap());
    });
    assert_eq!(outcome.leaked_frames, 1);
    let outcome = Machine::new(0).run_with(|_| {
        base::init().unwrap();
        std::mem::forget(thread::spawn("leaked", || ()).unwrap());
    });
    assert_eq!(outcome.leaked_threads, 1);
}

#[test]
fn what_a_killed_program_holds_is_dropped() {
    struct Witness(Arc<AtomicUsize>);
    impl Drop for Witness {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let dropped = Arc::new(AtomicUsize::new(0));
    let count = dropped.clone();
    let system = System::new().linux("/init", move |linux| {
        let witness = Witness(count.clone());
        let child = linux
            .fork(move |child| {
                let _witness = witness;
                loop {
                    child.user.compute(1);
                }
            })
            .unwrap();
        linux.kill(child as isize, 9).unwrap();
        linux.wait().unwrap();
    });
    for seed in 0..seeds::count() {
        assert_eq!(system.run(seed).complaint(), None);
    }
    assert_eq!(dropped.load(Ordering::SeqCst) as u64, seeds::count());
}

#[test]
fn switching_is_cheap() {
    let begin = std::time::Instant::now();
    const TURNS: u32 = 20_000;
    let outcome = run(machine(0).cpus(1).step_limit(u64::MAX), || {
        let other = thread::spawn("other", || {
            for _ in 0..TURNS {
                thread::yield_now();
            }
        });
        for _ in 0..TURNS {
            thread::yield_now();
        }
        other.unwrap().join();
        assert!(base::sched::statistics().context_switches > u64::from(TURNS));
    });
    assert_eq!(outcome.complaint(), None);
    let each = begin.elapsed() / (2 * TURNS);
    println!("{each:?} a switch, scheduler included");
    assert!(each.as_micros() < 200, "{each:?} a switch");
}
