//! The pieces of user memory that one transfer goes through.

use alloc::vec::Vec;

use base::{Error, Result};

/// One piece of user memory, consumed from the front. Nearly every transfer is one of these.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) address: usize,
    pub(super) length: usize,
}

impl Segment {
    /// Moves up to `wanted` bytes with `piece`, which gets an address, how many bytes went before
    /// (none), and a length, and says how many it did.
    #[inline]
    pub(super) fn step(
        &mut self,
        wanted: usize,
        mut piece: impl FnMut(usize, usize, usize) -> usize,
    ) -> Result<usize> {
        let wanted = wanted.min(self.length);
        let done = piece(self.address, 0, wanted).min(wanted);
        self.address = self.address.wrapping_add(done);
        self.length -= done;
        if done == 0 && wanted > 0 {
            Err(Error::BadAddress)
        } else {
            Ok(done)
        }
    }
}

/// Several pieces of user memory, consumed from the front.
#[derive(Debug)]
pub(super) struct Segments {
    pieces: Vec<(usize, usize)>,
    /// The piece that is being consumed.
    at: usize,
    remaining: usize,
}

impl Segments {
    pub(super) fn new(pieces: Vec<(usize, usize)>) -> Self {
        let remaining = pieces
            .iter()
            .fold(0usize, |sum, piece| sum.saturating_add(piece.1));
        Self {
            pieces,
            at: 0,
            remaining,
        }
    }

    #[inline]
    pub(super) fn remaining(&self) -> usize {
        self.remaining
    }

    pub(super) fn alignment(&self) -> usize {
        let left = self.pieces.get(self.at..).unwrap_or_default();
        left.iter().fold(0, |bits, piece| bits | piece.0 | piece.1)
    }

    pub(super) fn limit(&mut self, most: usize) {
        self.remaining = self.remaining.min(most);
    }

    /// Like [`Segment::step`], through as many pieces as it takes. Fewer bytes of a piece than asked
    /// end the step.
    pub(super) fn step(
        &mut self,
        wanted: usize,
        mut piece: impl FnMut(usize, usize, usize) -> usize,
    ) -> Result<usize> {
        let wanted = wanted.min(self.remaining);
        let mut moved = 0;
        while moved < wanted {
            let Some((address, left)) = self.pieces.get_mut(self.at) else {
                break;
            };
            let length = (*left).min(wanted - moved);
            let done = piece(*address, moved, length).min(length);
            *address = address.wrapping_add(done);
            *left -= done;
            self.remaining -= done;
            moved += done;
            if done < length {
                break;
            }
            if *left == 0 {
                self.at += 1;
            }
        }
        if moved == 0 && wanted > 0 {
            Err(Error::BadAddress)
        } else {
            Ok(moved)
        }
    }
}
