//! `/dev/kmsg`: the kernel's log, a record a read (Linux: Documentation/ABI/testing/dev-kmsg).
//!
//! A record is `level,sequence,microseconds,-;text`. Writing adds a record; a leading `<N>` is its
//! level. Reading waits at the end unless the file is nonblocking; the wait is by asking again, since
//! whoever logs may hold any lock and so wakes nobody.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use core::any::Any;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use core::time::Duration;

use base::log::{self, Level, Record};
use base::wait::WaitQueue;
use base::{Error, Result};
use device::{CharacterDevice, CharacterOpen, DeviceNumber};
use mem::transfer::{Sink, Source};
use object::{File, FileAccess, FileStatus, PollRegistration, Ready, SeekFrom, StatusFlags};

use crate::memory::{access_of, status_of};

/// How often a reader at the end looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

pub(crate) struct KernelLog;

impl CharacterDevice for KernelLog {
    fn name(&self) -> String {
        "kmsg".to_string()
    }

    fn number(&self) -> DeviceNumber {
        DeviceNumber::new(1, 11)
    }

    fn mode(&self) -> u32 {
        0o644
    }

    fn open(&self, options: CharacterOpen) -> Result<Arc<dyn File>> {
        Ok(Arc::new(LogFile {
            next: AtomicU64::new(0),
            access: access_of(options),
            flags: AtomicU32::new(options.flags.bits()),
            status: status_of(self.number()),
        }))
    }
}

struct LogFile {
    /// The sequence number to be read next.
    next: AtomicU64,
    access: FileAccess,
    flags: AtomicU32,
    status: FileStatus,
}

/// Linux's number of a level.
fn priority(level: Level) -> u32 {
    match level {
        Level::Error => 3,
        Level::Warning => 4,
        Level::Info => 6,
        Level::Debug => 7,
    }
}

/// A record as it is read.
fn text_of(record: &Record) -> String {
    let microseconds = record.time_ns / 1000;
    format!(
        "{},{},{microseconds},-;{}\n",
        priority(record.level),
        record.sequence,
        record.text
    )
}

impl LogFile {
    fn take(&self) -> Option<Record> {
        let record = log::read_from(self.next.load(Ordering::Relaxed))?;
        self.next.store(record.sequence + 1, Ordering::Relaxed);
        Some(record)
    }
}

impl File for LogFile {
    fn as_file_any(&self) -> &dyn Any {
        self
    }

    fn access(&self) -> FileAccess {
        self.access
    }

    fn read(&self, into: &mut Sink<'_>) -> Result<usize> {
        let quiet = WaitQueue::new();
        loop {
            if let Some(record) = self.take() {
                let text = text_of(&record);
                if text.len() > into.remaining() {
                    return Err(Error::InvalidArgument);
                }
                return into.write(text.as_bytes());
            }
            if self.status_flags().contains(StatusFlags::NONBLOCK) {
                return Err(Error::WouldBlock);
            }
            let later = base::time::now() + LOOK_AGAIN;
            match quiet.wait_interruptible(Some(later), || None::<()>) {
                Err(Error::TimedOut) | Ok(()) => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn write(&self, from: &mut Source<'_>) -> Result<usize> {
        let count = from.remaining();
        let mut buffer = [0; log::LINE];
        let length = from.read(&mut buffer)?;
        let line = String::from_utf8_lossy(buffer.get(..length).unwrap_or_default());
        let (level, text) = split_level(line.trim_end_matches('\n'));
        log::record(level, format_args!("{text}"));
        Ok(count)
    }

    fn seek(&self, to: SeekFrom) -> Result<u64> {
        match to {
            SeekFrom::Start(0) => self.next.store(0, Ordering::Relaxed),
            SeekFrom::End(0) => while self.take().is_some() {},
            _ => return Err(Error::IllegalSeek),
        }
        Ok(0)
    }

    fn poll(&self, interest: Ready, _waiter: Option<&mut PollRegistration>) -> Ready {
        let mut ready = Ready::WRITE;
        ready.set(
            Ready::READ,
            log::read_from(self.next.load(Ordering::Relaxed)).is_some(),
        );
        ready & interest
    }

    fn status(&self) -> Result<FileStatus> {
        Ok(self.status)
    }

    fn status_flags(&self) -> StatusFlags {
        StatusFlags::from_bits_truncate(self.flags.load(Ordering::Relaxed))
    }

    fn set_status_flags(&self, flags: StatusFlags) -> Result<()> {
        self.flags.store(flags.bits(), Ordering::Relaxed);
        Ok(())
    }
}

/// Splits a leading `<N>` off a line.
fn split_level(line: &str) -> (Level, &str) {
    let split = line.strip_prefix('<').and_then(|rest| rest.split_once('>'));
    let Some((Ok(number), text)) = split.map(|(digits, text)| (digits.parse::<u32>(), text)) else {
        return (Level::Info, line);
    };
    // The facility in the higher bits is not kept.
    let level = match number & 7 {
        0..=3 => Level::Error,
        4 => Level::Warning,
        5 | 6 => Level::Info,
        _ => Level::Debug,
    };
    (level, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_a_level() {
        assert_eq!(split_level("<3>bad"), (Level::Error, "bad"));
        assert_eq!(split_level("<30>daemon"), (Level::Info, "daemon"));
        assert_eq!(split_level("<x>text"), (Level::Info, "<x>text"));
        assert_eq!(split_level("text"), (Level::Info, "text"));
    }
}
