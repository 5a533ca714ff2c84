//! getitimer and setitimer: a process's timers of real, user and all processor time.

use base::{Error, Result};
use core::time::Duration;
use mem::user::UserPtr;
use proc::ProcessorClock;

use crate::call::Call;
use crate::layout::{IntervalTimerValue, TimeValue};

const ITIMER_REAL: i32 = 0;

const ITIMER_VIRTUAL: i32 = 1;
const ITIMER_PROF: i32 = 2;

/// The clock of a timer; `None` for real time.
fn clock(which: i32) -> Result<Option<ProcessorClock>> {
    match which {
        ITIMER_REAL => Ok(None),
        ITIMER_VIRTUAL => Ok(Some(ProcessorClock::User)),
        ITIMER_PROF => Ok(Some(ProcessorClock::All)),
        _ => Err(Error::InvalidArgument),
    }
}

fn record((left, interval): (Duration, Duration)) -> IntervalTimerValue {
    IntervalTimerValue {
        interval: TimeValue::from_duration(interval),
        value: TimeValue::from_duration(left),
    }
}

/// getitimer(2).
pub(crate) fn getitimer(
    call: &mut Call<'_>,
    which: i32,
    value: UserPtr<IntervalTimerValue>,
) -> Result<usize> {
    let process = call.process();
    let current = match clock(which)? {
        None => process.alarm().get(),
        Some(clock) => process.processor_timers().get(process, clock),
    };
    value.write(&record(current))?;
    Ok(0)
}

/// setitimer(2).
pub(crate) fn setitimer(
    call: &mut Call<'_>,
    which: i32,
    new: UserPtr<IntervalTimerValue>,
    old: UserPtr<IntervalTimerValue>,
) -> Result<usize> {
    let clock = clock(which)?;
    // No new value means zero, for reasons of history.
    let new = match new.non_null() {
        Some(new) => new.read()?,
        None => IntervalTimerValue::default(),
    };
    let (first, interval) = (new.value.to_duration()?, new.interval.to_duration()?);
    let process = call.process();
    let before = match clock {
        None => process.alarm().set(process, first, interval),
        Some(clock) => process
            .processor_timers()
            .set(process, clock, first, interval),
    };
    if let Some(old) = old.non_null() {
        old.write(&record(before))?;
    }
    Ok(0)
}
