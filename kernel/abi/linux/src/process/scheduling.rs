//! Priorities, policies and CPUs.
//!
//! There is one scheduling class for programs, the fair one, with nice values. Batch and idle threads
//! are scheduled as the others are; asking to be put into a real-time class is refused as it is to a
//! program without the right to it. Affinity is honoured.

use alloc::sync::Arc;
use alloc::vec::Vec;
use base::thread::Thread;
use base::{Error, Result};
use hal::PAGE_SIZE;
use mem::user::{UserPtr, UserSlice};
use proc::{Process, Resource, Task};
use zerocopy::IntoBytes;

use super::task_of;
use crate::call::Call;
use crate::layout::{SchedulingAttributes, SchedulingParameter, TimeSpecification};
use crate::state::ThreadState;

const SCHED_OTHER: i32 = 0;
const SCHED_FIFO: i32 = 1;
const SCHED_RR: i32 = 2;
const SCHED_BATCH: i32 = 3;
const SCHED_IDLE: i32 = 5;
const SCHED_DEADLINE: i32 = 6;

/// Set in a policy to reset it at fork: there is nothing to reset.
const SCHED_RESET_ON_FORK: i32 = 0x4000_0000;

/// sched_yield(2).
pub(crate) fn sched_yield(_call: &mut Call<'_>) -> Result<usize> {
    base::thread::yield_now();
    Ok(0)
}

fn thread_of(task: &Task) -> Result<&Arc<Thread>> {
    task.thread().ok_or(Error::NoSuchProcess)
}

fn check_policy(policy: i32, priority: i32) -> Result<()> {
    match policy & !SCHED_RESET_ON_FORK {
        SCHED_OTHER | SCHED_BATCH | SCHED_IDLE if priority == 0 => Ok(()),
        SCHED_FIFO | SCHED_RR if (1..=99).contains(&priority) => Err(Error::NotPermitted),
        _ => Err(Error::InvalidArgument),
    }
}

/// sched_setscheduler(2).
pub(crate) fn sched_setscheduler(
    call: &mut Call<'_>,
    pid: i32,
    policy: i32,
    parameter: UserPtr<SchedulingParameter>,
) -> Result<usize> {
    if parameter.is_null() || policy < 0 || pid < 0 {
        return Err(Error::InvalidArgument);
    }
    let parameter = parameter.read()?;
    let task = changeable(call, pid)?;
    check_policy(policy, parameter.priority)?;
    set_policy(&task, policy);
    Ok(0)
}

/// A program of another ABI has no policy; it is scheduled as all are.
fn set_policy(task: &Task, policy: i32) {
    if let Ok(state) = ThreadState::of(task) {
        state.set_policy(policy & !SCHED_RESET_ON_FORK);
    }
}

fn policy_of(task: &Task) -> i32 {
    ThreadState::of(task).map_or(SCHED_OTHER, |state| state.policy())
}

/// The thread of an id, if the caller may change how it is scheduled.
fn changeable(call: &Call<'_>, pid: i32) -> Result<Arc<Task>> {
    let task = task_of(call, pid)?;
    let (mine, theirs) = (call.process().credentials(), task.process().credentials());
    if !mine.is_superuser() && mine.euid != theirs.uid && mine.euid != theirs.euid {
        return Err(Error::NotPermitted);
    }
    Ok(task)
}

/// sched_setparam(2).
pub(crate) fn sched_setparam(
    call: &mut Call<'_>,
    pid: i32,
    parameter: UserPtr<SchedulingParameter>,
) -> Result<usize> {
    if parameter.is_null() || pid < 0 {
        return Err(Error::InvalidArgument);
    }
    let parameter = parameter.read()?;
    let task = changeable(call, pid)?;
    check_policy(policy_of(&task), parameter.priority)?;
    Ok(0)
}

/// The first form of `struct sched_attr`, and the one with utilisation.
const ATTRIBUTES_SIZES: (u32, u32) = (48, 56);

