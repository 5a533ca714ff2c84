//! Pipes: two files at the ends of one channel.

use alloc::sync::Arc;
use core::any::Any;
use core::sync::atomic::{AtomicU32, Ordering};

use base::{Error, Result};
use mem::transfer::{Sink, Source};
use object::{
    File, FileAccess, FileKind, FileStatus, Listener, PollRegistration, Ready, StatusFlags,
    WriteMode,
};

use crate::allowance::PipeMaker;
use crate::anonymous;
use crate::channel::Channel;

/// One end of a pipe, or both ends of a named one that was opened for reading and writing.
pub struct PipeFile {
    channel: Arc<Channel>,
    access: FileAccess,
    flags: AtomicU32,
    status: FileStatus,
}

/// Makes a pipe: the end to read from and the end to write to.
pub fn pipe(flags: StatusFlags) -> (Arc<PipeFile>, Arc<PipeFile>) {
    ends(Channel::new(), flags)
}

/// The same, counted against who makes it ([`crate::allowance`]).
pub fn charged_pipe(
    flags: StatusFlags,
    maker: PipeMaker,
) -> Result<(Arc<PipeFile>, Arc<PipeFile>)> {
    Ok(ends(Channel::charged(maker)?, flags))
}

fn ends(channel: Channel, flags: StatusFlags) -> (Arc<PipeFile>, Arc<PipeFile>) {
    let channel = Arc::new(channel);
    let status = anonymous::status(FileKind::Fifo, anonymous::next_inode());
    let reader = PipeFile::new(channel.clone(), FileAccess::READ, flags, status);
    let writer = PipeFile::new(channel, FileAccess::WRITE, flags, status);
    (reader, writer)
}

impl PipeFile {
    pub(crate) fn new(
        channel: Arc<Channel>,
        access: FileAccess,
        flags: StatusFlags,
        status: FileStatus,
    ) -> Arc<Self> {
        if access.contains(FileAccess::READ) {
            channel.add_reader();
        }
        if access.contains(FileAccess::WRITE) {
            channel.add_writer();
        }
        Arc::new(Self {
            channel,
            access,
            flags: AtomicU32::new(flags.bits()),
            status,
        })
    }

    /// The channel that this is an end of.
    pub fn channel(&self) -> &Arc<Channel> {
        &self.channel
    }

    fn nonblocking(&self) -> bool {
        self.status_flags().contains(StatusFlags::NONBLOCK)
    }

    #[inline]
    fn put(&self, from: &mut Source<'_>, nonblocking: bool) -> Result<usize> {
        match self.status_flags().contains(StatusFlags::DIRECT) {
            false => self.channel.write(from, nonblocking),
            true => self.channel.write_packets(from, nonblocking),
        }
    }
}

impl Drop for PipeFile {
    fn drop(&mut self) {
        if self.access.contains(FileAccess::READ) {
            self.channel.remove_reader();
        }
        if self.access.contains(FileAccess::WRITE) {
            self.channel.remove_writer();
        }
    }
}

impl File for PipeFile {
    fn as_file_any(&self) -> &dyn Any {
        self
    }

    fn access(&self) -> FileAccess {
        self.access
    }

    fn read(&self, into: &mut Sink<'_>) -> Result<usize> {
        if !self.access.contains(FileAccess::READ) {
            return Err(Error::BadHandle);
        }
        self.channel.read(into, self.nonblocking())
    }

    fn write(&self, from: &mut Source<'_>) -> Result<usize> {
        if !self.access.contains(FileAccess::WRITE) {
            return Err(Error::BadHandle);
        }
        self.put(from, self.nonblocking())
    }

    fn can_not_wait(&self) -> bool {
        true
    }

    fn read_now(&self, offset: Option<u64>, into: &mut Sink<'_>) -> Result<usize> {
        match offset {
            Some(_) => Err(Error::IllegalSeek),
            None if self.access.contains(FileAccess::READ) => self.channel.read(into, true),
            None => Err(Error::BadHandle),
        }
    }

    fn write_as(
        &self,
        offset: Option<u64>,
        from: &mut Source<'_>,
        mode: WriteMode,
    ) -> Result<usize> {
        match offset {
            Some(_) => Err(Error::IllegalSeek),
            None if !self.access.contains(FileAccess::WRITE) => Err(Error::BadHandle),
            None => {
                let never_waits = self.nonblocking() || mode.contains(WriteMode::NO_WAIT);
                self.put(from, never_waits)
            }
        }
    }

    fn poll(&self, interest: Ready, mut waiter: Option<&mut PollRegistration>) -> Ready {
        let mut ready = Ready::empty();
        if self.access.contains(FileAccess::READ) {
            ready |= self.channel.poll_read(waiter.as_deref_mut());
        }
        if self.access.contains(FileAccess::WRITE) {
            ready |= self.channel.poll_write(waiter);
        }
        ready & (interest | Ready::ALWAYS)
    }

    fn report_to(&self, listener: &Arc<dyn Listener>, on: bool) -> Result<()> {
        let mut interest = Ready::empty();
        interest.set(Ready::READ, self.access.contains(FileAccess::READ));
        interest.set(Ready::WRITE, self.access.contains(FileAccess::WRITE));
        self.channel.report_to(interest, listener, on)
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
