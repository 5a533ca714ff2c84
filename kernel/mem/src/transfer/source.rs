//! Where the bytes of a write come from.

use alloc::vec::Vec;

use base::Result;
use hal::frame::Frame;

use super::segments::{Segment, Segments};
use crate::user::with_faults;

/// A place that bytes come out of: a write's origin.
pub struct Source<'a> {
    place: Place<'a>,
    transferred: usize,
}

enum Place<'a> {
    User(Segment),
    Users(Segments),
    Kernel(&'a [u8]),
}

impl<'a> Source<'a> {
    /// `length` bytes of user memory at `address`.
    #[inline]
    pub fn user(address: usize, length: usize) -> Self {
        Self {
            place: Place::User(Segment { address, length }),
            transferred: 0,
        }
    }

    /// Several pieces of user memory (address, length), emptied in turn.
    pub fn user_segments(pieces: Vec<(usize, usize)>) -> Self {
        Self {
            place: Place::Users(Segments::new(pieces)),
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

    /// How many bytes came out so far.
    #[inline]
    pub fn transferred(&self) -> usize {
        self.transferred
    }

    /// Lets at most `most` more bytes out.
    pub fn limit(&mut self, most: usize) {
        match &mut self.place {
            Place::User(segment) => segment.length = segment.length.min(most),
            Place::Users(segments) => segments.limit(most),
            Place::Kernel(slice) => *slice = &slice[..slice.len().min(most)],
        }
    }

    /// Takes out as many bytes as `into` has room for; returns how many.
    pub fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        let wanted = into.len();
        let mut target = into;
        self.step(
            wanted,
            &mut target,
            |into, address, before, length| {
                let piece = &mut into[before..before + length];
                with_faults(length, |done| {
                    hal::user::copy_from_user(address.wrapping_add(done), &mut piece[done..])
                })
            },
            |into, slice| into[..slice.len()].copy_from_slice(slice),
        )
    }

    /// Takes out `length` bytes, or what there is, into `frame` at `offset`; returns how many.
    pub fn read_to_frame(&mut self, frame: &Frame, offset: usize, length: usize) -> Result<usize> {
        self.step(
            length,
            &mut (),
            |_, address, before, length| {
                with_faults(length, |done| {
                    let at = offset + before + done;
                    let address = address.wrapping_add(done);
                    hal::user::copy_user_to_frame(address, frame, at, length - done)
                })
            },
            |_, slice| frame.write(offset, slice),
        )
    }

    /// Moves up to `wanted` bytes to `target`, which either way of moving gets to hold.
    #[inline(always)]
    fn step<T>(
        &mut self,
        wanted: usize,
        target: &mut T,
        mut user: impl FnMut(&mut T, usize, usize, usize) -> usize,
        kernel: impl FnOnce(&mut T, &[u8]),
    ) -> Result<usize> {
        let mut user = |address, before, length| user(target, address, before, length);
        let moved = match &mut self.place {
            Place::User(segment) => segment.step(wanted, &mut user)?,
            Place::Users(segments) => segments.step(wanted, &mut user)?,
            Place::Kernel(slice) => {
                let (head, tail) = slice.split_at(slice.len().min(wanted));
                kernel(target, head);
                *slice = tail;
                head.len()
            }
        };
        self.transferred += moved;
        Ok(moved)
    }
}
