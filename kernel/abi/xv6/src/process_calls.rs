//! Processes and time.

use alloc::vec::Vec;
use core::sync::atomic::Ordering;

use base::time::{self, Duration};
use base::{Error, Result};
use hal::user::UserContext;
use mem::user::{UserPtr, read_c_string};
use proc::{
    CloneOptions, Event, EventInfo, ExecRequest, ExitStatus, WaitOptions, WaitSelector, WaitStatus,
};

use crate::abi::TaskState;
use crate::arguments::Text;
use crate::call::{Call, Outcome};
use crate::limits::{ARGUMENT_BYTES, ARGUMENTS, TICK_NS};
use crate::path;

/// Makes a second process like this one; the new one gets 0.
pub(crate) fn fork(call: &mut Call<'_>, context: &mut UserContext) -> Result<usize> {
    let mut context = context.clone();
    context.set_result(0);
    let child = proc::fork(call.task, context, &CloneOptions::default())?;
    Ok(child.id() as usize)
}

/// Ends the process. All 32 bits of the status reach whoever waits.
pub(crate) fn exit(call: &mut Call<'_>, status: i32) -> Result<Outcome> {
    proc::end_process(call.task, ExitStatus::Exited(status));
    Ok(Outcome::Gone)
}

/// Waits for a child to end: its number, and its status where the program wants it. A child that
/// was killed has the status -1.
pub(crate) fn wait(call: &mut Call<'_>, status: UserPtr<i32>) -> Result<usize> {
    let options = WaitOptions::ENDED | WaitOptions::CLONES_TOO;
    let result = proc::wait(call.task, &WaitSelector::Any, options)?.ok_or(Error::NoChild)?;
    if let Some(status) = status.non_null() {
        let value = match result.status {
            WaitStatus::Ended(ExitStatus::Exited(value)) => value,
            _ => -1,
        };
        status.write(&value)?;
    }
    Ok(result.process as usize)
}

/// Kills a process, wherever it sleeps.
pub(crate) fn kill(call: &mut Call<'_>, process: i32) -> Result<usize> {
    let number = u32::try_from(process).map_err(|_| Error::NoSuchProcess)?;
    let own = call.process();
    let target = own
        .namespace()
        .process(number)
        .ok_or(Error::NoSuchProcess)?;
    proc::may_send(call.task, &target, Event::KILL)?;
    let sender = own.identity().number_in(target.namespace());
    let info = EventInfo::from_process(Event::KILL, sender, own.credentials().uid);
    proc::send_to_process(&target, info)?;
    Ok(0)
}

/// Runs another program in this process.
pub(crate) fn exec(
    call: &mut Call<'_>,
    context: &mut UserContext,
    name: Text,
    list: UserPtr<u64>,
) -> Result<Outcome> {
    let path = path::read_existing(&call.fs(), name.0)?;
    let arguments = read_arguments(list)?;
    let request = ExecRequest {
        path,
        arguments,
        ..ExecRequest::default()
    };
    proc::exec(call.task, context, request)?;
    Ok(Outcome::Gone)
}

fn read_arguments(list: UserPtr<u64>) -> Result<Vec<Vec<u8>>> {
    let mut arguments = Vec::new();
    for index in 0..ARGUMENTS {
        let address = list.offset(index).read()?;
        if address == 0 {
            return Ok(arguments);
        }
        arguments.push(read_c_string(address as usize, ARGUMENT_BYTES)?);
    }
    Err(Error::ArgumentListTooLong)
}

/// The process's number.
pub(crate) fn getpid(call: &mut Call<'_>) -> Result<usize> {
    Ok(call.process().id() as usize)
}

/// Sleeps for clock ticks. A sleep that something interrupted which did not end the process goes
/// on to the end that it had.
pub(crate) fn sleep(call: &mut Call<'_>, ticks: i32) -> Result<usize> {
    let state = call.task.abi_state::<TaskState>();
    let begun = state
        .as_ref()
        .map_or(0, |state| state.sleep_end_ns.swap(0, Ordering::Relaxed));
    let now = time::now();
    let end = if begun != 0 {
        time::Instant(begun)
    } else {
        now + Duration::from_nanos(u64::try_from(ticks).unwrap_or(0) * TICK_NS)
    };
    let outcome = base::thread::sleep_until(end);
    if outcome == Err(Error::Interrupted)
        && let Some(state) = state
    {
        state.sleep_end_ns.store(end.0, Ordering::Relaxed);
    }
    outcome.map(|()| 0)
}

/// Clock ticks since the machine started.
pub(crate) fn uptime(_call: &mut Call<'_>) -> Result<usize> {
    Ok((time::now().0 / TICK_NS) as usize)
}
