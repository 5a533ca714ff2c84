//! Reading and writing the bytes of a file through its pages.

use base::{Error, Result};
use hal::PAGE_SIZE;

use super::state::Lookup;
use super::{PageCache, page_of};
use crate::transfer::{Sink, Source};

/// The longest a file may be: offsets are signed in every ABI.
const MAXIMUM_SIZE: u64 = i64::MAX as u64;

impl PageCache {
    /// Reads from `offset` on, up to the end of the file; returns how many bytes.
    pub fn read_at(&self, offset: u64, into: &mut Sink<'_>) -> Result<usize> {
        if self.source.is_some() {
            return self.read_stored(offset, into);
        }
        let mut done = 0;
        while into.remaining() > 0 {
            let at = offset + done as u64;
            let (index, within) = page_of(at);
            let (lookup, size) = {
                let state = self.state.lock();
                (state.find(index), state.size)
            };
            let left = size.saturating_sub(at).min((PAGE_SIZE - within) as u64) as usize;
            let length = left.min(into.remaining());
            if length == 0 {
                break;
            }
            let step = match lookup {
                Lookup::Here(frame) => into.write_frame(&frame, within, length),
                // A hole: nothing is made for reading it.
                Lookup::Absent => into.zero(length),
                Lookup::Coming => match self.page_within(index) {
                    Ok(frame) => into.write_frame(&frame, within, length),
                    Err(Error::OutOfRange) => break,
                    Err(error) => Err(error),
                },
            };
            match step {
                Ok(moved) => done += moved,
                Err(_) if done > 0 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    /// Writes from `offset` on, extending the file; returns how many bytes. Two writers have to
    /// be kept apart by the caller, if it wants one after the other.
    pub fn write_at(&self, offset: u64, from: &mut Source<'_>) -> Result<usize> {
        let wanted = from.remaining() as u64;
        if wanted == 0 {
            return Ok(0);
        }
        if offset >= MAXIMUM_SIZE {
            return Err(Error::FileTooLarge);
        }
        from.limit((MAXIMUM_SIZE - offset).min(wanted) as usize);
        if self.source.is_some() {
            return self.write_stored(offset, from);
        }
        let mut done = 0;
        while from.remaining() > 0 {
            match self.write_page_at(offset + done as u64, from) {
                Ok(0) => break,
                Ok(moved) => done += moved,
                Err(_) if done > 0 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    fn write_page_at(&self, at: u64, from: &mut Source<'_>) -> Result<usize> {
        let (index, within) = page_of(at);
        let length = from.remaining().min(PAGE_SIZE - within);
        let generation = self.generation.load(core::sync::atomic::Ordering::Acquire);
        let frame = self.page_for_write(index)?;
        let moved = match from.read_to_frame(&frame, within, length) {
            Ok(moved) => moved,
            Err(error) => {
                self.drop_beyond_end();
                return Err(error);
            }
        };
        let mut state = self.state.lock();
        if self.generation.load(core::sync::atomic::Ordering::Acquire) != generation
            && !matches!(state.find(index), Lookup::Here(present) if present.number() == frame.number())
        {
            // The page was cut off while it was written: the bytes go where the file now has
            // nothing. Put it back, as if the write had come after.
            let charged = match &self.budget {
                Some(budget) => budget.charge(1),
                None => Ok(()),
            };
            charged?;
            if let Some(replaced) = state.put(index, frame) {
                drop(state);
                drop(replaced);
                self.refund(1);
                state = self.state.lock();
            }
        }
        state.size = state.size.max(at + moved as u64);
        Ok(moved)
    }
}
