//! Ring 3: the machine's room tested on the machine, from inside the kernel.
//!
//! With `selftest` on the command line the image runs these instead of the kernel, prints a line
//! for each and a count at the end, and powers off; the emulator's exit status is the number that
//! failed. `selftest-overflow` overflows the kernel's stack on purpose, `selftest-panic` panics:
//! what they print is looked at from outside. `selftest-measure` prints what things cost.
//!
//! What needs no machine code runs on the hosted machine, too, as ordinary tests.

#[cfg(target_os = "none")]
mod bare;
#[cfg(target_os = "none")]
mod calls;
#[cfg(target_os = "none")]
mod code;
mod copies;
mod frames;
#[cfg(test)]
mod hosted;
#[cfg(target_os = "none")]
mod measure;
mod queues;
mod spaces;
#[cfg(target_os = "none")]
mod threads;
#[cfg(target_os = "none")]
mod user;

use alloc::string::String;

#[cfg(target_os = "none")]
pub use bare::{is_asked_for, run_if_asked};

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

/// A test's name, and what to call.
type Test = (&'static str, fn() -> Outcome);
