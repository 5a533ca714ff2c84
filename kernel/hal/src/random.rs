//! What little unpredictability the machine itself has to offer.

use crate::arch;

/// A number that is hard to predict from outside: cycle counters and their jitter. Not uniform;
/// it is material for a generator, not a generator.
pub fn jitter() -> u64 {
    let mut mixed = 0u64;
    for _ in 0..16 {
        mixed = mixed.rotate_left(7) ^ arch::cycle_counter().wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
    mixed
}
