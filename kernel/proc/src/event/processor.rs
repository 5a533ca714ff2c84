//! What a process is told when it has used so much processor time: its virtual and its profiling timer
//! (setitimer(2)), and its limit (getrlimit(2), `RLIMIT_CPU`).
//!
//! Nobody counts while a program runs. One timer in real time is set to the first moment at which
//! enough time can have been used; then the process's usage is looked at, and the timer is set again.

use super::{Event, EventInfo, send_to_process};
use crate::limits::{Limit, Resource, UNLIMITED};
use crate::process::Process;
use alloc::sync::{Arc, Weak};
use base::rank;
use base::sync::SpinLock;
use base::time::{Timer, now};
use core::time::Duration;

/// How soon it looks again at the earliest.
const SHORTEST: Duration = Duration::from_millis(4);
const SECOND: u64 = 1_000_000_000;

/// Which time a timer counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessorClock {
    /// In user mode (`ITIMER_VIRTUAL`).
    User,
    /// In user mode and in the kernel for it (`ITIMER_PROF`).
    All,
}

#[derive(Clone, Copy, Default)]
struct Setting {
    /// The usage at which it fires, in nanoseconds.
    at: Option<u64>,
    interval: u64,
}

impl Setting {
    /// Whether it fires at this usage; then it is set to the next time.
    fn fires(&mut self, used: u64) -> bool {
        match self.at {
            Some(at) if at <= used => {
                self.at = (self.interval > 0).then(|| {
                    let periods = ((used - at) / self.interval).saturating_add(1);
                    // Centuries may have been asked for.
                    at.saturating_add(periods.saturating_mul(self.interval))
                });
                true
            }
            _ => false,
        }
    }
}

#[derive(Default)]
struct State {
    timer: Option<Timer>,
    user: Setting,
    all: Setting,
}

/// The settings of a process.
pub struct ProcessorTimers {
    state: SpinLock<State>,
}

impl Default for ProcessorTimers {
    fn default() -> Self {
        ProcessorTimers {
            state: SpinLock::new(rank::HANDLES, State::default()),
        }
    }
}

/// User time, and all.
fn used(process: &Process) -> (u64, u64) {
    let usage = process.usage();
    (usage.user_ns, usage.user_ns + usage.system_ns)
}

impl ProcessorTimers {
    /// Time left and interval; zeros when it is not running.
    pub fn get(&self, process: &Process, clock: ProcessorClock) -> (Duration, Duration) {
        let (user, all) = used(process);
        let state = self.state.lock();
        let (setting, used) = match clock {
            ProcessorClock::User => (state.user, user),
            ProcessorClock::All => (state.all, all),
        };
        // A running one never has nothing left.
        let left = setting.at.map_or(0, |at| at.saturating_sub(used).max(1000));
        (
            Duration::from_nanos(left),
            Duration::from_nanos(setting.interval),
        )
    }

    /// Starts it, or stops it with a zero `first`; returns what was left.
    pub fn set(
        &self,
        process: &Arc<Process>,
        clock: ProcessorClock,
        first: Duration,
        interval: Duration,
    ) -> (Duration, Duration) {
        let old = self.get(process, clock);
        let (user, all) = used(process);
        let nanoseconds =
            |duration: Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let from = match clock {
            ProcessorClock::User => user,
            ProcessorClock::All => all,
        };
        let setting = if first.is_zero() {
            Setting::default()
        } else {
            Setting {
                at: Some(from.saturating_add(nanoseconds(first))),
                interval: nanoseconds(interval),
            }
        };
        {
            let mut state = self.state.lock();
            match clock {
                ProcessorClock::User => state.user = setting,
                ProcessorClock::All => state.all = setting,
            }
        }
        self.look(process);
        old
    }

    /// Looks at what was used, says what has to be said, and sets the moment of the next look. Also to be
    /// called when the limit has changed.
    pub fn look(&self, process: &Arc<Process>) {
        let (user, all) = used(process);
        let limit = process.limits().get(Resource::ProcessorTime);
        let (user_fires, all_fires, mut left) = {
            let mut state = self.state.lock();
            let fires = (state.user.fires(user), state.all.fires(all));
            let left = [(state.user.at, user), (state.all.at, all)]
                .into_iter()
                .filter_map(|(at, used)| at.map(|at| at.saturating_sub(used)))
                .min();
            (fires.0, fires.1, left)
        };
        let send = |event| {
            let _ = send_to_process(process, EventInfo::kernel(event));
        };
        if user_fires {
            send(Event::VIRTUAL_ALARM);
        }
        if all_fires {
            send(Event::PROFILE);
        }
        if let Some(next) = judge(process, limit, all) {
            left = Some(left.map_or(next, |left| left.min(next)));
        }
        // Each of its threads may be using time.
        let threads = process.task_count().max(1) as u64;
        let wait = left.map(|left| Duration::from_nanos(left / threads).max(SHORTEST));
        self.arm(process, wait);
    }

    fn arm(&self, process: &Arc<Process>, wait: Option<Duration>) {
        let Some(wait) = wait else {
            return;
        };
        if process.is_zombie() {
            return;
        }
        let mut state = self.state.lock();
        let timer = state
            .timer
            .get_or_insert_with(|| new_timer(Arc::downgrade(process)));
        timer.arm(now() + wait);
    }

    /// Stops all: the process has ended.
    pub(crate) fn stop(&self) {
        let state = core::mem::take(&mut *self.state.lock());
        if let Some(timer) = state.timer {
            timer.cancel();
        }
    }
}

/// What the limit says to this much use: how much is left until it speaks again.
fn judge(process: &Arc<Process>, limit: Limit, all: u64) -> Option<u64> {
    let nanoseconds = |seconds: u64| seconds.saturating_mul(SECOND);
    if limit.soft == UNLIMITED {
        return None;
    }
    if all >= nanoseconds(limit.hard) {
        let _ = send_to_process(process, EventInfo::kernel(Event::KILL));
        return None;
    }
    let mut soft = limit.soft;
    if all >= nanoseconds(soft) {
        let _ = send_to_process(process, EventInfo::kernel(Event::CPU_LIMIT));
        // It is told again after each further second, as on Linux by raising what it may use.
        soft = (all / SECOND + 1).min(limit.hard);
        process.raise_processor_limit(soft);
    }
    Some(nanoseconds(soft).saturating_sub(all))
}

fn new_timer(process: Weak<Process>) -> Timer {
    Timer::new(Arc::new(move || {
        if let Some(process) = process.upgrade() {
            process.processor_timers().look(&process);
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_of_centuries_is_never() {
        let mut setting = Setting {
            at: Some(5),
            interval: u64::MAX,
        };
        assert!(setting.fires(7));
        assert_eq!(setting.at, Some(u64::MAX));
    }
}
