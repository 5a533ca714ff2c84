//! Sending signals: kill, tkill, tgkill and the queueing ones.

use alloc::sync::Arc;
use base::{Error, Result};
use mem::user::UserPtr;
use proc::{Cause, Event, EventInfo, Process, Task, may_send, send_to_process, send_to_task};

use super::event;
use crate::arguments::Fd;
use crate::call::Call;
use crate::layout::SignalInformation;
use crate::process::descriptor::process_and_flags;

/// Raises an event of the calling thread's own doing (SIGPIPE).
pub(crate) fn raise(task: &Arc<Task>, event: Event) {
    let process = task.process();
    let info = EventInfo::from_process(event, process.id(), process.user());
    // Standard events are never refused.
    let _ = send_to_task(task, info);
}

/// What a receiver is told of the caller.
fn from_caller(call: &Call<'_>, event: Event, cause: Cause) -> EventInfo {
    let process = call.process();
    EventInfo {
        cause,
        ..EventInfo::from_process(event, process.id(), process.user())
    }
}

/// Sends, or with signal 0 only checks whether that would be allowed.
fn send(
    call: &Call<'_>,
    target: &Arc<Process>,
    signal: i32,
    info: Option<EventInfo>,
) -> Result<()> {
    let Some(info) = info else {
        return may_send(call.task, target, Event::TERMINATE);
    };
    debug_assert_ne!(signal, 0);
    may_send(call.task, target, info.event)?;
    send_to_process(target, info)
}

/// The event to send; `None` for signal 0.
fn wanted(call: &Call<'_>, signal: i32, cause: Cause) -> Result<Option<EventInfo>> {
    match signal {
        0 => Ok(None),
        number => Ok(Some(from_caller(call, event(number)?, cause))),
    }
}

/// kill(2).
pub(crate) fn kill(call: &mut Call<'_>, pid: i32, signal: i32) -> Result<usize> {
    let info = wanted(call, signal, Cause::Process)?;
    let namespace = call.process().namespace().clone();
    match pid {
        1.. => {
            let target = namespace.process(pid as u32).ok_or(Error::NoSuchProcess)?;
            send(call, &target, signal, info)?;
        }
        -1 => {
            if signal != 0 {
                proc::send_to_all(call.task, &namespace, event(signal)?, Cause::Process)?;
            }
        }
        i32::MIN => return Err(Error::NoSuchProcess),
        _ => {
            let group = match pid {
                0 => call.process().group(),
                _ => namespace
                    .group(pid.unsigned_abs())
                    .ok_or(Error::NoSuchProcess)?,
            };
            match signal {
                0 => proc::may_send_to_group(call.task, &group, Event::TERMINATE)?,
                _ => {
                    let event = event(signal)?;
                    proc::send_to_group_from(call.task, &group, event, Cause::Process)?;
                }
            }
        }
    }
    Ok(0)
}

/// A thread by its id, of the given process if one is given.
fn thread(call: &Call<'_>, pid: Option<i32>, tid: i32) -> Result<Arc<Task>> {
    let number = |value: i32| u32::try_from(value).ok().filter(|value| *value > 0);
    let tid = number(tid).ok_or(Error::InvalidArgument)?;
    let pid = match pid {
        Some(pid) => Some(number(pid).ok_or(Error::InvalidArgument)?),
        None => None,
    };
    let namespace = call.process().namespace();
    let task = namespace.task(tid).ok_or(Error::NoSuchProcess)?;
    let owner = task.process().identity().number_in(namespace);
    if pid.is_some_and(|pid| pid != owner) {
        Err(Error::NoSuchProcess)
    } else {
        Ok(task)
    }
}

fn send_thread(call: &Call<'_>, task: &Arc<Task>, info: Option<EventInfo>) -> Result<usize> {
    may_send(
        call.task,
        task.process(),
        info.map_or(Event::TERMINATE, |info| info.event),
    )?;
    if let Some(info) = info {
        send_to_task(task, info)?;
    }
    Ok(0)
}

