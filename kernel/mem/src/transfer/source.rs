//! Where the bytes of a write come from.

use alloc::vec::Vec;

use base::Result;
use hal::frame::Frame;

use super::segments::Segments;
use crate::user::with_faults;

/// A place that bytes come out of: a write's origin.
pub struct Source<'a> {
    place: Place<'a>,
    transferred: usize,
}

enum Place<'a> {
    User(Segments),
    Kernel(&'a [u8]),
}

impl<'a> Source<'a> {
    /// `length` bytes of user memory at `address`.
    #[inline]
    pub fn user(address: usize, length: usize) -> Self {
        Self {
            place: Place::User(Segments::one(address, length)),
            transferred: 0,
        }
    }

    /// Several pieces of user memory (address, length), emptied in turn.
    pub fn user_segments(pieces: Vec<(usize, usize)>) -> Self {
        Self {
            place: Place::User(Segments::many(pieces)),
            transferred: 0,
        }
    }

    /// Kernel memory.
    pub fn kernel(from: &'a [u8]) -> Self {
        Self {
            place: Place::Kernel(from),
            transferred: 0,
        }
    }

    /// How many more bytes there are.
    #[inline]
    pub fn remaining(&self) -> usize {
        match &self.place {
            Place::User(segments) => segments.remaining(),
            Place::Kernel(slice) => slice.len(),
        }
    }

    /// How many bytes came out so far.
    #[inline]
    pub fn transferred(&self) -> usize {
        self.transferred
    }

    /// Lets at most `most` more bytes out.
    pub fn limit(&mut self, most: usize) {
        match &mut self.place {
            Place::User(segments) => segments.limit(most),
            Place::Kernel(slice) => *slice = &slice[..slice.len().min(most)],
        }
    }

    /// Takes out as many bytes as `into` has room for; returns how many.
    pub fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        let wanted = into.len();
        match &mut self.place {
            Place::User(segments) => {
                let moved = segments.step(wanted, |address, before, length| {
                    let piece = &mut into[before..before + length];
                    with_faults(length, |done| {
                        hal::user::copy_from_user(address.wrapping_add(done), &mut piece[done..])
                    })
                })?;
                self.transferred += moved;
                Ok(moved)
            }
            Place::Kernel(_) => Ok(self.take_kernel(wanted, |slice| {
                into[..slice.len()].copy_from_slice(slice);
            })),
        }
    }

    /// Takes out `length` bytes, or what there is, into `frame` at `offset`; returns how many.
    pub fn read_to_frame(&mut self, frame: &Frame, offset: usize, length: usize) -> Result<usize> {
        match &mut self.place {
            Place::User(segments) => {
                let moved = segments.step(length, |address, before, length| {
                    with_faults(length, |done| {
                        let at = offset + before + done;
                        let address = address.wrapping_add(done);
                        hal::user::copy_user_to_frame(address, frame, at, length - done)
                    })
                })?;
                self.transferred += moved;
                Ok(moved)
            }
            Place::Kernel(_) => Ok(self.take_kernel(length, |slice| frame.write(offset, slice))),
        }
    }

    fn take_kernel(&mut self, wanted: usize, copy: impl FnOnce(&[u8])) -> usize {
        let Place::Kernel(slice) = &mut self.place else {
            return 0;
        };
        let (head, tail) = slice.split_at(slice.len().min(wanted));
        copy(head);
        *slice = tail;
        self.transferred += head.len();
        head.len()
    }
}
