//! The one source of every choice in a machine.

use std::cell::Cell;

/// A small generator (splitmix64): good enough to scatter choices, and the same on every host.
pub(super) struct Random(Cell<u64>);

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        Random(Cell::new(
            seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d,
        ))
    }

    pub(super) fn next(&self) -> u64 {
        let state = self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.0.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound` (which is not 0).
    pub(super) fn below(&self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// True once in `every` calls, on average.
    pub(super) fn one_in(&self, every: u64) -> bool {
        self.below(every) == 0
    }
}
