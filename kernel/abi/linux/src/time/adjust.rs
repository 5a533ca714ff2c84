//! adjtimex(2) and clock_adjtime(2): what a time daemon tells the clock.
//!
//! The clock can be asked, stepped (`ADJ_SETOFFSET`), and told how good it is believed to be. It
//! cannot be made to run faster or slower, so wishes for that are refused ([`Error::InvalidArgument`])
//! unless they are for what is so already.

use base::sync::SpinLock;
use base::time::Duration;
use base::{Error, Result, rank};
use hal::Global;
use mem::user::UserPtr;

use super::clocks::{Clock, set_wall_clock};
use crate::call::Call;
use crate::layout::{TimeAdjustment, TimeValue};

const ADJ_OFFSET: u32 = 0x0001;
const ADJ_FREQUENCY: u32 = 0x0002;
const ADJ_MAXERROR: u32 = 0x0004;
const ADJ_ESTERROR: u32 = 0x0008;
const ADJ_STATUS: u32 = 0x0010;
const ADJ_TIMECONST: u32 = 0x0020;
const ADJ_TAI: u32 = 0x0080;
const ADJ_SETOFFSET: u32 = 0x0100;
const ADJ_MICRO: u32 = 0x1000;
const ADJ_NANO: u32 = 0x2000;
const ADJ_TICK: u32 = 0x4000;
const KNOWN: u32 = ADJ_OFFSET
    | ADJ_FREQUENCY
    | ADJ_MAXERROR
    | ADJ_ESTERROR
    | ADJ_STATUS
    | ADJ_TIMECONST
    | ADJ_TAI
    | ADJ_SETOFFSET
    | ADJ_MICRO
    | ADJ_NANO
    | ADJ_TICK;

/// Nobody has set the clock by a better one.
const STA_UNSYNC: i32 = 0x0040;
/// Fractions of seconds are nanoseconds.
const STA_NANO: i32 = 0x2000;
/// Only the kernel sets these.
const READ_ONLY: i32 = 0xff00;

/// Of the clock as a whole: it is right, or not set by a better one.
const TIME_OK: usize = 0;
const TIME_ERROR: usize = 5;

/// 16 seconds: nothing is known of the error.
const WORST_ERROR: i64 = 16_000_000;
/// Microseconds of a tick at the usual 100 ticks a second.
const TICK: i64 = 10_000;
/// 500 parts in a million, with 16 bits of fraction.
const TOLERANCE: i64 = 500 << 16;

/// What was told.
#[derive(Clone, Copy)]
struct Told {
    maximum_error: i64,
    estimated_error: i64,
    status: i32,
    constant: i64,
    tai: i32,
}

static TOLD: Global<SpinLock<Told>> = Global::new(|| {
    SpinLock::new(
        rank::LEAF,
        Told {
            maximum_error: WORST_ERROR,
            estimated_error: WORST_ERROR,
            status: STA_UNSYNC,
            constant: 2,
            tai: 0,
        },
    )
});

/// adjtimex(2).
pub(crate) fn adjtimex(call: &mut Call<'_>, record: UserPtr<TimeAdjustment>) -> Result<usize> {
    clock_adjtime(call, 0, record)
}

/// clock_adjtime(2): of the time of day; no other clock can be adjusted.
pub(crate) fn clock_adjtime(
    call: &mut Call<'_>,
    clock: i32,
    record: UserPtr<TimeAdjustment>,
) -> Result<usize> {
    let mut record_now = record.read()?;
    if clock != 0 {
        Clock::of(call, clock)?;
        return Err(Error::Unsupported);
    }
    let modes = record_now.modes;
    if modes & !KNOWN != 0 {
        return Err(Error::InvalidArgument);
    }
    if modes != 0 && !call.process().credentials().is_superuser() {
        return Err(Error::NotPermitted);
    }
    let steered = modes & ADJ_OFFSET != 0 && record_now.offset != 0
        || modes & ADJ_FREQUENCY != 0 && record_now.frequency != 0
        || modes & ADJ_TICK != 0 && record_now.tick != TICK;
    if steered {
        return Err(Error::InvalidArgument);
    }
    if modes & ADJ_SETOFFSET != 0 {
        step(call, &record_now.time, modes & ADJ_NANO != 0)?;
    }
    let told = {
        let mut told = TOLD.lock();
        change(&mut told, modes, &record_now);
        *told
    };
    let nano = told.status & STA_NANO != 0;
    let now = base::time::wall_clock();
    let fraction = if nano {
        now.subsec_nanos()
    } else {
        now.subsec_micros()
    };
    record_now = TimeAdjustment {
        modes,
        maximum_error: told.maximum_error,
        estimated_error: told.estimated_error,
        status: told.status,
        constant: told.constant,
        precision: 1,
        tolerance: TOLERANCE,
        time: TimeValue {
            seconds: now.as_secs() as i64,
            microseconds: fraction.into(),
        },
        tick: TICK,
        tai: told.tai,
        ..TimeAdjustment::default()
    };
    record.write(&record_now)?;
    let unsure = told.status & STA_UNSYNC != 0;
    Ok(if unsure { TIME_ERROR } else { TIME_OK })
}

fn change(told: &mut Told, modes: u32, wanted: &TimeAdjustment) {
    if modes & ADJ_STATUS != 0 {
        told.status = told.status & READ_ONLY | wanted.status & !READ_ONLY;
    }
    if modes & ADJ_NANO != 0 {
        told.status |= STA_NANO;
    }
    if modes & ADJ_MICRO != 0 {
        told.status &= !STA_NANO;
    }
    if modes & ADJ_MAXERROR != 0 {
        told.maximum_error = wanted.maximum_error.clamp(0, WORST_ERROR);
    }
    if modes & ADJ_ESTERROR != 0 {
        told.estimated_error = wanted.estimated_error.clamp(0, WORST_ERROR);
    }
    if modes & ADJ_TIMECONST != 0 {
        let micro = if told.status & STA_NANO != 0 { 0 } else { 4 };
        told.constant = wanted.constant.saturating_add(micro).clamp(0, 10);
    }
    if modes & ADJ_TAI != 0 && wanted.constant >= 0 {
        told.tai = wanted.constant.min(i64::from(i32::MAX)) as i32;
    }
}

/// Moves the time of day by an offset: seconds of any sign, and a fraction that only adds.
fn step(call: &Call<'_>, offset: &TimeValue, nano: bool) -> Result<()> {
    let unit = if nano { 1 } else { 1_000 };
    let fraction = u64::try_from(offset.microseconds).map_err(|_| Error::InvalidArgument)?;
    let fraction = fraction
        .checked_mul(unit)
        .filter(|nanoseconds| *nanoseconds < 1_000_000_000)
        .ok_or(Error::InvalidArgument)?;
    let now = base::time::wall_clock();
    let seconds = i64::try_from(now.as_secs())
        .ok()
        .and_then(|seconds| seconds.checked_add(offset.seconds))
        .and_then(|seconds| u64::try_from(seconds).ok())
        .ok_or(Error::InvalidArgument)?;
    let there = Duration::new(seconds, now.subsec_nanos())
        .checked_add(Duration::from_nanos(fraction))
        .ok_or(Error::InvalidArgument)?;
    set_wall_clock(call, there).map(|_| ())
}
