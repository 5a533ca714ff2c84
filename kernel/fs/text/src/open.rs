//! An open text.
//!
//! The text is made when it is read from the beginning and kept until the next time, so that a
//! program reading in small pieces sees one consistent text, and one that seeks to the beginning
//! sees the present. Writing hands the whole piece to whoever stands behind the file. A text whose source tells of its
//! changes can be polled for them: each is reported once to each open file (proc_pid_mounts(5)).

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::any::Any;
use core::sync::atomic::{AtomicU64, Ordering};

use base::rank;
use base::sync::Mutex;
use base::{Error, Result};
use mem::transfer::{Sink, Source};
use object::{File, FileAccess, FileStatus, PollRegistration, Ready, SeekFrom, StatusFlags};
use vfs::{MountChanges, OpenRequest};

use crate::node::Generate;

/// The longest text that may be written at once.
const LONGEST_WRITE: usize = 4096;

/// An open text.
pub struct TextFile {
    source: Arc<dyn Generate>,
    status: FileStatus,
    access: FileAccess,
    reading: Mutex<Reading>,
    watched: Option<Watched>,
}

/// Changes of the text, and how many of them were reported.
struct Watched {
    changes: Arc<MountChanges>,
    seen: AtomicU64,
}

#[derive(Default)]
struct Reading {
    position: u64,
    text: Option<Vec<u8>>,
}

impl TextFile {
    /// Opens a text.
    pub fn open(
        source: Arc<dyn Generate>,
        status: FileStatus,
        request: &OpenRequest,
    ) -> Result<Arc<dyn File>> {
        let mut access = FileAccess::empty();
        access.set(FileAccess::READ, request.read);
        access.set(FileAccess::WRITE, request.write);
        let reading = Mutex::new(rank::POSITION, Reading::default());
        let watched = source.changes()?.map(|changes| Watched {
            seen: AtomicU64::new(changes.count()),
            changes,
        });
        Ok(Arc::new(Self {
            source,
            status,
            access,
            reading,
            watched,
        }))
    }

    fn read_from(&self, reading: &mut Reading, offset: u64, into: &mut Sink<'_>) -> Result<usize> {
        if offset == 0 || reading.text.is_none() {
            reading.text = Some(self.source.text()?);
        }
        let text = reading.text.as_deref().unwrap_or_default();
        let from = usize::try_from(offset)
            .unwrap_or(usize::MAX)
            .min(text.len());
        into.write(text.get(from..).unwrap_or_default())
    }
}

impl File for TextFile {
    fn as_file_any(&self) -> &dyn Any {
        self
    }

    fn access(&self) -> FileAccess {
        self.access
    }

    fn read(&self, into: &mut Sink<'_>) -> Result<usize> {
        let mut reading = self.reading.lock();
        let position = reading.position;
        let done = self.read_from(&mut reading, position, into)?;
        reading.position += done as u64;
        Ok(done)
    }

    fn read_at(&self, offset: u64, into: &mut Sink<'_>) -> Result<usize> {
        self.read_from(&mut self.reading.lock(), offset, into)
    }

    fn write(&self, from: &mut Source<'_>) -> Result<usize> {
        let mut text = vec![0; from.remaining().min(LONGEST_WRITE)];
        let length = from.read(&mut text)?;
        text.truncate(length);
        self.source.store(&text)?;
        Ok(length)
    }

    fn write_at(&self, _offset: u64, from: &mut Source<'_>) -> Result<usize> {
        self.write(from)
    }

    fn seek(&self, to: SeekFrom) -> Result<u64> {
        let mut reading = self.reading.lock();
        let target = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::Current(by) => reading.position.checked_add_signed(by),
            // The end is not known before it is made.
            SeekFrom::End(_) | SeekFrom::Data(_) | SeekFrom::Hole(_) => None,
        };
        let target = target.filter(|&offset| i64::try_from(offset).is_ok());
        reading.position = target.ok_or(Error::InvalidArgument)?;
        Ok(reading.position)
    }

    fn poll(&self, interest: Ready, waiter: Option<&mut PollRegistration>) -> Ready {
        let Some(watched) = &self.watched else {
            return interest & (Ready::READ | Ready::WRITE);
        };
        if let Some(waiter) = waiter {
            waiter.add(watched.changes.queue());
        }
        let count = watched.changes.count();
        let mut ready = interest & Ready::READ;
        if watched.seen.swap(count, Ordering::Relaxed) != count {
            ready |= Ready::ERROR | (interest & Ready::PRIORITY);
        }
        ready
    }

    fn can_be_awaited(&self) -> bool {
        self.watched.is_some()
    }

    fn status(&self) -> Result<FileStatus> {
        Ok(self.status)
    }

    fn set_status_flags(&self, _flags: StatusFlags) -> Result<()> {
        // Nothing here ever waits, so no flag makes a difference.
        Ok(())
    }

    fn truncate(&self, _length: u64) -> Result<()> {
        Ok(())
    }

    fn sync(&self, _metadata: bool) -> Result<()> {
        Err(Error::InvalidArgument)
    }
}
