//! timerfd: a timer as a file (timerfd_create(2)).

use alloc::sync::{Arc, Weak};
use base::rank;
use base::sync::{Rank, SpinLock};
use base::time::{Duration, Instant, LEAST_PERIOD, Timer};
use base::wait::WaitQueue;
use base::{Error, Result};
use core::any::Any;
use mem::transfer::Sink;
use mem::user::UserPtr;
use object::{File, FileStatus, PollRegistration, Ready, Rights, StatusFlags};

use crate::arguments::{Fd, flags_argument};
use crate::call::Call;
use crate::layout::{IntervalTimerSpecification, TimeSpecification};
use crate::time::clocks::Clock;
use crate::time::posix::deadline_of;

flags_argument! {
    /// `TFD_*` of timerfd_create.
    pub struct TimerFdFlags: u32 {
        /// Nothing waits.
        const NONBLOCK = 0o4000;
        /// Closed by exec.
        const CLOSE_ON_EXEC = 0o2000000;
    }
}

flags_argument! {
    /// `TFD_TIMER_*` of timerfd_settime.
    pub struct TimerSetFlags: u32 {
        /// The time is a moment, not a distance.
        const ABSOLUTE = 1;
        /// Reads fail when somebody sets the clock. Accepted: the deadline is kept on the
        /// monotonic clock, so it is never silently wrong by more than that.
        const CANCEL_ON_SET = 2;
    }
}

/// Read and set from calls, advanced in the timer interrupt.
const RANK: Rank = Rank(rank::PIPE.0 + 1);

struct Setting {
    deadline: Option<Instant>,
    interval: Duration,
    /// Expiries that nobody has read yet.
    expired: u64,
    flags: StatusFlags,
}

/// A timer that is read.
struct TimerFile {
    clock: Clock,
    setting: SpinLock<Setting>,
    readable: WaitQueue,
    timer: Timer,
}

impl TimerFile {
    fn new(clock: Clock, flags: StatusFlags) -> Arc<TimerFile> {
        Arc::new_cyclic(|weak: &Weak<TimerFile>| {
            let weak = weak.clone();
            let callback = move || {
                if let Some(timer) = weak.upgrade() {
                    timer.expire();
                }
            };
            let setting = Setting {
                deadline: None,
                interval: Duration::ZERO,
                expired: 0,
                flags,
            };
            TimerFile {
                clock,
                setting: SpinLock::new(RANK, setting),
                readable: WaitQueue::new(),
                timer: Timer::new(Arc::new(callback)),
            }
        })
    }

    fn expire(&self) {
        let now = base::time::now();
        {
            let mut setting = self.setting.lock();
            let Some(deadline) = setting.deadline.filter(|deadline| *deadline <= now) else {
                return;
            };
            if setting.interval.is_zero() {
                setting.expired = setting.expired.saturating_add(1);
                setting.deadline = None;
            } else {
                let turns = now.since(deadline).as_nanos() / setting.interval.as_nanos() + 1;
                let turns = u32::try_from(turns).unwrap_or(u32::MAX);
                setting.expired = setting.expired.saturating_add(turns.into());
                let next = deadline + setting.interval.saturating_mul(turns);
                setting.deadline = Some(next);
                self.timer.arm(next.max(now + LEAST_PERIOD));
            }
        }
        self.readable.wake_all();
    }

    fn take(&self) -> Option<u64> {
        let expired = core::mem::take(&mut self.setting.lock().expired);
        (expired > 0).then_some(expired)
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
        setting.deadline = deadline;
        setting.interval = interval;
        setting.expired = 0;
        match deadline {
            Some(deadline) => self.timer.arm(deadline),
            None => drop(self.timer.cancel()),
        }
    }
}

impl File for TimerFile {
    fn as_file_any(&self) -> &dyn Any {
        self
    }

    fn kind_name(&self) -> &'static str {
        "timerfd"
    }

    fn read(&self, into: &mut Sink<'_>) -> Result<usize> {
        if into.remaining() < 8 {
            return Err(Error::InvalidArgument);
        }
        let nonblocking = self.setting.lock().flags.contains(StatusFlags::NONBLOCK);
        let expired = match self.take() {
            Some(expired) => expired,
            None if nonblocking => return Err(Error::WouldBlock),
            None => self.readable.wait_interruptible(None, || self.take())?,
        };
        into.write(&expired.to_le_bytes())
    }

    fn poll(&self, interest: Ready, waiter: Option<&mut PollRegistration>) -> Ready {
        if let Some(registration) = waiter {
            registration.add(&self.readable);
        }
        let mut ready = Ready::empty();
        ready.set(Ready::READ, self.setting.lock().expired > 0);
        ready & interest
    }

    fn status(&self) -> Result<FileStatus> {
        Ok(super::anonymous_status())
    }

    fn status_flags(&self) -> StatusFlags {
        self.setting.lock().flags
    }

    fn set_status_flags(&self, flags: StatusFlags) -> Result<()> {
        self.setting.lock().flags = flags;
        Ok(())
    }
}

/// timerfd_create(2).
pub(crate) fn timerfd_create(
    call: &mut Call<'_>,
    clock: i32,
    flags: TimerFdFlags,
) -> Result<usize> {
    // REALTIME, MONOTONIC, BOOTTIME and the two alarm clocks.
    if !matches!(clock, 0 | 1 | 7 | 8 | 9) {
        return Err(Error::InvalidArgument);
    }
    let mut status = StatusFlags::empty();
    status.set(
        StatusFlags::NONBLOCK,
        flags.contains(TimerFdFlags::NONBLOCK),
    );
    let file = TimerFile::new(Clock::of(call, clock)?, status);
    call.install(file, flags.contains(TimerFdFlags::CLOSE_ON_EXEC))
}

fn with_timer<R>(
    call: &Call<'_>,
    file: Fd,
    work: impl FnOnce(&TimerFile) -> Result<R>,
) -> Result<R> {
    let file = call.file(file, Rights::empty())?;
    work(file.downcast::<TimerFile>().ok_or(Error::InvalidArgument)?)
}

/// timerfd_settime(2).
pub(crate) fn timerfd_settime(
    call: &mut Call<'_>,
    file: Fd,
    flags: TimerSetFlags,
    new: UserPtr<IntervalTimerSpecification>,
    old: UserPtr<IntervalTimerSpecification>,
) -> Result<usize> {
    let new = new.read()?;
    let (value, interval) = (new.value.to_duration()?, new.interval.to_duration()?);
    with_timer(call, file, |timer| {
        let before = timer.current();
        let absolute = flags.contains(TimerSetFlags::ABSOLUTE);
        timer.set(deadline_of(&timer.clock, value, absolute), interval);
        match old.non_null() {
            Some(old) => old.write(&before),
            None => Ok(()),
        }
    })?;
    Ok(0)
}

/// timerfd_gettime(2).
pub(crate) fn timerfd_gettime(
    call: &mut Call<'_>,
    file: Fd,
    current: UserPtr<IntervalTimerSpecification>,
) -> Result<usize> {
    with_timer(call, file, |timer| current.write(&timer.current()))?;
    Ok(0)
}
