//! A process's real-time interval timer: after its time an ALARM comes, once or again and again (setitimer(2),
//! alarm(2)).

use super::{Event, EventInfo, send_to_process};
use crate::process::Process;
use alloc::sync::{Arc, Weak};
use base::rank;
use base::sync::SpinLock;
use base::time::{Instant, LEAST_PERIOD, Timer, now};
use core::time::Duration;

struct State {
    timer: Option<Timer>,
    deadline: Option<Instant>,
    interval: Duration,
}

/// The timer's settings.
pub struct ProcessAlarm {
    state: Arc<SpinLock<State>>,
}

impl Default for ProcessAlarm {
    fn default() -> Self {
        let state = State {
            timer: None,
            deadline: None,
            interval: Duration::ZERO,
        };
        ProcessAlarm {
            state: Arc::new(SpinLock::new(rank::HANDLES, state)),
        }
    }
}

impl ProcessAlarm {
    /// Time left and interval; zeros when it is not running.
    pub fn get(&self) -> (Duration, Duration) {
        let state = self.state.lock();
        let now = now();
        (
            state
                .deadline
                .map_or(Duration::ZERO, |deadline| until(now, deadline)),
            state.interval,
        )
    }

    /// Starts it, or stops it with a zero `first`; returns what was left.
    pub fn set(
        &self,
        process: &Arc<Process>,
        first: Duration,
        interval: Duration,
    ) -> (Duration, Duration) {
        let old = self.get();
        let timer = if first.is_zero() {
            None
        } else {
            Some(self.new_timer(Arc::downgrade(process)))
        };
        let deadline = if first.is_zero() {
            None
        } else {
            Some(now() + first)
        };
        let previous = {
            let mut state = self.state.lock();
            state.deadline = deadline;
            state.interval = if first.is_zero() {
                Duration::ZERO
            } else {
                interval
            };
            let previous = core::mem::replace(&mut state.timer, timer);
            if let (Some(timer), Some(deadline)) = (&state.timer, deadline) {
                timer.arm(deadline);
            }
            previous
        };
        if let Some(previous) = previous {
            previous.cancel();
        }
        old
    }

    /// Stops it: the process has ended.
    pub(crate) fn stop(&self) {
        let timer = {
            let mut state = self.state.lock();
            state.deadline = None;
            state.timer.take()
        };
        if let Some(timer) = timer {
            timer.cancel();
        }
    }

    fn new_timer(&self, process: Weak<Process>) -> Timer {
        let state = Arc::downgrade(&self.state);
        Timer::new(Arc::new(move || {
            let (Some(state), Some(process)) = (state.upgrade(), process.upgrade()) else {
                return;
            };
            {
                let mut state = state.lock();
                let interval = state.interval;
                let now = now();
                state.deadline = match state.deadline {
                    Some(deadline) if !interval.is_zero() => {
                        let late = now.since(deadline).as_nanos() / interval.as_nanos();
                        let turns = u32::try_from(late + 1).unwrap_or(u32::MAX);
                        Some(deadline + interval.saturating_mul(turns))
                    }
                    _ => None,
                };
                if let (Some(timer), Some(deadline)) = (&state.timer, state.deadline) {
                    timer.arm(deadline.max(now + LEAST_PERIOD));
                }
            }
            let _ = send_to_process(&process, EventInfo::kernel(Event::ALARM));
        }))
    }
}

fn until(now: Instant, deadline: Instant) -> Duration {
    if deadline > now {
        deadline - now
    } else {
        Duration::ZERO
    }
}
