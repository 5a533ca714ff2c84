//! syslog: the kernel's log ring (dmesg).

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use base::log::{self, Record};
use base::{Error, Result};
use core::sync::atomic::{AtomicU64, Ordering};
use hal::Global;
use mem::user::UserSlice;

use crate::call::Call;

/// From where the next reader that consumes goes on, and what was cleared.
#[derive(Default)]
struct Position {
    read: AtomicU64,
    cleared: AtomicU64,
}

static POSITION: Global<Arc<Position>> = Global::new(|| Arc::new(Position::default()));

/// One line as readers see it: level, time, text.
fn line(record: &Record) -> Vec<u8> {
    let (seconds, micros) = (
        record.time_ns / 1_000_000_000,
        record.time_ns / 1000 % 1_000_000,
    );
    format!(
        "<{}>[{seconds:5}.{micros:06}] {}\n",
        record.level as u8, record.text
    )
    .into_bytes()
}

/// All lines from a sequence number on.
fn lines_from(first: u64) -> Vec<Record> {
    let mut records = Vec::new();
    let mut next = first;
    while let Some(record) = log::read_from(next) {
        next = record.sequence + 1;
        records.push(record);
    }
    records
}

/// The last lines that fit into `room` bytes.
fn tail(room: usize) -> Vec<u8> {
    let lines: Vec<_> = lines_from(POSITION.cleared.load(Ordering::Relaxed))
        .iter()
        .map(line)
        .collect();
    let mut length = 0;
    let fitting = lines.iter().rev().take_while(|line| {
        length += line.len();
        length <= room
    });
    let count = fitting.count();
    lines[lines.len() - count..].concat()
}

/// Whole lines that fit and have not been read yet; they are then read.
fn consume(room: usize) -> Vec<u8> {
    let mut text = Vec::new();
    for record in lines_from(POSITION.read.load(Ordering::Relaxed)) {
        let line = line(&record);
        if text.len() + line.len() > room {
            break;
        }
        text.extend_from_slice(&line);
        POSITION.read.store(record.sequence + 1, Ordering::Relaxed);
    }
    text
}

/// syslog(2).
pub(crate) fn syslog(
    call: &mut Call<'_>,
    action: i32,
    buffer: usize,
    length: i32,
) -> Result<usize> {
    let superuser = call.process().credentials().is_superuser();
    // Reading everything and its size are open to all; the rest changes what others see.
    if !superuser && !matches!(action, 3 | 10) {
        return Err(Error::NotPermitted);
    }
    let room = || -> Result<usize> {
        if buffer == 0 {
            return Err(Error::InvalidArgument);
        }
        usize::try_from(length).map_err(|_| Error::InvalidArgument)
    };
    match action {
        // Opening and closing the log mean nothing.
        0 | 1 => Ok(0),
        2 => {
            let text = consume(room()?);
            UserSlice::new(buffer, text.len()).write_from(&text)
        }
        3 | 4 => {
            let text = tail(room()?);
            let done = UserSlice::new(buffer, text.len()).write_from(&text)?;
            if action == 4 {
                clear();
            }
            Ok(done)
        }
        5 => {
            clear();
            Ok(0)
        }
        6 => {
            log::set_console_level(None);
            Ok(0)
        }
        7 => {
            log::set_console_level(Some(log::Level::Warning));
            Ok(0)
        }
        8 => {
            let level = match length {
                1..=3 => None,
                4 => Some(log::Level::Error),
                5 | 6 => Some(log::Level::Warning),
                7 => Some(log::Level::Info),
                8 => Some(log::Level::Debug),
                _ => return Err(Error::InvalidArgument),
            };
            log::set_console_level(level);
            Ok(0)
        }
        9 => Ok(lines_from(POSITION.read.load(Ordering::Relaxed))
            .iter()
            .map(|record| line(record).len())
            .sum()),
        10 => Ok(log::CAPACITY),
        _ => Err(Error::InvalidArgument),
    }
}

fn clear() {
    let next = lines_from(0).last().map_or(0, |record| record.sequence + 1);
    POSITION.cleared.store(next, Ordering::Relaxed);
}
