//! getitimer and setitimer: the process's own timer for SIGALRM.

use base::{Error, Result};
use core::time::Duration;
use mem::user::UserPtr;

use crate::call::Call;
use crate::layout::{IntervalTimerValue, TimeValue};

const ITIMER_REAL: i32 = 0;

/// The timers that count processor time would need a hook in the scheduler's tick; they are not
/// there, and say so.
fn check(which: i32) -> Result<()> {
    match which {
        ITIMER_REAL => Ok(()),
        1 | 2 => Err(Error::Unsupported),
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
    check(which)?;
    value.write(&record(call.process().alarm().get()))?;
    Ok(0)
}

/// setitimer(2).
pub(crate) fn setitimer(
    call: &mut Call<'_>,
    which: i32,
    new: UserPtr<IntervalTimerValue>,
    old: UserPtr<IntervalTimerValue>,
) -> Result<usize> {
    check(which)?;
    // No new value means zero, for reasons of history.
    let new = match new.non_null() {
        Some(new) => new.read()?,
        None => IntervalTimerValue::default(),
    };
    let (first, interval) = (new.value.to_duration()?, new.interval.to_duration()?);
    let before = call.process().alarm().set(call.process(), first, interval);
    if let Some(old) = old.non_null() {
        old.write(&record(before))?;
    }
    Ok(0)
}
