//! Reading and writing the bytes of a file on a device through its pages.

use base::{Error, Result, time};
use hal::PAGE_SIZE;
use hal::frame::Frame;

use super::ahead::Need;
use super::fill::allocate_stored;
use super::state::Lookup;
use super::{PageCache, flush, page_of};
use crate::transfer::{Sink, Source};

/// How many pages a read looks up at once.
const TOGETHER: usize = 16;

impl PageCache {
    pub(super) fn read_stored(&self, offset: u64, into: &mut Sink<'_>) -> Result<usize> {
        let pattern = into.pattern();
        let mut done = 0;
        // Pages that are here, looked up together.
        let mut run = [const { None }; TOGETHER];
        let (mut next, mut length, mut size_then) = (0, 0, 0);
        while into.remaining() > 0 {
            let at = offset + done as u64;
            let (index, within) = page_of(at);
            let wanted = (within + into.remaining()).div_ceil(PAGE_SIZE) as u64;
            if next == length && wanted > 1 {
                let mut state = self.state.lock();
                length = state.run_for_use(index, &mut run[..TOGETHER.min(wanted as usize)]);
                size_then = state.size;
                next = 0;
            }
            let found = match run.get_mut(next).and_then(Option::take) {
                Some(frame) => {
                    next += 1;
                    Ok((frame, size_then))
                }
                None => self.stored_page(index, Need::Read(wanted, pattern), false),
            };
            let step = match found {
                Ok((frame, size)) => {
                    let left = size.saturating_sub(at).min((PAGE_SIZE - within) as u64) as usize;
                    match left.min(into.remaining()) {
                        0 => break,
                        length => into.write_frame(&frame, within, length),
                    }
                }
                Err(Error::OutOfRange) => break,
                Err(error) => Err(error),
            };
            match step {
                Ok(moved) => done += moved,
                Err(_) if done > 0 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    pub(super) fn write_stored(&self, offset: u64, from: &mut Source<'_>) -> Result<usize> {
        self.clear_tail(offset)?;
        let old = self.size();
        let mut done = 0;
        let mut outcome = Ok(());
        while from.remaining() > 0 {
            match self.write_stored_page(offset + done as u64, from) {
                Ok(0) => break,
                Ok(moved) => done += moved,
                Err(error) => {
                    outcome = Err(error);
                    break;
                }
            }
        }
        self.after_growth(old);
        flush::throttle(self);
        if done > 0 {
            return Ok(done);
        }
        outcome.map(|()| 0)
    }

    /// A write that begins beyond the end leaves a hole behind it, in which a program that had the
    /// last page mapped may have left something.
    fn clear_tail(&self, offset: u64) -> Result<()> {
        let size = self.size();
        let (border, within) = page_of(size);
        if offset <= size || within == 0 {
            return Ok(());
        }
        let length = (PAGE_SIZE - within) as u64;
        self.clear_part(border, within, length.min(offset - size) as usize)
            .map(drop)
    }

    fn write_stored_page(&self, at: u64, from: &mut Source<'_>) -> Result<usize> {
        let (index, within) = page_of(at);
        let length = from.remaining().min(PAGE_SIZE - within);
        let (mut cuts, is_absent) = {
            let state = self.state.lock();
            let cuts = state.stored.as_ref().map_or(0, |stored| stored.cuts);
            (cuts, !matches!(state.find(index), Lookup::Here(_)))
        };
        let changed = within..within + length;
        let eighths = self.prepare(index, changed.clone(), true)?;
        let copied = if is_absent && length == PAGE_SIZE {
            self.copy_whole_page(index, from)
        } else {
            self.copy_part(index, within, length, from)
        };
        let (frame, moved) = match copied {
            Ok(copied) => copied,
            Err(error) => {
                self.drop_beyond_end();
                return Err(error);
            }
        };
        let first = loop {
            let mut state = self.state.lock();
            let mut replaced = None;
            if !state.is_here(index, &frame) {
                // It was cut off meanwhile: it comes back, as if the write had come after.
                replaced = state.put(index, frame.clone());
            }
            if state.is_prepared(index, eighths)
                || state
                    .stored
                    .as_ref()
                    .is_some_and(|stored| stored.cuts == cuts)
            {
                state.size = state.size.max(at + moved as u64);
                let first = state.mark_dirty(index, eighths, time::now());
                drop(state);
                drop(replaced);
                break first;
            }
            drop(state);
            drop(replaced);
            cuts = self.cuts();
            self.prepare(index, changed.clone(), true)?;
        };
        if first {
            self.first_is_dirty();
        }
        Ok(moved)
    }

    /// Copies into a page that is brought in, or is beyond the end.
    fn copy_part(
        &self,
        index: u64,
        within: usize,
        length: usize,
        from: &mut Source<'_>,
    ) -> Result<(Frame, usize)> {
        let (frame, _) = self.stored_page(index, Need::Change, true)?;
        let moved = from.read_to_frame(&frame, within, length)?;
        Ok((frame, moved))
    }

    /// Copies a whole page into a new one, so that what it had before need not be brought in. Nothing
    /// says "coming" meanwhile: the bytes may come from a mapping of the very same page.
    fn copy_whole_page(&self, index: u64, from: &mut Source<'_>) -> Result<(Frame, usize)> {
        let fresh = allocate_stored(true, Frame::allocate_dirty)?;
        let moved = from.read_to_frame(&fresh, 0, PAGE_SIZE)?;
        let present = if moved == PAGE_SIZE {
            let mut state = self.state.lock();
            match state.find(index) {
                Lookup::Here(frame) => frame,
                _ => {
                    state.put(index, fresh.clone());
                    drop(state);
                    self.arrived.wake_all();
                    return Ok((fresh, moved));
                }
            }
        } else {
            self.stored_page(index, Need::Change, true)?.0
        };
        let mut buffer = [0; 256];
        let mut at = 0;
        while at < moved {
            let part = (moved - at).min(buffer.len());
            fresh.read(at, &mut buffer[..part]);
            present.write(at, &buffer[..part]);
            at += part;
        }
        Ok((present, moved))
    }
}
