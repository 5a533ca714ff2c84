//! Records about time: `timespec`, `timeval`, interval timers, `tms`, `timex`.

use super::record;
use base::{Error, Result};
use core::time::Duration;

record! {
    /// `struct timespec`.
    pub struct TimeSpecification {
        /// Seconds.
        seconds: i64,
        /// Nanoseconds.
        nanoseconds: i64,
    }
}

impl TimeSpecification {
    /// The record of a duration since some epoch.
    pub fn from_duration(duration: Duration) -> Self {
        Self {
            seconds: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
            nanoseconds: i64::from(duration.subsec_nanos()),
        }
    }

    /// As a duration; `EINVAL` for negative or denormal values, as every call that takes one answers.
    pub fn to_duration(self) -> Result<Duration> {
        let seconds = u64::try_from(self.seconds).map_err(|_| Error::InvalidArgument)?;
        match u32::try_from(self.nanoseconds) {
            Ok(nanoseconds) if nanoseconds < 1_000_000_000 => {
                Ok(Duration::new(seconds, nanoseconds))
            }
            _ => Err(Error::InvalidArgument),
        }
    }
}

record! {
    /// `struct timeval`.
    pub struct TimeValue {
        /// Seconds.
        seconds: i64,
        /// Microseconds.
        microseconds: i64,
    }
}

impl TimeValue {
    /// The record of a duration since some epoch, cut to microseconds.
    pub fn from_duration(duration: Duration) -> Self {
        Self {
            seconds: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
            microseconds: i64::from(duration.subsec_micros()),
        }
    }

    /// As a duration; `EINVAL` for negative or denormal values.
    pub fn to_duration(self) -> Result<Duration> {
        if !(0..1_000_000).contains(&self.microseconds) {
            return Err(Error::InvalidArgument);
        }
        TimeSpecification {
            seconds: self.seconds,
            nanoseconds: self.microseconds * 1000,
        }
        .to_duration()
    }
}

record! {
    /// `struct timex`, as the kernel has it.
    pub struct TimeAdjustment {
        /// `ADJ_*`: which fields are meant.
        modes: u32,
        /// Padding.
        pad_modes: u32,
        /// What is still to be made up for.
        offset: i64,
        /// By how much the clock is made faster, in 2^-16 parts in a million.
        frequency: i64,
        /// Microseconds.
        maximum_error: i64,
        /// Microseconds.
        estimated_error: i64,
        /// `STA_*`.
        status: i32,
        /// Padding.
        pad_status: u32,
        /// Of the control loop.
        constant: i64,
        /// Microseconds.
        precision: i64,
        /// The most that `frequency` may be.
        tolerance: i64,
        /// The time of day; its fraction is nanoseconds with `STA_NANO`.
        time: TimeValue,
        /// Microseconds of a tick.
        tick: i64,
        /// Of a signal each second, which no device here gives.
        pulse: [i64; 2],
        /// As `pulse`.
        pulse_shift: i32,
        /// Padding.
        pad_pulse: u32,
        /// As `pulse`.
        pulse_counts: [i64; 5],
        /// Seconds between atomic time and the time of day.
        tai: i32,
        /// For later versions.
        reserved: [u32; 11],
    }
}

record! {
    /// `struct itimerval`.
    pub struct IntervalTimerValue {
        /// Period, zero for once.
        interval: TimeValue,
        /// Time to the next expiry, zero for disarmed.
        value: TimeValue,
    }
}

record! {
    /// `struct itimerspec`.
    pub struct IntervalTimerSpecification {
        /// Period, zero for once.
        interval: TimeSpecification,
        /// Time to the next expiry, zero for disarmed.
        value: TimeSpecification,
    }
}

record! {
    /// `struct tms` (times).
    pub struct ProcessTimes {
        /// Ticks in user mode.
        user: i64,
        /// Ticks in the kernel.
        system: i64,
        /// The same of children that were waited for.
        children_user: i64,
        /// The same of children that were waited for.
        children_system: i64,
    }
}

record! {
    /// `struct timezone` (obsolete, always zero).
    pub struct TimeZone {
        /// Minutes west of Greenwich.
        minutes_west: i32,
        /// Kind of daylight saving.
        daylight_saving: i32,
    }
}

/// `USER_HZ`: the unit in which `times` and `/proc/PID/stat` count.
pub const TICKS_PER_SECOND: u64 = 100;

#[cfg(test)]
mod tests {
    use super::*;
    use core::mem::size_of;

    #[test]
    fn sizes() {
        assert_eq!(size_of::<TimeSpecification>(), 16);
        assert_eq!(size_of::<TimeValue>(), 16);
        assert_eq!(size_of::<TimeAdjustment>(), 208);
        assert_eq!(core::mem::offset_of!(TimeAdjustment, tick), 88);
        assert_eq!(core::mem::offset_of!(TimeAdjustment, tai), 160);
        assert_eq!(size_of::<IntervalTimerValue>(), 32);
        assert_eq!(size_of::<IntervalTimerSpecification>(), 32);
        assert_eq!(size_of::<ProcessTimes>(), 32);
    }

    #[test]
    fn denormal_times_are_refused() {
        let denormal = TimeSpecification {
            seconds: 0,
            nanoseconds: 1_000_000_000,
        };
        assert_eq!(denormal.to_duration(), Err(Error::InvalidArgument));
        let negative = TimeSpecification {
            seconds: -1,
            nanoseconds: 0,
        };
        assert_eq!(negative.to_duration(), Err(Error::InvalidArgument));
        let value = TimeValue {
            seconds: 1,
            microseconds: 5,
        };
        assert_eq!(value.to_duration(), Ok(Duration::new(1, 5000)));
        assert_eq!(TimeValue::from_duration(Duration::new(1, 5999)), value);
    }
}
