//! The ring of pages that a channel's bytes lie in.
//!
//! Pages come when they are first written to and go when the ring runs empty, but for one, so that
//! a pipe that carries small messages does not ask for memory each time.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use base::{Error, Result, Room};
use hal::PAGE_SIZE;
use hal::frame::Frame;
use mem::transfer::{Sink, Source};

use super::DEFAULT_CAPACITY;
use crate::local::Ancillary;

/// Bytes in pages; the oldest at `start`.
pub(super) struct Ring {
    pages: Vec<Option<Frame>>,
    capacity: usize,
    start: usize,
    length: usize,
    /// How many bytes were ever read.
    consumed: u64,
    /// What was sent along with bytes, in their order. Only streams have any.
    marks: VecDeque<Mark>,
    /// Which bytes are packets, from and to which position.
    packets: VecDeque<(u64, u64)>,
    /// Room that packets take beyond their bytes: each has a page for itself.
    padding: usize,
}

/// Bytes that something was sent along with, by their positions.
pub(super) struct Mark {
    start: u64,
    end: u64,
    ancillary: Ancillary,
}

/// What a packet of `length` bytes takes beyond them. Otherwise small packets without number, each of which has to be
/// remembered, would fit into one pipe.
fn padding_of(length: u64) -> usize {
    PAGE_SIZE.saturating_sub(length as usize)
}

impl Default for Ring {
    fn default() -> Self {
        Self {
            pages: Vec::new(),
            capacity: DEFAULT_CAPACITY,
            start: 0,
            length: 0,
            consumed: 0,
            marks: VecDeque::new(),
            packets: VecDeque::new(),
            padding: 0,
        }
    }
}

impl Ring {
    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// Moves bytes out, with what was sent along; at least one is there and wanted.
    pub(super) fn read(&mut self, into: &mut Sink<'_>) -> Result<(usize, Option<Ancillary>)> {
        let most = self.until_mark();
        let done = self.copy_out(into, most)?;
        let ancillary = self.ancillary(done, true);
        let gone = match self.packets.is_empty() {
            true => done,
            false => self.with_rest_of_packet(done),
        };
        self.start = (self.start + gone) % self.capacity;
        self.length -= gone;
        self.consumed += gone as u64;
        self.forget();
        if self.length == 0 {
            self.rest();
        }
        Ok((done, ancillary))
    }

    /// Copies bytes out, with what was sent along, and leaves both there.
    pub(super) fn peek(&mut self, into: &mut Sink<'_>) -> Result<(usize, Option<Ancillary>)> {
        let done = self.copy_out(into, self.until_mark())?;
        Ok((done, self.ancillary(done, false)))
    }

