//! Where the bytes of a read go.

use alloc::vec::Vec;
use core::mem::take;

use base::Result;
use hal::frame::Frame;

use super::segments::{Segment, Segments};
use crate::Pattern;
use crate::user::with_faults;

/// A place that bytes go into: a read's destination.
pub struct Sink<'a> {
    place: Place<'a>,
    transferred: usize,
    pattern: Pattern,
}

enum Place<'a> {
    User(Segment),
    Users(Segments),
    Kernel(&'a mut [u8]),
}

impl<'a> Sink<'a> {
    /// `length` bytes of user memory at `address`.
    #[inline]
    pub fn user(address: usize, length: usize) -> Self {
        Self {
            place: Place::User(Segment { address, length }),
            transferred: 0,
            pattern: Pattern::Normal,
        }
    }

    /// Several pieces of user memory (address, length), filled in turn.
    pub fn user_segments(pieces: Vec<(usize, usize)>) -> Self {
        Self {
            place: Place::Users(Segments::new(pieces)),
            transferred: 0,
            pattern: Pattern::Normal,
        }
    }

    /// Kernel memory.
    pub fn kernel(into: &'a mut [u8]) -> Self {
        Self {
            place: Place::Kernel(into),
            transferred: 0,
            pattern: Pattern::Normal,
        }
    }

    /// Says how whoever reads here is going to go on.
    #[inline]
    pub fn expect(&mut self, pattern: Pattern) {
        self.pattern = pattern;
    }

    /// How whoever reads here is going to go on.
    #[inline]
    pub fn pattern(&self) -> Pattern {
        self.pattern
    }

    /// How many more bytes fit.
    #[inline]
    pub fn remaining(&self) -> usize {
        match &self.place {
            Place::User(segment) => segment.length,
            Place::Users(segments) => segments.remaining(),
            Place::Kernel(slice) => slice.len(),
        }
    }

    /// All addresses and lengths of user memory in it, or-ed together: what divides them divides this. 0 for
    /// kernel memory.
    pub fn alignment(&self) -> usize {
        match &self.place {
            Place::User(segment) => segment.address | segment.length,
            Place::Users(segments) => segments.alignment(),
            Place::Kernel(_) => 0,
        }
    }

    /// How many bytes went in so far.
    #[inline]
    pub fn transferred(&self) -> usize {
        self.transferred
    }

    /// Lets at most `most` more bytes in.
    pub fn limit(&mut self, most: usize) {
        match &mut self.place {
            Place::User(segment) => segment.length = segment.length.min(most),
            Place::Users(segments) => segments.limit(most),
            Place::Kernel(slice) => {
                let kept = slice.len().min(most);
                let whole = take(slice);
                *slice = &mut whole[..kept];
            }
        }
    }

    /// Puts in as much of `data` as fits; returns how much.
    pub fn write(&mut self, data: &[u8]) -> Result<usize> {
        self.step(
            data.len(),
            |address, before, length| {
                let piece = &data[before..before + length];
                with_faults(length, |done| {
                    hal::user::copy_to_user(address.wrapping_add(done), &piece[done..])
                })
            },
            |slice| slice.copy_from_slice(&data[..slice.len()]),
        )
    }

    /// Puts in `length` bytes of `frame` from `offset` on, or what fits; returns how much.
    pub fn write_frame(&mut self, frame: &Frame, offset: usize, length: usize) -> Result<usize> {
        self.step(
            length,
            |address, before, length| {
                with_faults(length, |done| {
                    let at = offset + before + done;
                    let address = address.wrapping_add(done);
                    hal::user::copy_frame_to_user(frame, at, address, length - done)
                })
            },
            |slice| frame.read(offset, slice),
        )
    }

    /// Puts in `length` zeros, or what fits; returns how many.
    #[inline]
    pub fn zero(&mut self, length: usize) -> Result<usize> {
        let Place::User(segment) = &mut self.place else {
            return self.zero_elsewhere(length);
        };
        let moved = segment.step(length, |address, _, length| {
            with_faults(length, |done| {
                hal::user::zero_user(address.wrapping_add(done), length - done)
            })
        })?;
        self.transferred += moved;
        Ok(moved)
    }

    /// The same for what is not one piece of user memory.
    #[inline(never)]
    fn zero_elsewhere(&mut self, length: usize) -> Result<usize> {
        self.step(
            length,
            |address, _, length| {
                with_faults(length, |done| {
                    hal::user::zero_user(address.wrapping_add(done), length - done)
                })
            },
            |slice| slice.fill(0),
        )
    }

    #[inline(always)]
    fn step(
        &mut self,
        wanted: usize,
        user: impl FnMut(usize, usize, usize) -> usize,
        kernel: impl FnOnce(&mut [u8]),
    ) -> Result<usize> {
        let moved = match &mut self.place {
            Place::User(segment) => segment.step(wanted, user)?,
            Place::Users(segments) => segments.step(wanted, user)?,
            Place::Kernel(slice) => {
                let length = slice.len().min(wanted);
                let (head, tail) = take(slice).split_at_mut(length);
                kernel(head);
                *slice = tail;
                length
            }
        };
        self.transferred += moved;
        Ok(moved)
    }
}
