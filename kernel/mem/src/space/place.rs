//! Where mappings go that may go anywhere.
//!
//! They are placed from the top of a window downwards, each below the last one where there is
//! room. The top is chosen at random for each address space, so that no address of a library or
//! of the heap can be known beforehand; within the space they stay close together, which keeps
//! the page tables few.

use base::random;
use hal::{PAGE_SIZE, USER_END, USER_START};

/// The part of an address space that mappings without an address of their own go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) bottom: usize,
    pub(crate) top: usize,
}

/// Room kept for the stack, its growth and its own random place, at the top of user memory.
const STACK_ROOM: usize = 1 << 30;

/// How far down the top may be moved at random, in pages: 2^18 pages are 1 GiB.
const RANDOM_PAGES: u64 = 1 << 18;

/// Bytes below a growing stack that stay free, so that running over its end hits nothing.
pub(crate) const STACK_GAP: usize = 256 * PAGE_SIZE;

impl Window {
    /// A window with a random top.
    pub(crate) fn random() -> Self {
        let mut window = Self::fixed();
        window.top -= random_below(RANDOM_PAGES) as usize * PAGE_SIZE;
        window
    }

    /// The window that all random ones lie in.
    pub(crate) fn fixed() -> Self {
        Self {
            bottom: USER_START.max(1 << 16),
            top: USER_END - STACK_ROOM,
        }
    }
}

/// A random number below `bound`, a power of two.
pub(crate) fn random_below(bound: u64) -> u64 {
    let mut bytes = [0; 8];
    random::fill(&mut bytes);
    u64::from_ne_bytes(bytes) % bound
}
