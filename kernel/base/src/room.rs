//! Lists whose length somebody else decides.
//!
//! The kernel's own small objects always find memory: a reserve is kept for them. What grows with a
//! number that a program, an image or a device gives may not, and asks for room first.
//! [`Room::make_room`] is `try_reserve` with the kernel's error, and one of the allocations that a
//! test can refuse ([`hal::refusal`]).

use crate::{Error, Result};
use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// A list that can ask for room.
pub trait Room {
    /// Makes room for `additional` more elements, or fails with `Error::OutOfMemory`; the list is
    /// then as it was.
    fn make_room(&mut self, additional: usize) -> Result<()>;
}

impl<T> Room for Vec<T> {
    fn make_room(&mut self, additional: usize) -> Result<()> {
        if self.capacity() - self.len() >= additional {
            return Ok(());
        }
        if hal::refusal::refuses() {
            return Err(Error::OutOfMemory);
        }
        Ok(self.try_reserve(additional)?)
    }
}

impl<T> Room for VecDeque<T> {
    fn make_room(&mut self, additional: usize) -> Result<()> {
        if self.capacity() - self.len() >= additional {
            return Ok(());
        }
        if hal::refusal::refuses() {
            return Err(Error::OutOfMemory);
        }
        Ok(self.try_reserve(additional)?)
    }
}
