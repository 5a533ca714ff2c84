//! Clocks.

use crate::sys;
use core::ops::{Add, Sub};
pub use core::time::Duration;
use scarlet_abi::system::{CLOCK_MONOTONIC, CLOCK_PROCESS, CLOCK_WALL};

/// A moment on the clock that never goes back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Instant(Duration);

impl Instant {
    /// Now.
    pub fn now() -> Instant {
        Instant(Duration::from_nanos(sys::clock(CLOCK_MONOTONIC)))
    }

    /// The time since.
    pub fn elapsed(&self) -> Duration {
        Instant::now().duration_since(*self)
    }

    /// The time between, zero if `earlier` is later.
    pub fn duration_since(&self, earlier: Instant) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;
    fn add(self, duration: Duration) -> Instant {
        Instant(self.0.saturating_add(duration))
    }
}

impl Sub for Instant {
    type Output = Duration;
    fn sub(self, earlier: Instant) -> Duration {
        self.duration_since(earlier)
    }
}

/// A moment on the calendar's clock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct SystemTime(Duration);

impl SystemTime {
    /// Now.
    pub fn now() -> SystemTime {
        SystemTime(Duration::from_nanos(sys::clock(CLOCK_WALL)))
    }

    /// A moment given in nanoseconds since 1970.
    pub fn from_nanos(nanoseconds: u64) -> SystemTime {
        SystemTime(Duration::from_nanos(nanoseconds))
    }

    /// The time since 1970 began.
    pub fn since_epoch(&self) -> Duration {
        self.0
    }
}

/// Nanoseconds since the system started.
pub fn now_ns() -> u64 {
    sys::clock(CLOCK_MONOTONIC)
}

/// The CPU time that this process has used.
pub fn process_time() -> Duration {
    Duration::from_nanos(sys::clock(CLOCK_PROCESS))
}

/// A duration as an argument: `usize::MAX` is for ever.
pub(crate) fn nanoseconds(duration: Option<Duration>) -> usize {
    match duration {
        None => usize::MAX,
        Some(duration) => usize::try_from(duration.as_nanos()).unwrap_or(usize::MAX - 1),
    }
}
