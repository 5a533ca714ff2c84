//! Ring 2 tests itself: three bugs, planted behind switches that only simulated machines have,
//! and each is found.

use hal::hosted::{Bug, Exit, Outcome};
use testkit::System;
use testkit::linux::{Ended, number};

/// Children that talk through pipes and sleep a little: what every test here does all the time.
fn system() -> System {
    System::new().cpus(2).linux("/init", |linux| {
        let (read, write) = linux.pipe(0).unwrap();
        let page = linux.map(4096, false).unwrap();
        linux.store(page, 1);
        let child = linux
            .fork(move |child| {
                for byte in 0..10 {
                    child.store(page, 100);
                    child.write(write, &[byte]).unwrap();
                }
                child.sleep_ns(1000).unwrap();
            })
            .unwrap();
        linux.store(page, 2);
        for byte in 0..10 {
            assert_eq!(linux.read(read, 1), Ok(vec![byte]));
            assert_eq!(linux.load(page), 2);
        }
        assert_eq!(linux.wait(), Ok((child, Ended::Exited(0))));
        linux.call(number::SCHED_YIELD, &[]).unwrap();
    })
}

/// The first seed under which a system with the bug does not end well.
fn first_failure(bug: Bug) -> Outcome {
    let system = system().plant(bug);
    let found = (0..100)
        .map(|seed| system.run(seed))
        .find(|outcome| outcome.complaint().is_some());
    found.unwrap_or_else(|| panic!("{bug:?} is not found under 100 seeds"))
}

#[test]
fn without_a_bug_nothing_is_found() {
    system().check();
}

#[test]
fn a_lost_wake_up_is_found() {
    let outcome = first_failure(Bug::LostWakeUp);
    let Exit::Deadlock(report) = &outcome.exit else {
        panic!("{:?}", outcome.exit)
    };
    assert!(
        report.contains(&format!("seed {}", outcome.seed)),
        "{report}"
    );
    assert!(
        report.contains("idle/0") && report.contains("\"work\""),
        "names threads: {report}"
    );
}

#[test]
fn a_missing_flush_is_found() {
    let outcome = first_failure(Bug::MissingFlush);
    assert!(
        matches!(outcome.exit, Exit::StaleTranslation(_)),
        "{:?}",
        outcome.exit
    );
}

#[test]
fn a_lock_order_inversion_is_found() {
    let outcome = first_failure(Bug::LockOrder);
    let Exit::KernelPanic { message, .. } = &outcome.exit else {
        panic!("{:?}", outcome.exit)
    };
    assert!(
        message.contains("lock order: rank 610 taken while rank 620"),
        "{message}"
    );
}

#[test]
fn a_failure_is_the_same_when_it_is_run_again() {
    let system = system().plant(Bug::LostWakeUp);
    let outcome = first_failure(Bug::LostWakeUp);
    for _ in 0..3 {
        let again = system.run(outcome.seed);
        assert_eq!(
            (again.exit, again.steps),
            (outcome.exit.clone(), outcome.steps)
        );
    }
}