/// sched_setattr(2).
pub(crate) fn sched_setattr(
    call: &mut Call<'_>,
    pid: i32,
    attributes: UserPtr<SchedulingAttributes>,
    flags: u32,
) -> Result<usize> {
    if attributes.is_null() || pid < 0 || flags != 0 {
        return Err(Error::InvalidArgument);
    }
    let size = match UserPtr::<u32>::from(attributes.address()).read()? {
        0 => ATTRIBUTES_SIZES.0,
        size if size < ATTRIBUTES_SIZES.0 || size as usize > PAGE_SIZE => {
            // Tells which size would do.
            UserPtr::from(attributes.address()).write(&ATTRIBUTES_SIZES.1)?;
            return Err(Error::ArgumentListTooLong);
        }
        size => size,
    };
    let wanted = crate::arguments::read_extensible(attributes, size as usize)?;
    // Resetting at fork has nothing to reset; the other flags are the deadline policy's.
    if wanted.flags & !1 != 0 {
        return Err(Error::InvalidArgument);
    }
    let policy = i32::try_from(wanted.policy).map_err(|_| Error::InvalidArgument)?;
    let task = changeable(call, pid)?;
    check_policy(policy, wanted.priority as i32)?;
    let nice = wanted.nice.clamp(-20, 19);
    // An idle thread keeps its nice value for later.
    if matches!(policy & !SCHED_RESET_ON_FORK, SCHED_OTHER | SCHED_BATCH) {
        let thread = thread_of(&task)?;
        if nice < i32::from(thread.nice()) && !call.process().credentials().is_superuser() {
            return Err(Error::NotPermitted);
        }
        thread.set_nice(nice as i8);
    }
    set_policy(&task, policy);
    Ok(0)
}

/// sched_getattr(2).
pub(crate) fn sched_getattr(
    call: &mut Call<'_>,
    pid: i32,
    attributes: UserPtr<SchedulingAttributes>,
    size: u32,
    flags: u32,
) -> Result<usize> {
    let fits = (ATTRIBUTES_SIZES.0..=PAGE_SIZE as u32).contains(&size);
    if attributes.is_null() || pid < 0 || !fits || flags != 0 {
        return Err(Error::InvalidArgument);
    }
    let task = task_of(call, pid)?;
    let known = SchedulingAttributes {
        size: size.min(ATTRIBUTES_SIZES.1),
        policy: policy_of(&task) as u32,
        nice: thread_of(&task)?.nice().into(),
        // The whole range: nothing here changes a CPU's speed.
        utilisation: [0, 1024],
        ..SchedulingAttributes::default()
    };
    let written = known.size as usize;
    mem::user::write_bytes(attributes.address(), &known.as_bytes()[..written])?;
    Ok(0)
}

/// sched_getscheduler(2).
pub(crate) fn sched_getscheduler(call: &mut Call<'_>, pid: i32) -> Result<usize> {
    if pid < 0 {
        return Err(Error::InvalidArgument);
    }
    let task = task_of(call, pid)?;
    Ok(policy_of(&task) as usize)
}

/// sched_getparam(2).
pub(crate) fn sched_getparam(
    call: &mut Call<'_>,
    pid: i32,
    parameter: UserPtr<SchedulingParameter>,
) -> Result<usize> {
    if parameter.is_null() || pid < 0 {
        return Err(Error::InvalidArgument);
    }
    task_of(call, pid)?;
    parameter.write(&SchedulingParameter { priority: 0 })?;
    Ok(0)
}

/// sched_get_priority_max(2).
pub(crate) fn sched_get_priority_max(_call: &mut Call<'_>, policy: i32) -> Result<usize> {
    match policy {
        SCHED_FIFO | SCHED_RR => Ok(99),
        SCHED_OTHER | SCHED_BATCH | SCHED_IDLE | SCHED_DEADLINE => Ok(0),
        _ => Err(Error::InvalidArgument),
    }
}

/// sched_get_priority_min(2).
pub(crate) fn sched_get_priority_min(_call: &mut Call<'_>, policy: i32) -> Result<usize> {
    match policy {
        SCHED_FIFO | SCHED_RR => Ok(1),
        SCHED_OTHER | SCHED_BATCH | SCHED_IDLE | SCHED_DEADLINE => Ok(0),
        _ => Err(Error::InvalidArgument),
    }
}

/// sched_rr_get_interval(2): the slice of the fair class.
pub(crate) fn sched_rr_get_interval(
    call: &mut Call<'_>,
    pid: i32,
    interval: UserPtr<TimeSpecification>,
) -> Result<usize> {
    if pid < 0 {
        return Err(Error::InvalidArgument);
    }
    task_of(call, pid)?;
    interval.write(&TimeSpecification {
        seconds: 0,
        nanoseconds: 4_000_000,
    })?;
    Ok(0)
}

