//! Clocks and timers.
//!
//! [`now`] is the monotonic clock; [`wall_clock`] is the time of day, kept as an offset to it and
//! asked of the machine once. A [`Timer`] runs a callback in the tick interrupt of the CPU that
//! armed it; sleeping threads use the lighter `Alarm` inside this crate.
//!
//! Each CPU has a queue of its own, ordered by deadline, and programs its one hardware deadline
//! for the earliest thing it must do: the first timer, or the end of a time slice that somebody
//! waits for. When there is neither, no tick comes.

mod instant;
mod queue;
mod timer;

pub use core::time::Duration;
pub use instant::Instant;
pub(crate) use queue::{expire, first_deadline};
pub(crate) use timer::Alarm;
pub use timer::Timer;

use crate::Result;
use crate::rank;
use core::sync::atomic::{AtomicU64, Ordering};
use hal::Global;
use hal::frame::Frame;
use hal::sync::SpinLock;
use hal::vdso::ClockData;

/// Nanoseconds from 1970 to boot.
static WALL_OFFSET: Global<AtomicU64> = Global::new(|| {
    let now = hal::timer::now_ns();
    AtomicU64::new(hal::timer::wall_clock_ns().unwrap_or(0).saturating_sub(now))
});

/// The page in which programs read the clock themselves, once somebody asked for it. The lock also
/// keeps those who set the time of day apart, so that page and offset are always of the same.
static SHOWN: Global<SpinLock<Option<ClockData>>> = Global::new(|| SpinLock::new(rank::LEAF, None));

/// A timer that repeats goes off at most once in this time. With a shorter interval more turns have
/// passed each time: a program that asks for one every nanosecond must not keep a CPU in the timer
/// interrupt.
pub const LEAST_PERIOD: Duration = Duration::from_micros(100);

/// The monotonic clock.
pub fn now() -> Instant {
    Instant(hal::timer::now_ns())
}

/// The time of day, since 1970-01-01 UTC.
pub fn wall_clock() -> Duration {
    let offset = WALL_OFFSET.load(Ordering::Relaxed);
    Duration::from_nanos(offset.saturating_add(hal::timer::now_ns()))
}

/// Sets the time of day, for the kernel and for programs that read the clock themselves.
pub fn set_wall_clock(since_1970: Duration) {
    let nanoseconds = u64::try_from(since_1970.as_nanos()).unwrap_or(u64::MAX);
    let shown = SHOWN.lock();
    let offset = nanoseconds.saturating_sub(hal::timer::now_ns());
    WALL_OFFSET.store(offset, Ordering::Relaxed);
    if let Some(data) = &*shown {
        data.set_wall_offset(offset);
    }
}

/// The page of clock data that programs may map for reading: the same one at every call, kept up to
/// date for ever ([`hal::vdso`]).
pub fn clock_page() -> Result<Frame> {
    let made = ClockData::new(WALL_OFFSET.load(Ordering::Relaxed))?;
    let mut shown = SHOWN.lock();
    if shown.is_none() {
        // The time of day may have been set since the page was made.
        made.set_wall_offset(WALL_OFFSET.load(Ordering::Relaxed));
    }
    Ok(shown.get_or_insert(made).frame())
}
