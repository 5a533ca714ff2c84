//! Sources of true randomness.

use base::Result;

/// A device that gives bytes nobody can predict.
pub trait RandomSource: Send + Sync {
    /// A short name for the log, such as `virtio-rng`.
    fn name(&self) -> &str;

    /// Fills at most `into.len()` bytes and says how many; may sleep. Zero means none now.
    fn read_random(&self, into: &mut [u8]) -> Result<usize>;
}
