//! Ring 3: the machine's room tested on the machine, from inside the kernel.
//!
//! With `selftest` on the command line the image runs these instead of the kernel, prints a line
//! for each and a count at the end, and powers off; the emulator's exit status is the number that
//! failed. `selftest-overflow` overflows the kernel's stack on purpose, `selftest-panic` panics:
//! what they print is looked at from outside. `selftest-measure` prints what things cost.

mod code;
mod copies;
mod frames;
mod measure;
mod spaces;
mod threads;
mod user;

use alloc::string::String;
use core::fmt::Write;

use crate::panic::Console;
use crate::power;

/// What a test says.
type Outcome = Result<(), String>;

/// Ends a test with a message unless something holds.
macro_rules! ensure {
    ($condition:expr) => {
        if !$condition {
            return Err(alloc::format!(
                "line {}: {}",
                line!(),
                stringify!($condition)
            ));
        }
    };
    ($left:expr, $right:expr) => {{
        let (left, right) = (&$left, &$right);
        if left != right {
            return Err(alloc::format!(
                "line {}: {} is {:?}, not {:?}",
                line!(),
                stringify!($left),
                left,
                right
            ));
        }
    }};
}
use ensure;

type Test = (&'static str, fn() -> Outcome);

const TESTS: &[&[Test]] = &[
    frames::TESTS,
    spaces::TESTS,
    copies::TESTS,
    threads::TESTS,
    user::TESTS,
];

/// Whether the command line asks for anything here. The tests of interrupts need the machine's
/// interrupt controller, which is a driver's and not this room's: the image sets it before.
pub fn is_asked_for(command_line: &str) -> bool {
    command_line.split_whitespace().any(|word| word.starts_with("selftest"))
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