/// sched_setaffinity(2).
pub(crate) fn sched_setaffinity(
    call: &mut Call<'_>,
    pid: i32,
    size: u32,
    mask: usize,
) -> Result<usize> {
    let mut bytes = [0; 8];
    UserSlice::new(mask, size as usize).read_into(&mut bytes)?;
    let task = changeable(call, pid)?;
    if thread_of(&task)?.set_affinity(u64::from_le_bytes(bytes)) {
        Ok(0)
    } else {
        Err(Error::InvalidArgument)
    }
}

/// sched_getaffinity(2): returns how many bytes were written.
pub(crate) fn sched_getaffinity(
    call: &mut Call<'_>,
    pid: i32,
    size: u32,
    mask: usize,
) -> Result<usize> {
    let size = size as usize;
    if size * 8 < hal::cpu::count() || !size.is_multiple_of(8) {
        return Err(Error::InvalidArgument);
    }
    let task = task_of(call, pid)?;
    let affinity = thread_of(&task)?.affinity().to_le_bytes();
    UserSlice::new(mask, affinity.len()).write_from(&affinity)
}

/// getcpu(2).
pub(crate) fn getcpu(
    _call: &mut Call<'_>,
    cpu: UserPtr<u32>,
    node: UserPtr<u32>,
    _unused: usize,
) -> Result<usize> {
    if let Some(cpu) = cpu.non_null() {
        cpu.write(&(hal::cpu::id() as u32))?;
    }
    if let Some(node) = node.non_null() {
        node.write(&0)?;
    }
    Ok(0)
}

/// The threads that a priority call is about: 0 for a thread, 1 for a group, 2 for a user.
pub(super) fn selected(call: &Call<'_>, which: i32, who: i32) -> Result<Vec<Arc<Task>>> {
    let threads_of = |process: &Arc<Process>| process.tasks();
    match which {
        0 => Ok(alloc::vec![task_of(call, who)?]),
        1 => {
            let group = match u32::try_from(who) {
                Ok(0) => call.process().group(),
                Ok(id) => call
                    .process()
                    .namespace()
                    .group(id)
                    .ok_or(Error::NoSuchProcess)?,
                Err(_) => return Err(Error::NoSuchProcess),
            };
            Ok(group.members().iter().flat_map(threads_of).collect())
        }
        2 => {
            let user = if who == 0 {
                call.process().credentials().uid
            } else {
                who as u32
            };
            let processes = call.process().namespace().processes();
            let theirs = processes
                .iter()
                .filter(|process| process.credentials().uid == user);
            Ok(theirs.flat_map(threads_of).collect())
        }
        _ => Err(Error::InvalidArgument),
    }
}

/// setpriority(2).
pub(crate) fn setpriority(call: &mut Call<'_>, which: i32, who: i32, nice: i32) -> Result<usize> {
    let nice = nice.clamp(-20, 19);
    let mine = call.process().credentials();
    let mut result = Err(Error::NoSuchProcess);
    for task in selected(call, which, who)? {
        let theirs = task.process().credentials();
        let thread = thread_of(&task)?;
        // RLIMIT_NICE counts from 20 (nice 19) to 1 … 40 (nice -20).
        let floor = 20
            - i64::try_from(task.process().limits().soft(Resource::Nice))
                .unwrap_or(40)
                .min(40);
        let denied = if mine.is_superuser() {
            None
        } else if mine.euid != theirs.uid && mine.euid != theirs.euid {
            Some(Error::NotPermitted)
        } else if nice < i32::from(thread.nice()) && i64::from(nice) < floor {
            Some(Error::AccessDenied)
        } else {
            None
        };
        match denied {
            Some(error) => result = Err(error),
            None => {
                thread.set_nice(nice as i8);
                if result == Err(Error::NoSuchProcess) {
                    result = Ok(0);
                }
            }
        }
    }
    result
}

/// getpriority(2): the kernel's form, 20 minus the nice value, so that it is never negative.
pub(crate) fn getpriority(call: &mut Call<'_>, which: i32, who: i32) -> Result<usize> {
    let tasks = selected(call, which, who)?;
    let best = tasks
        .iter()
        .filter_map(|task| task.thread())
        .map(|thread| thread.nice())
        .min();
    best.map(|nice| (20 - i32::from(nice)) as usize)
        .ok_or(Error::NoSuchProcess)
}
