//! Named pipes: a channel that lives as long as its inode, and the rendezvous of opening it.
//!
//! Who opens for reading waits for a writer and the other way round. The other side may come and
//! go again before the sleeper runs, so what is waited for is not "there is a writer" but "a
//! writer has come since".

use alloc::sync::Arc;

use base::rank;
use base::sync::SpinLock;
use base::{Error, Result};
use object::{File, FileAccess, FileStatus, StatusFlags};

use crate::channel::Channel;
use crate::pipe::PipeFile;

/// What a file system keeps with the inode of a named pipe.
pub struct Fifo {
    channel: Arc<Channel>,
    seen: SpinLock<Seen>,
}

/// How many of each side ever came.
#[derive(Clone, Copy, Default)]
struct Seen {
    readers: u64,
    writers: u64,
}

impl Default for Fifo {
    fn default() -> Self {
        Self {
            channel: Arc::default(),
            seen: SpinLock::new(rank::PIPE, Seen::default()),
        }
    }
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
        // Coming in and looking who is there already is one step. In two, a side that came just
        // before and leaves just after would be missed by both looks.
        let (file, before) = {
            let mut seen = self.seen.lock();
            seen.readers += u64::from(reads);
            seen.writers += u64::from(writes);
            let file = PipeFile::new(channel.clone(), access, flags, status);
            let met = (reads && channel.has_writers()) || (writes && channel.has_readers());
            if met || nonblocking {
                return Ok(file);
            }
            (file, *seen)
        };
        // From here on the other side sees this one; giving up drops it again.
        if reads {
            channel.wait_for_writer(|| self.seen.lock().writers != before.writers)?;
        } else {
            channel.wait_for_reader(|| self.seen.lock().readers != before.readers)?;
        }
        Ok(file)
    }
}
