//! Where handles lead: a table from the numbers that commands know to the shell's own handles.

use alloc::collections::BTreeMap;
use alloc::rc::Rc;
use scarlet::contract::process::HandleMapping;
use scarlet::io::{self, Read, Write};
use scarlet::os::{AsHandle, OwnedHandle};
use scarlet::prelude::*;

extern crate alloc;

/// Below are the standard handles.
const FIRST_OF_SHELL: usize = 3;
/// A shell that holds more handles than this at once is not written by anybody.
const HIGHEST_CLOSED: usize = 256;

/// Where one handle leads.
#[derive(Clone)]
enum Stream {
    /// One of the handles that the shell was started with.
    Inherited(usize),
    /// One that a redirection opened; closed when the last command that has it is done.
    Opened(Rc<OwnedHandle>),
}

impl Stream {
    fn number(&self) -> usize {
        match self {
            Stream::Inherited(number) => *number,
            Stream::Opened(handle) => handle.handle(),
        }
    }
}

/// The table.
#[derive(Clone)]
pub(crate) struct Streams(BTreeMap<u32, Stream>);

/// A handle of the shell, unbuffered.
pub(crate) struct Borrowed(usize);

impl Read for Borrowed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        io::read_handle(self.0, buffer)
    }
}

impl Write for Borrowed {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        io::write_handle(self.0, buffer)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Streams {
    /// The handles that the shell was started with.
    pub(crate) fn standard() -> Streams {
        let there = (0..10).filter(|&number| io::handle_is_open(number));
        Streams(
            there
                .map(|number| (number as u32, Stream::Inherited(number)))
                .collect(),
        )
    }

    /// The shell's own number for a command's handle.
    pub(crate) fn number(&self, handle: u32) -> Option<usize> {
        self.0.get(&handle).map(Stream::number)
    }

    /// Lets a handle lead to something newly opened.
    pub(crate) fn set(&mut self, handle: u32, to: Rc<OwnedHandle>) {
        self.0.insert(handle, Stream::Opened(to));
    }

    /// Lets a handle lead where another one does.
    pub(crate) fn copy(&mut self, from: u32, to: u32) -> bool {
        match self.0.get(&from).cloned() {
            Some(stream) => {
                self.0.insert(to, stream);
                true
            }
            None => false,
        }
    }

    /// Closes a handle.
    pub(crate) fn close(&mut self, handle: u32) {
        self.0.remove(&handle);
    }

    /// The table as a child's handle map.
    pub(crate) fn mappings(&self) -> Vec<HandleMapping> {
        let line = |(&target, stream): (&u32, &Stream)| HandleMapping {
            target,
            source: stream.number() as u32,
            rights: u32::MAX,
            reserved: 0,
        };
        self.0.iter().map(line).collect()
    }

    /// Writes to a handle; an error if it is closed.
    pub(crate) fn write(&self, handle: u32, bytes: &[u8]) -> io::Result<()> {
        let number = self.number(handle).ok_or(io::ErrorKind::BadHandle)?;
        Borrowed(number).write_all(bytes)
    }

    /// Reads from a handle.
    pub(crate) fn read(&self, handle: u32, buffer: &mut [u8]) -> io::Result<usize> {
        let number = self.number(handle).ok_or(io::ErrorKind::BadHandle)?;
        Borrowed(number).read(buffer)
    }

    /// Closes the handles of a copy of the shell that the table does not lead to. Those that it was
    /// started with stay. What the copied frames below still call their own is never touched again: a
    /// copy ends without returning into them.
    pub(crate) fn close_others(&self) {
        let kept: Vec<usize> = self.0.values().map(Stream::number).collect();
        for number in FIRST_OF_SHELL..HIGHEST_CLOSED {
            if !kept.contains(&number) {
                io::close_handle(number);
            }
        }
    }

    /// Makes the shell's own handles be what the table says, for the program that replaces the shell.
    pub(crate) fn install(&self) -> io::Result<()> {
        // Out of the way first: one handle's target may be another one's source.
        let mut moved = Vec::new();
        for (&target, stream) in &self.0 {
            moved.push((target, OwnedHandle::duplicate(&stream.number(), 64, None)?));
        }
        for number in 0..10 {
            if !self.0.contains_key(&number) {
                io::close_handle(number as usize);
            }
        }
        for (target, handle) in moved {
            handle.install_at(target as usize)?;
        }
        Ok(())
    }
}
