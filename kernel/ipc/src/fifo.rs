//! Named pipes: a channel that lives as long as its inode, and the rendezvous of opening it.
//!
//! Who opens for reading waits for a writer and the other way round. The other side may come and
//! go again before the sleeper runs, so what is waited for is not "there is a writer" but "a
//! writer has come since".

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, Ordering};

use base::{Error, Result};
use object::{File, FileAccess, FileStatus, StatusFlags};

use crate::channel::Channel;
use crate::pipe::PipeFile;

/// What a file system keeps with the inode of a named pipe.
#[derive(Default)]
pub struct Fifo {
    channel: Arc<Channel>,
    readers_seen: AtomicU64,
    writers_seen: AtomicU64,
}

impl Fifo {
    /// A named pipe that nobody has open.
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens it. Without `NONBLOCK` this waits for the other side; with it, opening for writing
    /// alone needs a reader (`Error::NoSuchDevice`).
    pub fn open(
        &self,
        access: FileAccess,
        flags: StatusFlags,
        status: FileStatus,
    ) -> Result<Arc<dyn File>> {
        let channel = &self.channel;
        let nonblocking = flags.contains(StatusFlags::NONBLOCK);
        let (reads, writes) = (
            access.contains(FileAccess::READ),
            access.contains(FileAccess::WRITE),
        );
        if writes && !reads && nonblocking && !channel.has_readers() {
            return Err(Error::NoSuchDevice);
        }
        let readers_before = self.readers_seen.load(Ordering::SeqCst);
        let writers_before = self.writers_seen.load(Ordering::SeqCst);
        if reads {
            self.readers_seen.fetch_add(1, Ordering::SeqCst);
        }
        if writes {
            self.writers_seen.fetch_add(1, Ordering::SeqCst);
        }
        // From here on the other side sees this one; giving up drops it again.
        let file = PipeFile::new(channel.clone(), access, flags, status);
        if reads && writes || nonblocking {
            return Ok(file);
        }
        if reads {
            channel.wait_for_writer(|| {
                channel.has_writers() || self.writers_seen.load(Ordering::SeqCst) != writers_before
            })?;
        } else {
            channel.wait_for_reader(|| {
                channel.has_readers() || self.readers_seen.load(Ordering::SeqCst) != readers_before
            })?;
        }
        Ok(file)
    }
}
