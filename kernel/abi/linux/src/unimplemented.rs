//! Calls that programs asked for and that are not there, counted by number and program.
//!
//! Nothing pretends: such a call fails with `ENOSYS`. Here it is also written down, so that
//! `/proc/scarlet/unimplemented` shows what is missing for whom.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use base::rank;
use base::sync::SpinLock;
use core::fmt::Write;
use hal::Global;

use crate::names;

/// More different entries than this are not kept: numbers and names are the program's to choose.
const MOST_ENTRIES: usize = 512;

/// How often each pair of number and program came.
type Counts = BTreeMap<(usize, String), u64>;

static COUNTS: Global<SpinLock<Counts>> = Global::new(|| SpinLock::new(rank::LEAF, Counts::new()));

/// Counts one call of `number` by a program of that name.
pub(crate) fn count(number: usize, program: &str) {
    let key = (number, program.to_string());
    let mut counts = COUNTS.lock();
    if let Some(count) = counts.get_mut(&key) {
        *count += 1;
    } else if counts.len() < MOST_ENTRIES {
        counts.insert(key, 1);
        drop(counts);
        base::log::debug!(
            "linux: {program} asked for {}, which is not there",
            name(number)
        );
    }
}

fn name(number: usize) -> String {
    names::of(number).map_or_else(|| alloc::format!("call {number}"), String::from)
}

/// One line an entry: how often, which call, which program.
pub fn report() -> String {
    let counts = COUNTS.lock().clone();
    let mut text = String::new();
    for ((number, program), count) in counts {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{count:8} linux {number:3} {} ({program})",
            name(number)
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counted_by_call_and_program() {
        count(425, "stress");
        count(425, "stress");
        count(9999, "odd");
        let report = report();
        assert!(
            report.contains("       2 linux 425 io_uring_setup (stress)"),
            "{report}"
        );
        assert!(report.contains("call 9999 (odd)"));
    }
}
