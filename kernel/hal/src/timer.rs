//! Time: a clock that only goes forward, one deadline per CPU, and the time of day.

use crate::arch;

/// Nanoseconds since the machine started. Never goes back, and is the same on every CPU.
#[inline]
pub fn now_ns() -> u64 {
    arch::now_ns()
}

/// The clock in its own unit: the cheapest way to note a moment. [`ticks_to_ns`] says what it means.
#[inline]
pub fn ticks() -> u64 {
    arch::ticks()
}

/// Nanoseconds for a number of [`ticks`].
pub fn ticks_to_ns(ticks: u64) -> u64 {
    arch::ticks_to_ns(ticks)
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
