//! Time: a clock that only goes forward, one deadline per CPU, and the time of day.

use crate::arch;

/// Nanoseconds since the machine started. Never goes back, and is the same on every CPU.
#[inline]
pub fn now_ns() -> u64 {
    arch::now_ns()
}

/// Sets this CPU's one deadline, or none: when it passes, the tick handler runs here, once.
pub fn set_deadline_ns(deadline: Option<u64>) {
    arch::set_deadline_ns(deadline);
}

/// Nanoseconds since 1970-01-01 UTC, if the machine has a clock that knows. Slow: it asks a
/// device; ask once and add [`now_ns`].
pub fn wall_clock_ns() -> Option<u64> {
    arch::wall_clock_ns()
}
