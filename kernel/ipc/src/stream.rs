//! Local streams: two connected ends, each reads what the other writes.

use alloc::sync::Arc;
use core::any::Any;
use core::sync::atomic::{AtomicU32, Ordering};

use base::{Error, Result};
use mem::transfer::{Sink, Source};
use object::{File, FileKind, FileStatus, PollRegistration, Ready, StatusFlags};

use crate::anonymous;
use crate::channel::Channel;

/// One end of a local stream.
pub struct StreamFile {
    incoming: Arc<Channel>,
    outgoing: Arc<Channel>,
    flags: AtomicU32,
    status: FileStatus,
}

/// Which directions are shut down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShutDown {
    /// Nothing more is read here.
    Reading,
    /// Nothing more is written here.
    Writing,
    /// Neither.
    Both,
}

/// Makes two connected ends.
pub fn pair(flags: StatusFlags) -> (Arc<StreamFile>, Arc<StreamFile>) {
    let one = Arc::new(Channel::new());
    let two = Arc::new(Channel::new());
    let first = StreamFile::new(one.clone(), two.clone(), flags);
    let second = StreamFile::new(two, one, flags);
    (first, second)
}

impl StreamFile {
    fn new(incoming: Arc<Channel>, outgoing: Arc<Channel>, flags: StatusFlags) -> Arc<Self> {
        incoming.add_reader();
        outgoing.add_writer();
        let status = anonymous::status(FileKind::Socket, anonymous::next_inode());
        let status = FileStatus {
            mode: 0o777,
            ..status
        };
        Arc::new(Self {
            incoming,
            outgoing,
            flags: AtomicU32::new(flags.bits()),
            status,
        })
    }

    /// Ends one direction or both, for all who hold this end.
    pub fn shut_down(&self, what: ShutDown) {
        if what != ShutDown::Writing {
            self.incoming.close_reading();
        }
        if what != ShutDown::Reading {
            self.outgoing.close_writing();
        }
    }

    /// How many bytes wait to be read here.
    pub fn available(&self) -> usize {
        self.incoming.length()
    }

    fn nonblocking(&self) -> bool {
        self.status_flags().contains(StatusFlags::NONBLOCK)
    }
}

impl Drop for StreamFile {
    fn drop(&mut self) {
        self.incoming.remove_reader();
        self.outgoing.remove_writer();
    }
}

impl File for StreamFile {
    fn as_file_any(&self) -> &dyn Any {
        self
    }

    fn read(&self, into: &mut Sink<'_>) -> Result<usize> {
        self.incoming.read(into, self.nonblocking())
    }

    fn write(&self, from: &mut Source<'_>) -> Result<usize> {
        self.outgoing.write(from, self.nonblocking())
    }

    fn read_at(&self, _offset: u64, _into: &mut Sink<'_>) -> Result<usize> {
        Err(Error::IllegalSeek)
    }

    fn poll(&self, interest: Ready, mut waiter: Option<&mut PollRegistration>) -> Ready {
        let incoming = self.incoming.poll_read(waiter.as_deref_mut());
        let outgoing = self.outgoing.poll_write(waiter);
        let mut ready = Ready::empty();
        let ended = incoming.contains(Ready::HANG_UP);
        // The end of the stream is something to read, unlike a pipe's.
        ready.set(Ready::READ, incoming.contains(Ready::READ) || ended);
        ready.set(Ready::READ_HANG_UP, ended);
        ready.set(Ready::WRITE, outgoing.contains(Ready::WRITE));
        ready.set(Ready::HANG_UP, ended && outgoing.contains(Ready::ERROR));
        ready & (interest | Ready::ALWAYS)
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
