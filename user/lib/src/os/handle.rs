//! Handles as values: closed when dropped, duplicated with fewer rights.

use crate::io::{self, Read, Write};
use crate::sys;
use crate::time::{Duration, nanoseconds};
use alloc::vec::Vec;
use core::mem::ManuallyDrop;
use scarlet_abi::Rights;
use scarlet_abi::file::OpenFlags;
use scarlet_abi::handle::{HandleFlags, HandleInfo, SAME_RIGHTS};
use scarlet_abi::poll::PollEntry;
pub use scarlet_abi::poll::Ready;

/// Something with a handle's number.
pub trait AsHandle {
    /// The number.
    fn handle(&self) -> usize;
}

impl AsHandle for usize {
    fn handle(&self) -> usize {
        *self
    }
}

impl<H: AsHandle + ?Sized> AsHandle for &H {
    fn handle(&self) -> usize {
        (**self).handle()
    }
}

impl AsHandle for io::Stdin {
    fn handle(&self) -> usize {
        scarlet_abi::STANDARD_INPUT
    }
}

impl AsHandle for io::Stdout {
    fn handle(&self) -> usize {
        scarlet_abi::STANDARD_OUTPUT
    }
}

impl AsHandle for io::Stderr {
    fn handle(&self) -> usize {
        scarlet_abi::STANDARD_ERROR
    }
}

/// A handle that is this program's to close.
#[derive(Debug)]
pub struct OwnedHandle(usize);

impl OwnedHandle {
    /// Takes over a number: from now on it is closed with this value.
    pub fn from_number(number: usize) -> OwnedHandle {
        OwnedHandle(number)
    }

    /// Gives the number away without closing it.
    pub fn into_number(self) -> usize {
        ManuallyDrop::new(self).0
    }

    /// Opens a path.
    pub fn open(path: impl AsRef<[u8]>, flags: OpenFlags, mode: u32) -> io::Result<OwnedHandle> {
        let directory = scarlet_abi::CURRENT_DIRECTORY;
        Ok(OwnedHandle(sys::open(
            directory,
            path.as_ref(),
            flags.bits(),
            mode,
        )?))
    }

    /// A second handle on the same object, with these rights at most, at `minimum` or above, closed
    /// when another program starts.
    pub fn duplicate(
        of: &impl AsHandle,
        minimum: usize,
        rights: Option<Rights>,
    ) -> io::Result<OwnedHandle> {
        let rights = rights.map_or(SAME_RIGHTS, |rights| rights.bits() as usize);
        let flags = HandleFlags::CLOSE_ON_EXECUTE.bits();
        Ok(OwnedHandle(sys::duplicate(
            of.handle(),
            minimum,
            rights,
            flags,
        )?))
    }

    /// Makes the slot `target` refer to this object, closing what it was.
    pub fn install_at(&self, target: usize) -> io::Result<()> {
        sys::replace(self.0, target, SAME_RIGHTS, 0)?;
        Ok(())
    }

    /// What the handle allows.
    pub fn rights(&self) -> io::Result<Rights> {
        let mut record = HandleInfo::default();
        sys::handle_info(self.0, &mut record)?;
        Ok(Rights::from_bits_truncate(record.rights))
    }

    /// Sets the handle's flags.
    pub fn set_flags(&self, flags: HandleFlags) -> io::Result<()> {
        sys::handle_set_flags(self.0, flags.bits())?;
        Ok(())
    }
}

impl AsHandle for OwnedHandle {
    fn handle(&self) -> usize {
        self.0
    }
}

impl Drop for OwnedHandle {
    fn drop(&mut self) {
        let _ = sys::close(self.0);
    }
}

impl Read for OwnedHandle {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(sys::read(self.0, buffer)?)
    }
}

impl Write for OwnedHandle {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        Ok(sys::write(self.0, buffer)?)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Makes a pipe: the end to read, the end to write. Both are closed when another program starts.
pub fn pipe() -> io::Result<(OwnedHandle, OwnedHandle)> {
    let mut handles = [0; 2];
    sys::pipe(&mut handles, HandleFlags::CLOSE_ON_EXECUTE.bits())?;
    Ok((
        OwnedHandle(handles[0] as usize),
        OwnedHandle(handles[1] as usize),
    ))
}

/// One thing to wait for, and what was found.
#[derive(Clone, Copy, Debug)]
pub struct Poll {
    /// The handle's number.
    pub handle: usize,
    /// What is waited for.
    pub interest: Ready,
    /// What it is ready for.
    pub ready: Ready,
}

impl Poll {
    /// Waits for `interest` on a handle.
    pub fn new(handle: &impl AsHandle, interest: Ready) -> Poll {
        Poll {
            handle: handle.handle(),
            interest,
            ready: Ready::empty(),
        }
    }
}

/// Waits until one of the handles is ready, or the time is over; gives how many are ready.
pub fn poll(polls: &mut [Poll], timeout: Option<Duration>) -> io::Result<usize> {
    let mut entries: Vec<PollEntry> = polls
        .iter()
        .map(|poll| PollEntry {
            handle: poll.handle as u32,
            interest: poll.interest.bits(),
            ..PollEntry::default()
        })
        .collect();
    let count = sys::poll(&mut entries, nanoseconds(timeout))?;
    for (poll, entry) in polls.iter_mut().zip(&entries) {
        poll.ready = Ready::from_bits_truncate(entry.ready);
    }
    Ok(count)
}
