//! The open file: the object most of the kernel is about.
//!
//! A `File` is what POSIX calls an open file description: an inode with a position, one end of a
//! pipe, a terminal, a directory being read. Several handles may lead to one file.
//!
//! Bytes move through a [`Sink`] or a [`Source`], which stand for the user's memory (or the
//! kernel's): a pipe copies from its pages straight into the reader's. Every method has an honest
//! default, the error that Linux gives for a file that cannot do it.

use alloc::string::String;
use alloc::sync::Arc;
use core::any::Any;

use base::{Error, Result};
use mem::transfer::{Sink, Source};
use mem::{MemoryObject, Pattern};

use crate::{
    DirectoryEntry, FileAccess, FileStatus, Listener, PollRegistration, Ready, StatusFlags,
};

/// Where a seek is counted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeekFrom {
    /// The beginning.
    Start(u64),
    /// The present position.
    Current(i64),
    /// The end.
    End(i64),
    /// The next byte at or after this offset that is no hole.
    Data(u64),
    /// The next hole at or after this offset.
    Hole(u64),
}

/// What a program knows about its future use of a file's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileAdvice {
    /// How they will be read, through this open file.
    Expect(Pattern),
    /// They will be needed soon.
    WillNeed,
    /// They will not be needed for a while.
    DontNeed,
}

/// A change of the room that a file takes, its bytes aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpaceChange {
    /// There is room for every byte of the range from now on. The file grows to the range's end, unless `keep_size`.
    Allocate {
        /// Its length stays.
        keep_size: bool,
    },
    /// The range becomes a hole: it reads as zero, and its room is given back. The length stays.
    Punch,
}

bitflags::bitflags! {
    /// How one write differs from what the file's flags say.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct WriteMode: u32 {
        /// At the end, wherever that is.
        const APPEND = 1;
        /// At the offset, even if the file is one that is appended to.
        const NO_APPEND = 2;
        /// Everything of the file is on the device when it returns.
        const SYNC = 4;
        /// The bytes are.
        const DATA_SYNC = 8;
        /// It does not wait: `Error::WouldBlock` instead.
        const NO_WAIT = 16;
    }
}

/// An open file description.
pub trait File: Any + Send + Sync {
    /// This file, or, for a wrapper, the file that it wraps: what `downcast`
    /// looks into. Always `self` but for wrappers.
    fn as_file_any(&self) -> &dyn Any;

    /// The directions it was opened for.
    fn access(&self) -> FileAccess {
        FileAccess::READ | FileAccess::WRITE
    }

    /// Reads at the position, which moves on. `Ok(0)` is the end of the file.
    fn read(&self, _into: &mut Sink<'_>) -> Result<usize> {
        Err(Error::InvalidArgument)
    }

    /// Writes at the position, which moves on.
    fn write(&self, _from: &mut Source<'_>) -> Result<usize> {
        Err(Error::InvalidArgument)
    }

    /// Reads at `offset`; the position stays.
    fn read_at(&self, _offset: u64, _into: &mut Sink<'_>) -> Result<usize> {
        Err(Error::IllegalSeek)
    }

    /// Writes at `offset`; the position stays.
    fn write_at(&self, _offset: u64, _from: &mut Source<'_>) -> Result<usize> {
        Err(Error::IllegalSeek)
    }

    /// Whether [`File::read_now`] and [`WriteMode::NO_WAIT`] mean something here.
    fn can_not_wait(&self) -> bool {
        false
    }

    /// Reads at `offset`, or at the position, without waiting: `Error::WouldBlock` where it would have to.
    fn read_now(&self, _offset: Option<u64>, _into: &mut Sink<'_>) -> Result<usize> {
        Err(Error::Unsupported)
    }

    /// Writes at `offset`, or at the position, in a way of its own. By default the ways that concern only files
    /// on devices make no difference.
    fn write_as(
        &self,
        offset: Option<u64>,
        from: &mut Source<'_>,
        mode: WriteMode,
    ) -> Result<usize> {
        match offset {
            _ if mode.contains(WriteMode::NO_WAIT) => Err(Error::Unsupported),
            Some(offset) => self.write_at(offset, from),
            None => self.write(from),
        }
    }

