//! Ring 2: every allocation of a workload fails once. The call that needed it gives an error, or
//! the program that could not go on is killed; the kernel goes on and loses nothing.
//!
//! The workload is a list of small jobs in all three ABIs, each run by a process of its own. `init`
//! runs all once to warm every cache up, notes how much of everything there is, has the machine
//! refuse the n-th allocation, and runs them again. Then there must be as much as before.
//!
//! Without more said, one n in [`STRIDE`] is tried, from the one on that `SCARLET_SEED` says;
//! `SCARLET_REFUSALS=all` tries every n until the workload ends before it reaches that many.

mod linux;
mod others;

use std::cell::Cell;
use std::rc::Rc;
use testkit::linux::{Ended, number};
use testkit::memory::{bytes, push_words, word64};
use testkit::{Linux, System};

/// Of so many allocations one is refused in the quick form.
const STRIDE: u64 = 11;

/// A job: whatever fails, it goes on or gives up, and never waits for what cannot come.
type Job = fn(&mut Linux<'_>) -> Result<(), i32>;

fn jobs() -> Vec<(&'static str, Job)> {
    let mut jobs = linux::jobs();
    jobs.push(("xv6", |linux| linux.exec("/xv6", &["xv6", "a"]).map(drop)));
    jobs.push(("native", |linux| {
        linux.exec("/native", &["native"]).map(drop)
    }));
    jobs
}

/// Goes to each CPU once: one that has nothing to do keeps the address space it had last, maybe of a
/// process that is gone.
fn visit_all_cpus(linux: &mut Linux<'_>) {
    for mask in [1, 2, 3] {
        linux.scoped(|linux| {
            let place = push_words(linux.user, &[mask]);
            linux.call(122, &[0, 8, place]).unwrap();
        });
    }
}

/// What there is: free frames, processes, the lowest free descriptor.
fn counts(linux: &mut Linux<'_>) -> (usize, u16, usize) {
    visit_all_cpus(linux);
    let processes = linux.scoped(|linux| {
        let place = linux.user.allocate(112);
        linux.call(number::SYSINFO, &[place]).unwrap();
        let record = bytes(linux.user, place, 112);
        u16::from_le_bytes([record[80], record[81]])
    });
    let lowest = linux.call(number::DUP, &[0]).unwrap();
    linux.close(lowest).unwrap();
    (hal::frame::statistics().free, processes, lowest)
}

/// Takes away what a job that was killed has left.
fn clean_up(linux: &mut Linux<'_>) {
    let names = ["file", "a", "b", "c", "d", "mapped", "x", "y", "n"];
    for name in names.map(|name| format!("/tmp/{name}")) {
        // The refusal may come just here, but not twice.
        let _ = linux.unlink(&name).or_else(|_| linux.unlink(&name));
    }
    for name in ["/tmp/made/inner", "/tmp/made", "/tmp/directory"] {
        let _ = linux.rmdir(name).or_else(|_| linux.rmdir(name));
    }
}

/// Runs every job in a process of its own. All must work, if nothing is refused.
fn run_jobs(linux: &mut Linux<'_>, all_work: bool) {
    for (name, job) in jobs() {
        let child = linux.fork(move |linux| {
            let status = match job(linux) {
                Ok(()) => 0,
                Err(error) if all_work => panic!("{name} fails with {error}"),
                // Whatever was refused, the errors are of a few kinds.
                Err(12 | 14 | 11 | 23 | 7 | 8 | 5 | 28) => 1,
                Err(other) => panic!("{name} fails with {other}"),
            };
            linux.exit(status);
        });
        if child.is_err() {
            assert_eq!(child, Err(12), "{name}: fork");
            continue;
        }
        loop {
            match linux.wait() {
                Ok((ended, how)) if Ok(ended) == child => {
                    // Killed because a page of its own could not be had.
                    let documented = matches!(
                        how,
                        Ended::Exited(0 | 1) | Ended::Exited(0xff) | Ended::Killed(7 | 9 | 11)
                    );
                    let right = if all_work {
                        how == Ended::Exited(0)
                    } else {
                        documented
                    };
                    assert!(right, "{name}: {how:?}");
                    break;
                }
                Ok(_) => {}
                Err(error) => panic!("{name}: wait fails with {error}"),
            }
        }
        clean_up(linux);
    }
    // Orphans.
    while linux.wait().is_ok() {}
}

/// The system whose n-th allocation is refused; in `reached` it notes whether there was one.
fn system(refused: u64, reached: Rc<Cell<bool>>) -> System {
    System::new()
        .memory(24 << 20)
        .steps(20_000_000)
        .command_line("loglevel=0")
        .xv6("/xv6", others::xv6)
        .scarlet("/native", others::native)
        .linux("/true", |_| ())
        .linux("/init", move |linux| {
            linux.mount("proc", "/proc").unwrap();
            run_jobs(linux, true);
            run_jobs(linux, true);
            linux.sleep_ns(10_000_000).unwrap();
            let before = counts(linux);
            linux.user.refuse_allocation(refused);
            run_jobs(linux, false);
            reached.set(linux.user.refuse_allocation(0) == 0);
            let mut after = counts(linux);
            for _ in 0..20 {
                if after == before {
                    break;
                }
                // What is put off is done a little later.
                linux.sleep_ns(5_000_000).unwrap();
                after = counts(linux);
            }
            assert_eq!(after, before, "frames, processes, descriptors");
        })
}

/// Refuses the n-th allocation; whether there was one, and what went wrong.
fn refuse(number: u64) -> (bool, Option<String>) {
    let reached = Rc::new(Cell::new(false));
    let outcome =
        system(number, reached.clone()).run(number % 7 + 7 * testkit::seeds::replay().unwrap_or(0));
    let complaint = outcome.complaint();
    let complaint = complaint.map(|text| format!("allocation {number}: {text}"));
    (reached.get(), complaint)
}

#[test]
fn every_allocation_fails_once() {
    let chosen = std::env::var("SCARLET_REFUSALS").unwrap_or_default();
    let (first, stride) = match (chosen.as_str(), chosen.parse()) {
        ("all", _) => (1, 1),
        (_, Ok(number)) => (number, u64::MAX / 2),
        _ => (1 + testkit::seeds::replay().unwrap_or(0) % STRIDE, STRIDE),
    };
    let mut complaints = Vec::new();
    let mut number = first;
    loop {
        let (reached, complaint) = refuse(number);
        complaints.extend(complaint);
        if !reached {
            break;
        }
        number += stride;
    }
    println!("one in {stride} of about {number} allocations was refused");
    assert!(
        complaints.is_empty(),
        "SCARLET_REFUSALS=<number> tries one alone: {complaints:#?}"
    );
    assert!(number > 300, "the workload allocates only {number} times");
}

/// Reads a word through the fault path.
fn peek(linux: &mut Linux<'_>, address: usize) -> u64 {
    word64(linux.user, address)
}
