//! Priorities of input and output (ioprio_set(2), ioprio_get(2)).
//!
//! A thread's priority is kept, inherited and reported; requests to devices are served in the order
//! in which they come, as by Linux's `none` scheduler, which heeds no priority either.

use base::{Error, Result};
use proc::Task;

use super::scheduling::selected;
use crate::call::Call;
use crate::state::ThreadState;

/// A priority is a class above these bits, with a level (and a hint) in them.
const CLASS_SHIFT: u32 = 13;
const DATA: u32 = (1 << CLASS_SHIFT) - 1;
const LEVEL: u32 = 7;

const CLASS_NONE: u32 = 0;
const CLASS_REAL_TIME: u32 = 1;
const CLASS_BEST_EFFORT: u32 = 2;
const CLASS_IDLE: u32 = 3;

/// Best first; no class is worse than any.
fn rank(priority: u32) -> (u32, u32) {
    match priority >> CLASS_SHIFT {
        CLASS_NONE => (u32::MAX, 0),
        class => (class, priority & DATA),
    }
}

/// What a thread without a priority of its own has: best effort by its nice value.
fn effective(task: &Task, own: u32) -> u32 {
    if own >> CLASS_SHIFT != CLASS_NONE {
        return own;
    }
    let nice = task.thread().map_or(0, |thread| thread.nice());
    let level = (i32::from(nice) + 20) / 5;
    CLASS_BEST_EFFORT << CLASS_SHIFT | level as u32
}

fn check(call: &Call<'_>, priority: u32) -> Result<()> {
    let privileged = call.process().credentials().is_superuser();
    // Above the level are hints to the device.
    match (priority >> CLASS_SHIFT, priority & LEVEL) {
        (CLASS_REAL_TIME, _) if !privileged => Err(Error::NotPermitted),
        (CLASS_REAL_TIME | CLASS_BEST_EFFORT | CLASS_IDLE, _) | (CLASS_NONE, 0) => Ok(()),
        _ => Err(Error::InvalidArgument),
    }
}

/// ioprio_set(2).
pub(crate) fn ioprio_set(
    call: &mut Call<'_>,
    which: i32,
    who: i32,
    priority: u32,
) -> Result<usize> {
    check(call, priority)?;
    let mine = call.process().credentials();
    let mut result = Err(Error::NoSuchProcess);
    for task in selected(call, which.wrapping_sub(1), who)? {
        let theirs = task.process().credentials();
        if !mine.is_superuser() && theirs.uid != mine.euid && theirs.uid != mine.uid {
            return Err(Error::NotPermitted);
        }
        // A program of another ABI has none to set.
        if let Ok(state) = ThreadState::of(&task) {
            state.set_io_priority(priority);
            result = Ok(0);
        }
    }
    result
}

/// ioprio_get(2): of several threads the best one.
pub(crate) fn ioprio_get(call: &mut Call<'_>, which: i32, who: i32) -> Result<usize> {
    let tasks = selected(call, which.wrapping_sub(1), who)?;
    let own = |task: &Task| ThreadState::of(task).map_or(0, |state| state.io_priority());
    let priorities = tasks.iter().map(|task| match which {
        1 => own(task),
        _ => effective(task, own(task)),
    });
    priorities
        .min_by_key(|priority| rank(*priority))
        .map(|best| best as usize)
        .ok_or(Error::NoSuchProcess)
}
