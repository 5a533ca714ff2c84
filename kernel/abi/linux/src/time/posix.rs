//! The timers of timer_create: any number a process, each with its own signal (timer_create(2)).
//!
//! An expiry finds the last one's signal perhaps still unseen; then it is counted as an overrun instead of
//! queued. The kernel's events carry the timer's number, so that `si_timerid` says which it was.

use alloc::sync::{Arc, Weak};
use base::rank;
use base::sync::{Rank, SpinLock};
use base::time::{Duration, Instant, LEAST_PERIOD, Timer};
use base::{Error, Result};
use mem::user::UserPtr;
use proc::{Cause, Event, EventInfo, Process, Task, send_to_process, send_to_task};

use super::clocks::Clock;
use crate::call::Call;
use crate::layout::{IntervalTimerSpecification, SignalEvent, TimeSpecification};
use crate::state::ProcessState;

/// Armed from calls and from the timer interrupt, which then sends an event.
const RANK: Rank = Rank(rank::HANDLES.0 + 1);

/// Who is told.
#[derive(Clone)]
enum Notify {
    /// Nobody.
    None,
    /// The process, by an event with a value.
    Process(Event, u64),
    /// One thread.
    Thread(Event, u64, Weak<Task>),
}

#[derive(Default)]
struct Setting {
    deadline: Option<Instant>,
    interval: Duration,
    overrun: i32,
}

/// A timer of timer_create.
pub struct PosixTimer {
    identifier: i32,
    clock: Clock,
    notify: Notify,
    process: Weak<Process>,
    setting: SpinLock<Setting>,
    timer: Timer,
}

impl PosixTimer {
    fn new(
        identifier: i32,
        clock: Clock,
        notify: Notify,
        process: &Arc<Process>,
    ) -> Arc<PosixTimer> {
        Arc::new_cyclic(|weak: &Weak<PosixTimer>| {
            let weak = weak.clone();
            let callback = move || {
                if let Some(timer) = weak.upgrade() {
                    timer.expire();
                }
            };
            PosixTimer {
                identifier,
                clock,
                notify,
                process: Arc::downgrade(process),
                setting: SpinLock::new(RANK, Setting::default()),
                timer: Timer::new(Arc::new(callback)),
            }
        })
    }

    /// Runs in the timer interrupt.
    fn expire(&self) {
        let now = base::time::now();
        let overrun = {
            let mut setting = self.setting.lock();
            let Some(deadline) = setting.deadline.filter(|deadline| *deadline <= now) else {
                return;
            };
            let mut missed = 0;
            setting.deadline = if setting.interval.is_zero() {
                None
            } else {
                let late = now.since(deadline).as_nanos() / setting.interval.as_nanos();
                missed = i32::try_from(late).unwrap_or(i32::MAX - 1);
                let turns = u32::try_from(late + 1).unwrap_or(u32::MAX);
                Some(deadline + setting.interval.saturating_mul(turns))
            };
            setting.overrun = missed;
            if let Some(next) = setting.deadline {
                self.timer.arm(next.max(now + LEAST_PERIOD));
            }
            missed
        };
        self.notify(overrun);
    }

    fn notify(&self, overrun: i32) {
        let cause = Cause::Timer {
            identifier: self.identifier,
            overrun,
        };
        let info = |event, value| EventInfo {
            cause,
            value,
            ..EventInfo::kernel(event)
        };
        // A full queue loses the event, as on Linux.
        let _ = match &self.notify {
            Notify::None => Ok(()),
            Notify::Process(event, value) => match self.process.upgrade() {
                Some(process) => send_to_process(&process, info(*event, *value)),
                None => Ok(()),
            },
            Notify::Thread(event, value, task) => match task.upgrade() {
                Some(task) => send_to_task(&task, info(*event, *value)),
                None => Ok(()),
            },
        };
    }

    fn current(&self) -> IntervalTimerSpecification {
        let setting = self.setting.lock();
        let left = setting
            .deadline
            .map_or(Duration::ZERO, |deadline| deadline.since(base::time::now()));
        IntervalTimerSpecification {
            interval: TimeSpecification::from_duration(setting.interval),
            value: TimeSpecification::from_duration(left),
        }
    }

    fn set(&self, deadline: Option<Instant>, interval: Duration) {
        let mut setting = self.setting.lock();
        *setting = Setting {
            deadline,
            interval,
            overrun: 0,
        };
        match deadline {
            Some(deadline) => self.timer.arm(deadline),
            None => drop(self.timer.cancel()),
        }
    }
}

/// The most timers of one process.
const MOST: usize = 1024;

