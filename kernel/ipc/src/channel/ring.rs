//! The ring of pages that a channel's bytes lie in.
//!
//! Pages come when they are first written to and go when the ring runs empty, but for one, so that
//! a pipe that carries small messages does not ask for memory each time.

use alloc::vec::Vec;

use base::{Error, Result};
use hal::PAGE_SIZE;
use hal::frame::Frame;
use mem::transfer::{Sink, Source};

use super::DEFAULT_CAPACITY;

/// Bytes in pages; the oldest at `start`.
pub(super) struct Ring {
    pages: Vec<Option<Frame>>,
    capacity: usize,
    start: usize,
    length: usize,
}

impl Default for Ring {
    fn default() -> Self {
        Self {
            pages: Vec::new(),
            capacity: DEFAULT_CAPACITY,
            start: 0,
            length: 0,
        }
    }
}

impl Ring {
    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// Moves bytes out; at least one is there and wanted.
    pub(super) fn read(&mut self, into: &mut Sink<'_>) -> Result<usize> {
        let mut done = 0;
        while self.length > 0 && into.remaining() > 0 {
            let (page, within) = (self.start / PAGE_SIZE, self.start % PAGE_SIZE);
            let wanted = self.length.min(PAGE_SIZE - within).min(into.remaining());
            let Some(frame) = self.pages.get(page).and_then(Option::as_ref) else {
                return Err(Error::InputOutput);
            };
            match into.write_frame(frame, within, wanted) {
                Ok(moved) => {
                    self.start = (self.start + moved) % self.capacity;
                    self.length -= moved;
                    done += moved;
                    if moved < wanted {
                        break;
                    }
                }
                Err(_) if done > 0 => break,
                Err(error) => return Err(error),
            }
        }
        if self.length == 0 {
            self.rest();
        }
        Ok(done)
    }

    /// Moves up to `most` bytes in, which fit.
    pub(super) fn write(&mut self, from: &mut Source<'_>, most: usize) -> Result<usize> {
        let mut done = 0;
        while done < most && from.remaining() > 0 {
            let end = (self.start + self.length) % self.capacity;
            let (page, within) = (end / PAGE_SIZE, end % PAGE_SIZE);
            let wanted = (PAGE_SIZE - within).min(most - done).min(from.remaining());
            let moved = match self.page(page) {
                Ok(frame) => from.read_to_frame(&frame, within, wanted),
                Err(error) => Err(error),
            };
            match moved {
                Ok(moved) => {
                    self.length += moved;
                    done += moved;
                    if moved < wanted {
                        break;
                    }
                }
                Err(_) if done > 0 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    fn page(&mut self, index: usize) -> Result<Frame> {
        if self.pages.is_empty() {
            let count = self.capacity / PAGE_SIZE;
            self.pages
                .try_reserve_exact(count)
                .map_err(|_| Error::OutOfMemory)?;
            self.pages.resize_with(count, || None);
        }
        let slot = self.pages.get_mut(index).ok_or(Error::InputOutput)?;
        match slot {
            Some(frame) => Ok(frame.clone()),
            None => {
                let frame = Frame::allocate_dirty()?;
                *slot = Some(frame.clone());
                Ok(frame)
            }
        }
    }

    /// The ring is empty: it begins again on its first page and gives the others back.
    fn rest(&mut self) {
        self.start = 0;
        for page in self.pages.iter_mut().skip(1) {
            *page = None;
        }
    }

    pub(super) fn clear(&mut self) {
        self.length = 0;
        self.start = 0;
        self.pages = Vec::new();
    }

    /// Changes how much fits; not less than what is there.
    pub(super) fn resize(&mut self, capacity: usize) -> Result<()> {
        let mut bytes = Vec::new();
        bytes
            .try_reserve_exact(self.length)
            .map_err(|_| Error::OutOfMemory)?;
        bytes.resize(self.length, 0);
        let mut next = Ring {
            pages: Vec::new(),
            capacity,
            start: 0,
            length: 0,
        };
        let mut at = self.start;
        let mut copied = 0;
        while copied < self.length {
            let (page, within) = (at / PAGE_SIZE, at % PAGE_SIZE);
            let step = (self.length - copied).min(PAGE_SIZE - within);
            if let Some(frame) = self.pages.get(page).and_then(Option::as_ref) {
                frame.read(within, &mut bytes[copied..copied + step]);
            }
            copied += step;
            at = (at + step) % self.capacity;
        }
        let mut source = Source::kernel(&bytes);
        if next.write(&mut source, bytes.len())? != bytes.len() {
            return Err(Error::OutOfMemory);
        }
        *self = next;
        Ok(())
    }
}
