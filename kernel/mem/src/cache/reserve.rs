//! Room for bytes that are not written yet, in files that live in memory.

use alloc::vec::Vec;
use core::ops::Range;

use base::{Error, Result};

use super::PageCache;
use super::state::Lookup;

impl PageCache {
    /// Sees to it that a file in memory has all pages of `pages`, within its length or beyond: whoever
    /// writes there later finds room. What it did not have counts as a hole until it is used. Without room
    /// for all of them ([`Error::NoSpace`], [`Error::OutOfMemory`]) everything is as it was before.
    pub fn reserve(&self, pages: Range<u64>) -> Result<()> {
        if self.source.is_some() {
            return Err(Error::Unsupported);
        }
        let mut made = Vec::new();
        for index in pages {
            let token = {
                let mut state = self.state.lock();
                match state.find(index) {
                    Lookup::Absent => state.announce(index),
                    _ => {
                        // What is promised twice counts as used, as on Linux.
                        state.claim(index);
                        continue;
                    }
                }
            };
            let brought = self.bring(index, token);
            if matches!(brought, Ok(Some(_))) {
                self.state.lock().reserve(index);
                made.push(index);
            }
            self.arrived.wake_all();
            if let Err(error) = brought {
                self.take_back(&made);
                return Err(error);
            }
            base::thread::yield_if_needed();
        }
        Ok(())
    }

    /// Gives up pages that nobody has used since they were promised.
    fn take_back(&self, made: &[u64]) {
        for &index in made {
            let frame = {
                let mut state = self.state.lock();
                if state.claim(index) {
                    state.take(index)
                } else {
                    None
                }
            };
            self.refund(usize::from(frame.is_some()));
        }
    }
}