    fn copy_out(&self, into: &mut Sink<'_>, most: usize) -> Result<usize> {
        let mut done = 0;
        while done < most && into.remaining() > 0 {
            let at = (self.start + done) % self.capacity;
            let (page, within) = (at / PAGE_SIZE, at % PAGE_SIZE);
            let wanted = (most - done).min(PAGE_SIZE - within).min(into.remaining());
            let Some(frame) = self.pages.get(page).and_then(Option::as_ref) else {
                return Err(Error::InputOutput);
            };
            match into.write_frame(frame, within, wanted) {
                Ok(moved) => {
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

    /// How many bytes one read may take: it ends behind bytes that handles were sent with, and
    /// before those of another sender, where senders are known.
    fn until_mark(&self) -> usize {
        if let Some((_, end)) = self.packets.front() {
            return self.distance(*end);
        }
        let mut sender = None;
        for mark in &self.marks {
            if mark.start <= self.consumed {
                sender = mark.ancillary.credentials.as_ref();
            } else if let Some(next) = &mark.ancillary.credentials
                && !sender.is_some_and(|sender| sender.is_same(next))
            {
                return self.distance(mark.start);
            }
            if !mark.ancillary.handles.is_empty() {
                return self.distance(mark.end);
            }
        }
        self.length
    }

    /// See the field.
    pub(super) fn padding(&self) -> usize {
        self.padding
    }

    /// Of `done` bytes that were read, how many leave the ring: those of a packet that was begun leave it together.
    fn with_rest_of_packet(&mut self, done: usize) -> usize {
        match self.packets.front().copied() {
            Some((start, end)) if self.consumed + done as u64 > start => {
                self.packets.pop_front();
                self.padding = self.padding.saturating_sub(padding_of(end - start));
                self.distance(end)
            }
            _ => done,
        }
    }

    /// The last `count` bytes are a packet. Behind bytes that are none, and without room to note it, they are bytes like
    /// others.
    pub(super) fn end_packet(&mut self, count: usize) {
        let end = self.consumed + self.length as u64;
        let start = end - count as u64;
        let packets_end = self.packets.back().map_or(self.consumed, |(_, end)| *end);
        let behind_bytes = packets_end.max(self.consumed) < start;
        if count > 0 && !behind_bytes && self.packets.make_room(1).is_ok() {
            self.packets.push_back((start, end));
            self.padding += padding_of(count as u64);
        }
    }

    fn distance(&self, position: u64) -> usize {
        usize::try_from(position.saturating_sub(self.consumed))
            .unwrap_or(usize::MAX)
            .min(self.length)
    }

    /// Marks the last `count` bytes.
    pub(super) fn mark(&mut self, count: usize, ancillary: Ancillary) {
        let end = self.consumed + self.length as u64;
        self.marks.push_back(Mark {
            start: end - count as u64,
            end,
            ancillary,
        });
    }

    /// What was sent along with the next `count` bytes. Without `take` it stays too.
    pub(super) fn ancillary(&mut self, count: usize, take: bool) -> Option<Ancillary> {
        if self.marks.is_empty() {
            return None;
        }
        let end = self.consumed + count as u64;
        let mut found = Ancillary::default();
        for mark in self.marks.iter_mut().filter(|mark| mark.start < end) {
            if found.credentials.is_none() {
                found.credentials = mark.ancillary.credentials.clone();
            }
            if take {
                found.handles.append(&mut mark.ancillary.handles);
            } else {
                found.handles.extend_from_slice(&mark.ancillary.handles);
            }
        }
        (!found.is_empty()).then_some(found)
    }

    /// Forgets the marks of bytes that are gone.
    fn forget(&mut self) {
        while self
            .marks
            .front()
            .is_some_and(|mark| mark.end <= self.consumed)
        {
            self.marks.pop_front();
        }
    }

    /// Everything that was sent along and not received: for whoever lets go of the ring's lock.
    pub(super) fn take_marks(&mut self) -> VecDeque<Mark> {
        core::mem::take(&mut self.marks)
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
            self.pages.make_room(count)?;
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

    /// Puts bytes back in front, which were read before and still have their room.
    pub(super) fn put_back(&mut self, bytes: &[u8]) -> Result<()> {
        let mut left = bytes.len();
        while left > 0 {
            let end = match self.start {
                0 => self.capacity,
                start => start,
            };
            let step = left.min(match end % PAGE_SIZE {
                0 => PAGE_SIZE,
                within => within,
            });
            let frame = self.page((end - step) / PAGE_SIZE)?;
            frame.write((end - step) % PAGE_SIZE, &bytes[left - step..left]);
            self.start = end - step;
            self.length += step;
            self.consumed -= step as u64;
            left -= step;
        }
        Ok(())
    }

    pub(super) fn clear(&mut self) {
        self.length = 0;
        self.start = 0;
        self.pages = Vec::new();
        self.packets.clear();
        self.padding = 0;
    }

    /// Changes how much fits; not less than what is there.
    pub(super) fn resize(&mut self, capacity: usize) -> Result<()> {
        let mut bytes = Vec::new();
        bytes.make_room(self.length)?;
        bytes.resize(self.length, 0);
        let mut next = Ring {
            pages: Vec::new(),
            capacity,
            start: 0,
            length: 0,
            consumed: self.consumed,
            marks: VecDeque::new(),
            packets: VecDeque::new(),
            padding: self.padding,
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
        next.marks = core::mem::take(&mut self.marks);
        next.packets = core::mem::take(&mut self.packets);
        *self = next;
        Ok(())
    }
}