/// tkill(2).
pub(crate) fn tkill(call: &mut Call<'_>, tid: i32, signal: i32) -> Result<usize> {
    let task = thread(call, None, tid)?;
    let info = wanted(call, signal, Cause::Thread)?;
    send_thread(call, &task, info)
}

/// tgkill(2).
pub(crate) fn tgkill(call: &mut Call<'_>, pid: i32, tid: i32, signal: i32) -> Result<usize> {
    let task = thread(call, Some(pid), tid)?;
    let info = wanted(call, signal, Cause::Thread)?;
    send_thread(call, &task, info)
}

/// Which part of a process a signal sent through a descriptor is for (pidfd_send_signal(2)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    Thread,
    Process,
    Group,
}

/// pidfd_send_signal(2).
pub(crate) fn pidfd_send_signal(
    call: &mut Call<'_>,
    descriptor: Fd,
    signal: i32,
    information: UserPtr<SignalInformation>,
    flags: u32,
) -> Result<usize> {
    let scope = match flags {
        0 | 2 => Scope::Process,
        1 => Scope::Thread,
        4 => Scope::Group,
        _ => return Err(Error::InvalidArgument),
    };
    let (target, _) = process_and_flags(call, descriptor)?;
    let number = target.identity().number_in(call.process().namespace());
    if number == 0 {
        return Err(Error::InvalidArgument);
    }
    let info = match information.non_null() {
        Some(information) => {
            let information = information.read()?;
            if information.number != signal {
                return Err(Error::InvalidArgument);
            }
            let itself = scope != Scope::Group && Arc::ptr_eq(&target, call.process());
            let info = information.to_event(signal.max(1), itself)?;
            (signal != 0).then_some(info)
        }
        None => {
            let cause = match scope {
                Scope::Thread => Cause::Thread,
                Scope::Process | Scope::Group => Cause::Process,
            };
            wanted(call, signal, cause)?
        }
    };
    let namespace = call.process().namespace();
    match scope {
        Scope::Group => {
            let group = namespace.group(number).ok_or(Error::NoSuchProcess)?;
            match info {
                Some(info) => proc::send_to_group_as(call.task, &group, info)?,
                None => proc::may_send_to_group(call.task, &group, Event::TERMINATE)?,
            }
        }
        _ if target.is_released() => return Err(Error::NoSuchProcess),
        Scope::Process => send(call, &target, signal, info)?,
        Scope::Thread => {
            let leader = target.tasks().into_iter().find(|task| task.is_leader());
            send_thread(call, &leader.ok_or(Error::NoSuchProcess)?, info)?;
        }
    }
    Ok(0)
}

/// rt_sigqueueinfo(2).
pub(crate) fn rt_sigqueueinfo(
    call: &mut Call<'_>,
    pid: i32,
    signal: i32,
    information: UserPtr<SignalInformation>,
) -> Result<usize> {
    let information = information.read()?;
    let pid = u32::try_from(pid).map_err(|_| Error::NoSuchProcess)?;
    let itself = pid == call.process().id();
    let info = information.to_event(signal.max(1), itself)?;
    let target = call
        .process()
        .namespace()
        .process(pid)
        .ok_or(Error::NoSuchProcess)?;
    send(call, &target, signal, (signal != 0).then_some(info))?;
    Ok(0)
}

/// rt_tgsigqueueinfo(2).
pub(crate) fn rt_tgsigqueueinfo(
    call: &mut Call<'_>,
    pid: i32,
    tid: i32,
    signal: i32,
    information: UserPtr<SignalInformation>,
) -> Result<usize> {
    let information = information.read()?;
    let task = thread(call, Some(pid), tid)?;
    let itself = Arc::ptr_eq(task.process(), call.process());
    let info = information.to_event(signal.max(1), itself)?;
    send_thread(call, &task, (signal != 0).then_some(info))
}
