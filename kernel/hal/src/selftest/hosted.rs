//! The portable ones as ordinary tests, each on a simulated machine of its own.

use super::{Test, copies, frames, queues, spaces};
use crate::hosted::Machine;
use crate::{interrupt, power};

fn run(tests: &'static [Test]) {
    for &(name, test) in tests {
        for seed in 0..3 {
            let outcome = Machine::new(seed)
                .memory_bytes(16 << 20)
                .run_with(move |_| {
                    interrupt::enable_at_start();
                    if let Err(reason) = test() {
                        panic!("{name}: {reason}");
                    }
                    power::off(0)
                });
            assert_eq!(outcome.complaint(), None, "{name}");
        }
    }
}

#[test]
fn frames() {
    run(frames::TESTS);
}

#[test]
fn spaces() {
    run(spaces::TESTS);
}

#[test]
fn copies() {
    run(copies::TESTS);
}

#[test]
fn virtio_queues() {
    run(queues::TESTS);
}
