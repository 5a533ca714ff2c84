//! Memory whose amount somebody else decides.
//!
//! The kernel's own small objects always find memory: a reserve is kept for them, and an allocation
//! that fails all the same is a panic. So whatever a program can make more and more of asks first,
//! in one of two ways:
//!
//! - A *list* that grows with a number that a program, an image or a device gives makes room with
//!   [`Room::make_room`]: `try_reserve` with the kernel's error.
//! - A *thing* that a program keeps (a handle, an area of memory, a name, a waiting message, a lock)
//!   asks [`for_one_more`] before it is made. It is refused while the machine has little more than
//!   the reserve, and nothing can be won back at once; what a single call allocates beside it is small, and the reserve carries it.
//!
//! Both are among the allocations that a test can refuse ([`hal::refusal`]).

use crate::{Error, Result};
use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// Whether there is memory for one more thing that a program keeps; `Error::OutOfMemory` if not.
#[inline]
pub fn for_one_more() -> Result<()> {
    if hal::refusal::refuses() || hal::frame::stays_short() {
        Err(Error::OutOfMemory)
    } else {
        Ok(())
    }
}

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
