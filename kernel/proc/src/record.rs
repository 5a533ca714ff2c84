//! The recorder: the last system calls of all programs, for the report of a panic.
//!
//! With `record` on the kernel's command line every call of every ABI is noted before it runs, with
//! its name and its plain arguments, and gets its result when it ends. A panic's report then ends
//! with what programs had asked for; a call without a result was still running, and one of those is
//! the cause more often than not:
//!
//! ```text
//! the last system calls, oldest first:
//!     4.027113      7 linux   openat(0xffffff9c, 0x3fe8, 0x0, 0x0, 0x0, 0x0) = 0x3
//!     4.027160      7 linux   read(0x3, 0x3fc0, 0x340, 0x0, 0x0, 0x0) ...
//! ```
//!
//! The ring has room for [`MOST`] calls and is allocated with the kernel: noting a call takes a lock
//! and some twenty stores, no memory. Without `record`, programs run with their ABI alone (see
//! `trace`, whose place in the loop this shares), and the recorder costs nothing.

use crate::abi::Abi;
use crate::task::Task;
use base::rank;
use base::sync::SpinLock;
use core::fmt::{self, Write};
use core::sync::atomic::{AtomicBool, Ordering};
use hal::Global;
use hal::user::CallRegisters;

/// How many calls are remembered.
pub const MOST: usize = 64;

/// Whether calls are noted.
static ON: Global<AtomicBool> = Global::new(|| AtomicBool::new(false));

#[derive(Clone, Copy)]
struct Call {
    at_ns: u64,
    task: u32,
    abi: &'static str,
    number: usize,
    name: Option<&'static str>,
    arguments: [usize; 6],
    result: Option<usize>,
}

/// A call that runs, as the recorder knows it: how many were noted before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Noted(u64);

struct Ring {
    calls: [Option<Call>; MOST],
    /// How many were noted since the start.
    count: u64,
}

impl Ring {
    const EMPTY: Ring = Ring {
        calls: [None; MOST],
        count: 0,
    };

    fn slot(number: u64) -> usize {
        (number % MOST as u64) as usize
    }

    fn note(&mut self, call: Call) -> Noted {
        let noted = Noted(self.count);
        self.calls[Self::slot(self.count)] = Some(call);
        self.count += 1;
        noted
    }

    /// A call's place, if it is still its own.
    fn place(&mut self, noted: Noted) -> Option<&mut Option<Call>> {
        let is_there = self.count - noted.0 <= MOST as u64;
        is_there.then_some(&mut self.calls[Self::slot(noted.0)])
    }

    fn finish(&mut self, noted: Noted, result: usize) {
        if let Some(Some(call)) = self.place(noted) {
            call.result = Some(result);
        }
    }

    fn withdraw(&mut self, noted: Noted) {
        if let Some(place) = self.place(noted) {
            *place = None;
        }
    }

    fn print(&self, out: &mut dyn Write) -> fmt::Result {
        writeln!(out, "the last system calls, oldest first:")?;
        let oldest = self.count.saturating_sub(MOST as u64);
        for number in oldest..self.count {
            let Some(call) = &self.calls[Self::slot(number)] else {
                continue;
            };
            let micros = call.at_ns / 1000;
            let (seconds, micros) = (micros / 1_000_000, micros % 1_000_000);
            write!(
                out,
                "{seconds:5}.{micros:06} {:6} {:7} ",
                call.task, call.abi
            )?;
            match call.name {
                Some(name) => write!(out, "{name}(")?,
                None => write!(out, "call {}(", call.number)?,
            }
            for (index, argument) in call.arguments.iter().enumerate() {
                let comma = if index > 0 { ", " } else { "" };
                write!(out, "{comma}{argument:#x}")?;
            }
            match call.result {
                Some(result) => writeln!(out, ") = {result:#x}")?,
                None => writeln!(out, ") ...")?,
            }
        }
        Ok(())
    }
}

static RING: Global<SpinLock<Ring>> = Global::new(|| SpinLock::new(rank::LEAF, Ring::EMPTY));

/// Begins to note the calls of all programs that start from now on, and has them in a panic's report.
pub fn start() {
    ON.store(true, Ordering::Release);
    hal::last_words::set(|out| {
        let Some(ring) = RING.try_lock() else {
            let _ = writeln!(out, "(the recorder was at work itself)");
            return;
        };
        let _ = ring.print(out);
    });
}

/// Whether calls are noted.
pub(crate) fn is_on() -> bool {
    ON.load(Ordering::Acquire)
}

/// A call is about to run.
pub(crate) fn note(abi: &dyn Abi, task: &Task, call: &CallRegisters<'_>) -> Noted {
    let number = call.number();
    let call = Call {
        at_ns: hal::timer::now_ns(),
        task: task.id(),
        abi: abi.name(),
        number,
        name: abi.call_name(number),
        arguments: call.arguments(),
        result: None,
    };
    RING.lock().note(call)
}

/// It has run.
pub(crate) fn finish(noted: Noted, result: usize) {
    RING.lock().finish(noted, result);
}

/// It was not carried out, and will be noted again.
pub(crate) fn withdraw(noted: Noted) {
    RING.lock().withdraw(noted);
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;

    fn call(number: usize) -> Call {
        Call {
            at_ns: 1_000_002_000,
            task: 7,
            abi: "linux",
            number,
            name: (number == 63).then_some("read"),
            arguments: [3, 0x1000, number, 0, 0, 0],
            result: None,
        }
    }

    #[test]
    fn calls_are_shown_with_what_is_known_of_them() {
        let mut ring = Ring::EMPTY;
        let read = ring.note(call(63));
        ring.note(call(99));
        ring.finish(read, 1);
        let mut text = String::new();
        ring.print(&mut text).unwrap();
        assert_eq!(
            text,
            "the last system calls, oldest first:\n    \
             1.000002      7 linux   read(0x3, 0x1000, 0x3f, 0x0, 0x0, 0x0) = 0x1\n    \
             1.000002      7 linux   call 99(0x3, 0x1000, 0x63, 0x0, 0x0, 0x0) ...\n"
        );
    }

    #[test]
    fn what_is_noted_again_is_shown_once() {
        let mut ring = Ring::EMPTY;
        let first = ring.note(call(63));
        ring.note(call(99));
        ring.withdraw(first);
        ring.note(call(63));
        let mut text = String::new();
        ring.print(&mut text).unwrap();
        assert_eq!(text.lines().count(), 3);
        assert_eq!(text.matches("read(").count(), 1);
    }

    #[test]
    fn the_oldest_go_and_a_late_result_does_not_hit_another_call() {
        let mut ring = Ring::EMPTY;
        let first = ring.note(call(1000));
        for number in 1001..=1000 + MOST {
            ring.note(call(number));
        }
        ring.finish(first, 5);
        let mut text = String::new();
        ring.print(&mut text).unwrap();
        assert_eq!(text.lines().count(), 1 + MOST);
        assert!(
            !text.contains("call 1000(") && !text.contains("= 0x5"),
            "{text}"
        );
    }
}
