//! Reading and setting clocks.

use base::time::{Duration, Instant};
use base::{Error, Result};
use mem::user::UserPtr;
use proc::{Process, Task};

use crate::call::Call;
use crate::layout::{TimeSpecification, TimeValue, TimeZone};

/// What a clock number stands for.
#[derive(Clone, Debug)]
pub(crate) enum Clock {
    /// The time of day.
    Real,
    /// Time since boot, which never jumps.
    Monotonic,
    /// Processor time of a process.
    Process(alloc::sync::Arc<Process>),
    /// Processor time of a thread.
    Thread(alloc::sync::Arc<Task>),
}

impl Clock {
    /// The clock of a number. Negative numbers name the processor time of a process or thread
    /// (`clock_getcpuclockid`): the complement of the id, then three bits of kind.
    pub(crate) fn of(call: &Call<'_>, number: i32) -> Result<Clock> {
        match number {
            // REALTIME, REALTIME_COARSE, REALTIME_ALARM, TAI (which nobody told the leap seconds).
            0 | 5 | 8 | 11 => Ok(Clock::Real),
            // MONOTONIC, MONOTONIC_RAW, MONOTONIC_COARSE, BOOTTIME, BOOTTIME_ALARM.
            1 | 4 | 6 | 7 | 9 => Ok(Clock::Monotonic),
            2 => Ok(Clock::Process(call.process().clone())),
            3 => Ok(Clock::Thread(call.task.clone())),
            negative if negative < 0 && negative & 3 <= 2 => {
                let id = !(negative >> 3);
                let missing = |_| Error::InvalidArgument;
                if negative & 4 != 0 {
                    crate::process::task_of(call, id)
                        .map(Clock::Thread)
                        .map_err(missing)
                } else {
                    crate::process::process_of(call, id)
                        .map(Clock::Process)
                        .map_err(missing)
                }
            }
            _ => Err(Error::InvalidArgument),
        }
    }

    /// What it shows.
    pub(crate) fn now(&self) -> Duration {
        let sum =
            |usage: proc::ResourceUsage| Duration::from_nanos(usage.user_ns + usage.system_ns);
        match self {
            Clock::Real => base::time::wall_clock(),
            Clock::Monotonic => base::time::now().since(Instant::BOOT),
            Clock::Process(process) => sum(process.usage()),
            Clock::Thread(task) => sum(task.usage()),
        }
    }

    /// When it will show `moment`, on the monotonic clock; `None` for clocks that stand still while
    /// nobody runs.
    pub(crate) fn instant_of(&self, moment: Duration) -> Option<Instant> {
        match self {
            Clock::Monotonic => Some(Instant::BOOT + moment),
            Clock::Real => Some(base::time::now() + moment.saturating_sub(self.now())),
            Clock::Process(_) | Clock::Thread(_) => None,
        }
    }
}

/// clock_gettime(2).
pub(crate) fn clock_gettime(
    call: &mut Call<'_>,
    clock: i32,
    value: UserPtr<TimeSpecification>,
) -> Result<usize> {
    let now = Clock::of(call, clock)?.now();
    value.write(&TimeSpecification::from_duration(now))?;
    Ok(0)
}

/// clock_settime(2): only the time of day can be set.
pub(crate) fn clock_settime(
    call: &mut Call<'_>,
    clock: i32,
    value: UserPtr<TimeSpecification>,
) -> Result<usize> {
    if clock != 0 {
        Clock::of(call, clock)?;
        return Err(Error::InvalidArgument);
    }
    set_wall_clock(call, value.read()?.to_duration()?)
}

pub(super) fn set_wall_clock(call: &Call<'_>, time: Duration) -> Result<usize> {
    if !call.process().credentials().is_superuser() {
        return Err(Error::NotPermitted);
    }
    base::time::set_wall_clock(time);
    Ok(0)
}

/// clock_getres(2): one nanosecond, and the tick for the coarse clocks.
pub(crate) fn clock_getres(
    call: &mut Call<'_>,
    clock: i32,
    value: UserPtr<TimeSpecification>,
) -> Result<usize> {
    Clock::of(call, clock)?;
    if let Some(value) = value.non_null() {
        let nanoseconds = if matches!(clock, 5 | 6) { 4_000_000 } else { 1 };
        value.write(&TimeSpecification {
            seconds: 0,
            nanoseconds,
        })?;
    }
    Ok(0)
}

/// gettimeofday(2).
pub(crate) fn gettimeofday(
    _call: &mut Call<'_>,
    value: UserPtr<TimeValue>,
    zone: UserPtr<TimeZone>,
) -> Result<usize> {
    if let Some(value) = value.non_null() {
        value.write(&TimeValue::from_duration(base::time::wall_clock()))?;
    }
    if let Some(zone) = zone.non_null() {
        zone.write(&TimeZone::default())?;
    }
    Ok(0)
}

/// settimeofday(2). The time zone is long out of use; only the one that means nothing can be set.
pub(crate) fn settimeofday(
    call: &mut Call<'_>,
    value: UserPtr<TimeValue>,
    zone: UserPtr<TimeZone>,
) -> Result<usize> {
    let value = match value.non_null() {
        Some(value) => Some(value.read()?.to_duration()?),
        None => None,
    };
    if let Some(zone) = zone.non_null()
        && zone.read()? != TimeZone::default()
    {
        return Err(Error::InvalidArgument);
    }
    match value {
        Some(value) => set_wall_clock(call, value),
        None => Ok(0),
    }
}