    /// Moves the position and returns it.
    fn seek(&self, _to: SeekFrom) -> Result<u64> {
        Err(Error::IllegalSeek)
    }

    /// What it is ready for, of `interest` and [`Ready::ALWAYS`]. With a registration, the waiter
    /// is also woken at each later change. The default is a file that never makes anyone wait.
    fn poll(&self, interest: Ready, _waiter: Option<&mut PollRegistration>) -> Ready {
        interest & (Ready::READ | Ready::WRITE)
    }

    /// From now on (`on`), or no more, `listener` hears when it becomes ready for what this file was opened for. Files
    /// that have nothing to tell take no notice.
    fn report_to(&self, _listener: &Arc<dyn Listener>, _on: bool) -> Result<()> {
        Ok(())
    }

    /// True for a regular file whose readiness changes, unlike that of others: it makes sense to wait for it.
    fn can_be_awaited(&self) -> bool {
        false
    }

    /// Its attributes.
    fn status(&self) -> Result<FileStatus>;

    /// How it behaves.
    fn status_flags(&self) -> StatusFlags {
        StatusFlags::empty()
    }

    /// Changes how it behaves. A file refuses flags that it does not know how to honour.
    fn set_status_flags(&self, flags: StatusFlags) -> Result<()> {
        if flags == self.status_flags() {
            Ok(())
        } else {
            Err(Error::InvalidArgument)
        }
    }

    /// Cuts or extends it to `length` bytes.
    fn truncate(&self, _length: u64) -> Result<()> {
        Err(Error::InvalidArgument)
    }

    /// Whether there is such a change of room at all: asked before limits are, as on Linux.
    fn check_space(&self, _change: SpaceChange) -> Result<()> {
        Ok(())
    }

    /// Changes the room that `length` bytes from `offset` on take. [`Error::Unsupported`] where files have no such
    /// room, or none that can be changed.
    fn change_space(&self, _offset: u64, _length: u64, _change: SpaceChange) -> Result<()> {
        Err(Error::Unsupported)
    }

    /// Brings its bytes, and with `metadata` its attributes, to the device.
    fn sync(&self, _metadata: bool) -> Result<()> {
        Err(Error::InvalidArgument)
    }

    /// Brings `length` bytes from `offset` on to the device, without what else it takes to find them
    /// after a loss of power; with `wait` it comes back when they are there.
    fn sync_range(&self, _offset: u64, _length: u64, _wait: bool) -> Result<()> {
        Ok(())
    }

    /// Hears how `length` bytes from `offset` on will be used.
    fn advise(&self, _offset: u64, _length: u64, _advice: FileAdvice) -> Result<()> {
        Ok(())
    }

    /// Shows the entries of a directory from the position on, until `visit` says `false` (that
    /// entry then counts as not seen). The position moves on.
    fn read_directory(&self, _visit: &mut dyn FnMut(&DirectoryEntry<'_>) -> bool) -> Result<()> {
        Err(Error::NotDirectory)
    }

    /// What it is, in one word, for people: how a file without a name is called.
    fn kind_name(&self) -> &'static str {
        "file"
    }

    /// What there is to say of it that is not said of every file, in lines (`/proc/PID/fdinfo`).
    fn details(&self) -> String {
        String::new()
    }

    /// Its bytes as memory, for mapping.
    fn memory_object(&self) -> Result<Arc<dyn MemoryObject>> {
        Err(Error::NotSupportedByDevice)
    }

    /// Its bytes as memory, for a shared mapping through which they may be written, now or later.
    /// `Error::NotPermitted` where nobody may any more.
    fn writable_memory_object(&self) -> Result<Arc<dyn MemoryObject>> {
        self.memory_object()
    }
}

impl dyn File {
    /// This file as the concrete type `T`, or what it wraps as that type.
    pub fn downcast<T: Any>(&self) -> Option<&T> {
        let outer: &dyn Any = self;
        outer
            .downcast_ref()
            .or_else(|| self.as_file_any().downcast_ref())
    }
}
