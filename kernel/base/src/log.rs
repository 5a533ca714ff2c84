//! The kernel's log: a ring of lines with time and level, and the console as a sink.
//!
//! `info!("{count} frames")` formats into a bounded line on the stack, stores it in a ring of
//! [`CAPACITY`] bytes (the oldest lines fall out) and, if its level is at most the console level,
//! writes it to the early console. Nothing here allocates or sleeps, so any code may log: an
//! interrupt handler, the allocator, a panic.
//!
//! Readers (`dmesg`, `/dev/kmsg`) walk the ring by sequence number with [`read_from`] and learn
//! when they were overtaken.

use crate::rank;
use alloc::collections::VecDeque;
use alloc::string::String;
use core::fmt::{self, Write};
use core::sync::atomic::{AtomicU8, Ordering};
use hal::Global;
use hal::sync::SpinLock;

/// Bytes of text that the ring keeps.
pub const CAPACITY: usize = 64 * 1024;

/// The longest line; the rest of a longer one is cut.
pub const LINE: usize = 512;

/// How much a line matters; lower is more urgent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Level {
    /// Something is broken.
    Error = 3,
    /// Something is odd.
    Warning = 4,
    /// A milestone.
    Info = 6,
    /// For whoever hunts a bug.
    Debug = 7,
}

/// One line of the ring.
#[derive(Clone, Debug)]
pub struct Record {
    /// Counts up by one from the first line since boot.
    pub sequence: u64,
    /// Time since boot.
    pub time_ns: u64,
    /// Its urgency.
    pub level: Level,
    /// The text, without a newline.
    pub text: String,
}

struct Ring {
    records: VecDeque<Record>,
    next: u64,
    bytes: usize,
}

struct Log {
    ring: SpinLock<Ring>,
    console_level: AtomicU8,
}

static LOG: Global<Log> = Global::new(|| Log {
    ring: SpinLock::new(
        rank::LOG,
        Ring {
            records: VecDeque::new(),
            next: 0,
            bytes: 0,
        },
    ),
    console_level: AtomicU8::new(Level::Info as u8),
});

/// Lines at most this urgent also go to the console; `None` silences it.
pub fn set_console_level(level: Option<Level>) {
    LOG.console_level
        .store(level.map_or(0, |level| level as u8), Ordering::Relaxed);
}

/// Text on the stack, cut at its capacity.
struct Line {
    bytes: [u8; LINE],
    length: usize,
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = LINE - self.length;
        let mut take = text.len().min(room);
        while !text.is_char_boundary(take) {
            take -= 1;
        }
        self.bytes[self.length..][..take].copy_from_slice(&text.as_bytes()[..take]);
        self.length += take;
        Ok(())
    }
}

impl Line {
    fn format(text: fmt::Arguments<'_>) -> Line {
        let mut line = Line {
            bytes: [0; LINE],
            length: 0,
        };
        // Line's writer never fails; a failing `Display` only shortens the text.
        let _ = line.write_fmt(text);
        line
    }

    fn text(&self) -> &str {
        core::str::from_utf8(&self.bytes[..self.length]).unwrap_or("")
    }
}

/// Stores one line; the macros call it.
pub fn record(level: Level, text: fmt::Arguments<'_>) {
    let line = Line::format(text);
    let time_ns = hal::timer::now_ns();
    {
        let mut ring = LOG.ring.lock();
        let text = String::from(line.text());
        let sequence = ring.next;
        ring.next += 1;
        ring.bytes += text.len();
        ring.records.push_back(Record {
            sequence,
            time_ns,
            level,
            text,
        });
        while ring.bytes > CAPACITY {
            let Some(oldest) = ring.records.pop_front() else {
                break;
            };
            ring.bytes -= oldest.text.len();
        }
    }
    if level as u8 <= LOG.console_level.load(Ordering::Relaxed) {
        let stamped = Line::format(format_args!(
            "[{:5}.{:06}] {}",
            time_ns / 1_000_000_000,
            time_ns / 1_000 % 1_000_000,
            line.text()
        ));
        hal::console::early_write(stamped.text().as_bytes());
        hal::console::early_write(b"\n");
    }
}

/// The oldest line with a sequence number of at least `sequence`, or `None` when there is none yet.
pub fn read_from(sequence: u64) -> Option<Record> {
    let ring = LOG.ring.lock();
    let oldest = ring.records.front()?.sequence;
    let index = usize::try_from(sequence.saturating_sub(oldest)).ok()?;
    ring.records.get(index).cloned()
}

/// Logs at level `Error`.
#[macro_export]
macro_rules! error {
    ($($argument:tt)*) => {
        $crate::log::record($crate::log::Level::Error, ::core::format_args!($($argument)*))
    };
}

/// Logs at level `Warning`.
#[macro_export]
macro_rules! warn {
    ($($argument:tt)*) => {
        $crate::log::record($crate::log::Level::Warning, ::core::format_args!($($argument)*))
    };
}

/// Logs at level `Info`.
#[macro_export]
macro_rules! info {
    ($($argument:tt)*) => {
        $crate::log::record($crate::log::Level::Info, ::core::format_args!($($argument)*))
    };
}

/// Logs at level `Debug`.
#[macro_export]
macro_rules! debug {
    ($($argument:tt)*) => {
        $crate::log::record($crate::log::Level::Debug, ::core::format_args!($($argument)*))
    };
}

pub use crate::{debug, error, info, warn};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_cut_at_a_character() {
        let mut line = Line {
            bytes: [0; LINE],
            length: 0,
        };
        line.write_str(&"x".repeat(LINE - 1)).expect("never fails");
        line.write_str("é").expect("never fails");
        assert_eq!(line.text().len(), LINE - 1);
    }
}
