//! nanosleep and clock_nanosleep.

use base::time::Instant;
use base::wait::WaitQueue;
use base::{Error, Result};
use core::convert::Infallible;
use mem::user::UserPtr;

use super::clocks::Clock;
use crate::call::Call;
use crate::layout::TimeSpecification;

/// Sleeps until a moment; interrupted, it tells what was left.
fn sleep_until(deadline: Instant, remaining: Option<UserPtr<TimeSpecification>>) -> Result<usize> {
    let queue = WaitQueue::new();
    match queue.wait_interruptible::<Infallible>(Some(deadline), || None) {
        Ok(never) => match never {},
        Err(Error::TimedOut) => Ok(0),
        Err(error) => {
            if let Some(remaining) = remaining {
                let left = deadline.since(base::time::now());
                remaining.write(&TimeSpecification::from_duration(left))?;
            }
            Err(error)
        }
    }
}

/// nanosleep(2).
pub(crate) fn nanosleep(
    call: &mut Call<'_>,
    request: UserPtr<TimeSpecification>,
    remaining: UserPtr<TimeSpecification>,
) -> Result<usize> {
    let deadline = call.deadline_after(request.read()?.to_duration()?)?;
    sleep_until(deadline, remaining.non_null())
}

/// clock_nanosleep(2).
pub(crate) fn clock_nanosleep(
    call: &mut Call<'_>,
    clock: i32,
    flags: u32,
    request: UserPtr<TimeSpecification>,
    remaining: UserPtr<TimeSpecification>,
) -> Result<usize> {
    const TIMER_ABSTIME: u32 = 1;
    if flags & !TIMER_ABSTIME != 0 {
        return Err(Error::InvalidArgument);
    }
    let clock = Clock::of(call, clock)?;
    match clock {
        // One's own thread does not run while it sleeps.
        Clock::Thread(_) => return Err(Error::InvalidArgument),
        // Sleeping until a process has run for so long needs a hook in the scheduler.
        Clock::Process(_) => return Err(Error::Unsupported),
        _ => {}
    }
    let request = request.read()?.to_duration()?;
    if flags & TIMER_ABSTIME == 0 {
        let deadline = call.deadline_after(request)?;
        return sleep_until(deadline, remaining.non_null());
    }
    match clock.instant_of(request) {
        Some(deadline) => sleep_until(deadline, None),
        None => Err(Error::Unsupported),
    }
}
