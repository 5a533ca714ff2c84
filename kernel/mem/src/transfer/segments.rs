//! The pieces of user memory that one transfer goes through.

use alloc::vec::{self, Vec};

use base::{Error, Result};

/// Pieces of user memory, consumed from the front.
#[derive(Debug)]
pub(super) struct Segments {
    address: usize,
    length: usize,
    rest: vec::IntoIter<(usize, usize)>,
    remaining: usize,
}

impl Segments {
    #[inline]
    pub(super) fn one(address: usize, length: usize) -> Self {
        Self {
            address,
            length,
            rest: Vec::new().into_iter(),
            remaining: length,
        }
    }

    pub(super) fn many(pieces: Vec<(usize, usize)>) -> Self {
        let remaining = pieces
            .iter()
            .fold(0usize, |sum, piece| sum.saturating_add(piece.1));
        Self {
            address: 0,
            length: 0,
            rest: pieces.into_iter(),
            remaining,
        }
    }

    #[inline]
    pub(super) fn remaining(&self) -> usize {
        self.remaining
    }

    pub(super) fn limit(&mut self, most: usize) {
        self.remaining = self.remaining.min(most);
    }

    /// Moves up to `wanted` bytes with `piece`, which gets an address, how many bytes went before,
    /// and a length, and says how many it did. Fewer than asked ends the step.
    #[inline]
    pub(super) fn step(
        &mut self,
        wanted: usize,
        mut piece: impl FnMut(usize, usize, usize) -> usize,
    ) -> Result<usize> {
        let wanted = wanted.min(self.remaining);
        let mut moved = 0;
        while moved < wanted {
            if self.length == 0 {
                let Some((address, length)) = self.rest.next() else {
                    break;
                };
                (self.address, self.length) = (address, length);
                continue;
            }
            let length = self.length.min(wanted - moved);
            let done = piece(self.address, moved, length).min(length);
            self.address = self.address.wrapping_add(done);
            self.length -= done;
            self.remaining -= done;
            moved += done;
            if done < length {
                break;
            }
        }
        if moved == 0 && wanted > 0 {
            Err(Error::BadAddress)
        } else {
            Ok(moved)
        }
    }
}
