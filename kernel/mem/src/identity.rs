//! Numbers that name memory objects and address spaces, each used once.

use core::sync::atomic::{AtomicU64, Ordering};

use hal::Global;

static NEXT: Global<AtomicU64> = Global::new(|| AtomicU64::new(1));

/// A number that was never given out before on this machine.
pub fn next_identity() -> u64 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}
