//! Running the tests from inside the kernel.

use core::fmt::Write;

use super::{Test, calls, copies, frames, measure, queues, spaces, threads, user};
use crate::panic::Console;
use crate::power;

const TESTS: &[&[Test]] = &[
    frames::TESTS,
    spaces::TESTS,
    spaces::BARE_TESTS,
    copies::TESTS,
    queues::TESTS,
    threads::TESTS,
    user::TESTS,
    calls::TESTS,
];

/// Whether the command line asks for anything here. The tests of interrupts need the machine's
/// interrupt controller, which is a driver's and not this room's: the image sets it before.
pub fn is_asked_for(command_line: &str) -> bool {
    command_line
        .split_whitespace()
        .any(|word| word.starts_with("selftest"))
}

/// Runs what the command line asks for, and powers off; returns if it asks for nothing.
pub fn run_if_asked(command_line: &str) {
    for word in command_line.split_whitespace() {
        match word {
            "selftest" => run(),
            "selftest-overflow" => {
                overflow(0);
            }
            "selftest-measure" => {
                let _ = measure::run();
                power::off(0);
            }
            "selftest-panic" => panic!("as asked on the command line"),
            _ => {}
        }
    }
}

fn run() -> ! {
    let mut console = Console;
    let (mut passed, mut failed) = (0, 0);
    for &(name, test) in TESTS.iter().copied().flatten() {
        match test() {
            Ok(()) => {
                passed += 1;
                let _ = writeln!(console, "test {name} ... ok");
            }
            Err(reason) => {
                failed += 1;
                let _ = writeln!(console, "test {name} ... FAILED: {reason}");
            }
        }
    }
    let _ = writeln!(console, "{passed} passed, {failed} failed");
    power::off(failed)
}

/// Uses up the stack.
#[inline(never)]
fn overflow(depth: usize) -> usize {
    let local = core::hint::black_box([depth; 64]);
    let deeper = if depth == usize::MAX {
        0
    } else {
        overflow(depth + 1)
    };
    deeper + local[depth % 64]
}