fn notify_of(call: &Call<'_>, event: UserPtr<SignalEvent>, identifier: i32) -> Result<Notify> {
    const SIGEV_SIGNAL: i32 = 0;
    const SIGEV_NONE: i32 = 1;
    const SIGEV_THREAD_ID: i32 = 4;
    let Some(event) = event.non_null() else {
        return Ok(Notify::Process(Event::ALARM, identifier as u64));
    };
    let event = event.read()?;
    if event.notify == SIGEV_NONE {
        return Ok(Notify::None);
    }
    let number = crate::signal::event(event.signal)?;
    match event.notify {
        SIGEV_SIGNAL => Ok(Notify::Process(number, event.value)),
        SIGEV_THREAD_ID => {
            let task =
                crate::process::task_of(call, event.thread).map_err(|_| Error::InvalidArgument)?;
            if !Arc::ptr_eq(task.process(), call.process()) {
                return Err(Error::InvalidArgument);
            }
            Ok(Notify::Thread(number, event.value, Arc::downgrade(&task)))
        }
        // SIGEV_THREAD is the C library's affair.
        _ => Err(Error::InvalidArgument),
    }
}

/// timer_create(2).
pub(crate) fn timer_create(
    call: &mut Call<'_>,
    clock: i32,
    event: UserPtr<SignalEvent>,
    timer: UserPtr<i32>,
) -> Result<usize> {
    let number = clock;
    let clock = Clock::of(call, number)?;
    // The raw and the coarse clocks have no timers, as on Linux; processor time has none here.
    if matches!(number, 4..=6) || matches!(clock, Clock::Process(_) | Clock::Thread(_)) {
        return Err(Error::Unsupported);
    }
    let state = call.process_state()?;
    let identifier = reserve(&state)?;
    let notify = notify_of(call, event, identifier)?;
    let made = PosixTimer::new(identifier, clock, notify, call.process());
    timer.write(&identifier)?;
    state.with_timers(|table| table.timers.insert(identifier, made));
    Ok(0)
}

/// A number that no timer of the process has.
fn reserve(state: &ProcessState) -> Result<i32> {
    state.with_timers(|table| {
        if table.timers.len() >= MOST {
            return Err(Error::WouldBlock);
        }
        while table.timers.contains_key(&table.next) {
            table.next = table.next.wrapping_add(1) & i32::MAX;
        }
        let identifier = table.next;
        table.next = table.next.wrapping_add(1) & i32::MAX;
        Ok(identifier)
    })
}

fn find(call: &Call<'_>, timer: i32) -> Result<Arc<PosixTimer>> {
    let found = call
        .process_state()?
        .with_timers(|table| table.timers.get(&timer).cloned());
    found.ok_or(Error::InvalidArgument)
}

/// timer_gettime(2).
pub(crate) fn timer_gettime(
    call: &mut Call<'_>,
    timer: i32,
    current: UserPtr<IntervalTimerSpecification>,
) -> Result<usize> {
    current.write(&find(call, timer)?.current())?;
    Ok(0)
}

/// timer_getoverrun(2).
pub(crate) fn timer_getoverrun(call: &mut Call<'_>, timer: i32) -> Result<usize> {
    Ok(find(call, timer)?.setting.lock().overrun as usize)
}

/// timer_settime(2).
pub(crate) fn timer_settime(
    call: &mut Call<'_>,
    timer: i32,
    flags: u32,
    new: UserPtr<IntervalTimerSpecification>,
    old: UserPtr<IntervalTimerSpecification>,
) -> Result<usize> {
    const TIMER_ABSTIME: u32 = 1;
    if new.is_null() || flags & !TIMER_ABSTIME != 0 {
        return Err(Error::InvalidArgument);
    }
    let new = new.read()?;
    let (value, interval) = (new.value.to_duration()?, new.interval.to_duration()?);
    let timer = find(call, timer)?;
    let before = timer.current();
    let deadline = deadline_of(&timer.clock, value, flags & TIMER_ABSTIME != 0);
    timer.set(
        deadline,
        if value.is_zero() {
            Duration::ZERO
        } else {
            interval
        },
    );
    if let Some(old) = old.non_null() {
        old.write(&before)?;
    }
    Ok(0)
}

/// When a setting of a clock's timer expires first; `None` for "never".
pub(crate) fn deadline_of(clock: &Clock, value: Duration, absolute: bool) -> Option<Instant> {
    if value.is_zero() {
        None
    } else if absolute {
        clock.instant_of(value)
    } else {
        Some(base::time::now() + value)
    }
}

/// timer_delete(2).
pub(crate) fn timer_delete(call: &mut Call<'_>, timer: i32) -> Result<usize> {
    let removed = call
        .process_state()?
        .with_timers(|table| table.timers.remove(&timer));
    let removed = removed.ok_or(Error::InvalidArgument)?;
    removed.set(None, Duration::ZERO);
    Ok(0)
}
