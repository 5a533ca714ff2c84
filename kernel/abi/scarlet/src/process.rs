//! Processes: the end of them, waiting, asking, groups and sessions.

use alloc::sync::Arc;

use base::{Error, Result};
use hal::user::UserContext;
use mem::user::UserPtr;
use proc::{
    CloneOptions, Event, EventInfo, ExitStatus, Process, WaitOptions, WaitResult, WaitSelector,
    WaitStatus,
};
use scarlet_abi::process as contract;
use scarlet_abi::process::{ProcessInfo, WaitFlags};

use crate::arguments::Words;
use crate::invocation::Invocation;
use crate::records;

pub(crate) fn exit(call: &mut Invocation<'_>, status: usize) -> Result<usize> {
    // Statuses are eight bits wide for whoever waits, whatever ABI it speaks.
    proc::end_process(call.task, ExitStatus::Exited(status as i32 & 0xff));
    Ok(0)
}

pub(crate) fn fork(
    call: &mut Invocation<'_>,
    context: &mut UserContext,
    _words: &mut Words<'_>,
) -> Result<Option<usize>> {
    let mut context = context.clone();
    context.set_result(0);
    let child = proc::fork(call.task, context, &CloneOptions::default())?;
    Ok(Some(child.id() as usize))
}

pub(crate) fn wait(
    call: &mut Invocation<'_>,
    selector: isize,
    flags: WaitFlags,
    record: UserPtr<contract::WaitStatus>,
    size: usize,
) -> Result<usize> {
    let number = u32::try_from(selector.unsigned_abs()).map_err(|_| Error::NoChild)?;
    let selector = match selector {
        contract::ANY_CHILD => WaitSelector::Any,
        0 => WaitSelector::OwnGroup,
        1.. => WaitSelector::Process(number),
        _ => WaitSelector::Group(number),
    };
    let mut options = WaitOptions::ENDED | WaitOptions::CLONES_TOO;
    options.set(WaitOptions::NO_HANG, flags.contains(WaitFlags::NO_HANG));
    options.set(WaitOptions::STOPPED, flags.contains(WaitFlags::STOPPED));
    options.set(WaitOptions::CONTINUED, flags.contains(WaitFlags::CONTINUED));
    // Seen first, so that a bad address does not make a child's end vanish.
    records::write(record, size, &contract::WaitStatus::default())?;
    let Some(result) = proc::wait(call.task, &selector, options)? else {
        return Ok(0);
    };
    records::write(record, size, &wait_record(&result))?;
    Ok(result.process as usize)
}

fn wait_record(result: &WaitResult) -> contract::WaitStatus {
    let (kind, value) = match result.status {
        WaitStatus::Ended(ExitStatus::Exited(status)) => (contract::EXITED, status as u32 & 0xff),
        WaitStatus::Ended(ExitStatus::Killed { event, .. }) => {
            (contract::TERMINATED, u32::from(event.number()))
        }
        WaitStatus::Stopped(event) => (contract::STOPPED, u32::from(event.number())),
        WaitStatus::Continued => (contract::CONTINUED, 0),
    };
    contract::WaitStatus {
        size: size_of::<contract::WaitStatus>() as u32,
        kind,
        value,
        process: result.process,
        user_ns: result.usage.user_ns,
        system_ns: result.usage.system_ns,
    }
}

/// The process of this number as the caller's namespace counts; 0 is the caller.
fn find(call: &Invocation<'_>, number: u32) -> Result<Arc<Process>> {
    if number == 0 {
        return Ok(call.process().clone());
    }
    call.process()
        .namespace()
        .process(number)
        .ok_or(Error::NoSuchProcess)
}

pub(crate) fn process_info(
    call: &mut Invocation<'_>,
    number: u32,
    record: UserPtr<ProcessInfo>,
    size: usize,
) -> Result<usize> {
    let process = find(call, number)?;
    let namespace = call.process().namespace();
    let credentials = process.credentials();
    let usage = process.usage();
    let info = ProcessInfo {
        size: size_of::<ProcessInfo>() as u32,
        process: process.identity().number_in(namespace),
        parent: process
            .parent()
            .map_or(0, |parent| parent.identity().number_in(namespace)),
        group: process.group().identity().number_in(namespace),
        session: process.session().identity().number_in(namespace),
        user: credentials.uid,
        user_group: credentials.gid,
        threads: process.task_count() as u32,
        user_ns: usage.user_ns,
        system_ns: usage.system_ns,
        abi: records::field(process.abi().name()),
        name: records::field(&process.name()),
    };
    records::write(record, size, &info)
}

pub(crate) fn send_event(call: &mut Invocation<'_>, target: isize, event: usize) -> Result<usize> {
    // Event 0 only asks whether the process is there and may be sent to.
    let wanted = Event::new(event);
    if wanted.is_none() && event != 0 {
        return Err(Error::InvalidArgument);
    }
    let number = u32::try_from(target.unsigned_abs()).map_err(|_| Error::NoSuchProcess)?;
    let check = wanted.unwrap_or(Event::CONTINUE);
    let info = |of: &Process, event| {
        let sender = call.process().identity().number_in(of.namespace());
        EventInfo::from_process(event, sender, call.process().credentials().uid)
    };
    if target > 0 {
        let process = find(call, number)?;
        proc::may_send(call.task, &process, check)?;
        if let Some(event) = wanted {
            proc::send_to_process(&process, info(&process, event))?;
        }
        return Ok(0);
    }
    let group = match number {
        0 => call.process().group(),
        _ => call
            .process()
            .namespace()
            .group(number)
            .ok_or(Error::NoSuchProcess)?,
    };
    match wanted {
        Some(event) => proc::send_to_group_from(call.task, &group, event, proc::Cause::Process)?,
        None => proc::may_send_to_group(call.task, &group, check)?,
    }
    Ok(0)
}

pub(crate) fn set_group(call: &mut Invocation<'_>, process: u32, group: u32) -> Result<usize> {
    call.task.set_group(process, group)?;
    Ok(0)
}

pub(crate) fn create_session(call: &mut Invocation<'_>) -> Result<usize> {
    Ok(call.task.found_session()? as usize)
}

pub(crate) fn set_identity(call: &mut Invocation<'_>, user: u32, group: u32) -> Result<usize> {
    let credentials = call.process().credentials();
    let own_user = [credentials.uid, credentials.euid, credentials.suid].contains(&user);
    let own_group = [credentials.gid, credentials.egid, credentials.sgid].contains(&group);
    let is_own = own_user && own_group;
    if !(is_own || credentials.is_superuser()) {
        return Err(Error::NotPermitted);
    }
    call.process().update_fs(|fs| {
        let old = &fs.credentials;
        let groups = if old.is_superuser() {
            Arc::from([])
        } else {
            old.groups.clone()
        };
        fs.credentials = vfs::Credentials {
            groups,
            ..vfs::Credentials::user(user, group)
        };
    });
    Ok(0)
}
