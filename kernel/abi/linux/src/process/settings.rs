//! prctl and personality: small switches of processes and threads.

use alloc::string::String;
use base::{Error, Result};
use mem::user::{UserPtr, UserSlice};
use proc::Event;

use crate::call::Call;
use crate::state::ProcessState;

/// The longest name of a thread, with its NUL (`TASK_COMM_LEN`).
const NAME_LENGTH: usize = 16;

/// The options that are understood.
mod option {
    pub(super) const SET_PDEATHSIG: i32 = 1;
    pub(super) const GET_PDEATHSIG: i32 = 2;
    pub(super) const GET_DUMPABLE: i32 = 3;
    pub(super) const SET_DUMPABLE: i32 = 4;
    pub(super) const GET_KEEPCAPS: i32 = 7;
    pub(super) const SET_NAME: i32 = 15;
    pub(super) const GET_NAME: i32 = 16;
    pub(super) const CAPBSET_READ: i32 = 23;
    pub(super) const GET_TIMERSLACK: i32 = 30;
    pub(super) const SET_CHILD_SUBREAPER: i32 = 36;
    pub(super) const GET_CHILD_SUBREAPER: i32 = 37;
    pub(super) const SET_NO_NEW_PRIVS: i32 = 38;
    pub(super) const GET_NO_NEW_PRIVS: i32 = 39;
    pub(super) const GET_TID_ADDRESS: i32 = 40;
    pub(super) const CAP_AMBIENT: i32 = 47;
}

/// What `PR_CAP_AMBIENT` can be asked for.
const AMBIENT_IS_SET: usize = 1;
const AMBIENT_CLEAR_ALL: usize = 4;

/// The highest capability that Linux 6.12 knows (`CAP_CHECKPOINT_RESTORE`).
const LAST_CAPABILITY: usize = 40;
/// Every timer of a thread may be this much late, in nanoseconds: the value that Linux starts with.
const TIMER_SLACK: usize = 50_000;

/// prctl(2).
pub(crate) fn prctl(
    call: &mut Call<'_>,
    option: i32,
    argument2: usize,
    argument3: usize,
    argument4: usize,
    argument5: usize,
) -> Result<usize> {
    use option::*;
    let rest_is_zero = argument3 | argument4 | argument5 == 0;
    match option {
        SET_NAME => {
            let mut bytes = [0; NAME_LENGTH];
            let name = read_name(argument2, &mut bytes)?;
            set_name(call, String::from_utf8_lossy(name).into_owned());
        }
        GET_NAME => {
            let mut bytes = [0; NAME_LENGTH];
            let name = name(call);
            let length = name.len().min(NAME_LENGTH - 1);
            bytes[..length].copy_from_slice(&name.as_bytes()[..length]);
            UserSlice::new(argument2, NAME_LENGTH).write_from(&bytes)?;
        }
        SET_PDEATHSIG if argument2 == 0 => call.process().set_parent_death_event(None),
        SET_PDEATHSIG => {
            let event = Event::new(argument2).ok_or(Error::InvalidArgument)?;
            call.process().set_parent_death_event(Some(event));
        }
        GET_PDEATHSIG => {
            let event = call.process().parent_death_event();
            UserPtr::from(argument2).write(&event.map_or(0, |event| i32::from(event.number())))?;
        }
        GET_DUMPABLE => return Ok(usize::from(state(call)?.is_dumpable())),
        SET_DUMPABLE if argument2 <= 1 => state(call)?.set_dumpable(argument2 == 1),
        GET_KEEPCAPS => return Ok(0),
        // Whoever is the super-user has every capability; nobody else has any.
        CAPBSET_READ if argument2 <= LAST_CAPABILITY => return Ok(1),
        GET_TIMERSLACK => return Ok(TIMER_SLACK),
        SET_CHILD_SUBREAPER => call.process().set_subreaper(argument2 != 0),
        GET_CHILD_SUBREAPER => {
            UserPtr::from(argument2).write(&i32::from(call.process().is_subreaper()))?;
        }
        SET_NO_NEW_PRIVS if argument2 == 1 && rest_is_zero => {
            call.process().set_no_new_privileges();
        }
        GET_NO_NEW_PRIVS if argument2 == 0 && rest_is_zero => {
            return Ok(usize::from(call.process().has_no_new_privileges()));
        }
        // No capability is ever ambient: asking and clearing are all that can be done.
        CAP_AMBIENT
            if argument2 == AMBIENT_IS_SET
                && argument3 <= LAST_CAPABILITY
                && argument4 | argument5 == 0 =>
        {
            return Ok(0);
        }
        CAP_AMBIENT if argument2 == AMBIENT_CLEAR_ALL && rest_is_zero => {}
        GET_TID_ADDRESS => UserPtr::from(argument2).write(&call.task.clear_on_exit())?,
        _ => return Err(Error::InvalidArgument),
    }
    Ok(0)
}

/// The thread's name; the first thread's is the process's.
fn name(call: &Call<'_>) -> String {
    match call.task.thread() {
        Some(thread) if !call.task.is_leader() => thread.name(),
        _ => call.process().name(),
    }
}

fn set_name(call: &Call<'_>, name: String) {
    if let Some(thread) = call.task.thread() {
        thread.set_name(&name);
    }
    if call.task.is_leader() {
        call.process().set_name(name);
    }
}

fn state(call: &Call<'_>) -> Result<alloc::sync::Arc<ProcessState>> {
    call.process_state()
}

/// A name of at most fifteen bytes; what is longer is cut.
fn read_name(address: usize, bytes: &mut [u8; NAME_LENGTH]) -> Result<&[u8]> {
    match mem::user::read_c_string(address, NAME_LENGTH - 1) {
        Ok(name) => {
            bytes[..name.len()].copy_from_slice(&name);
            Ok(&bytes[..name.len()])
        }
        Err(Error::NameTooLong) => {
            let cut = &mut bytes[..NAME_LENGTH - 1];
            mem::user::read_bytes(address, cut)?;
            Ok(cut)
        }
        Err(error) => Err(error),
    }
}

/// A personality: programs are loaded at the same addresses each time.
pub(crate) const ADDR_NO_RANDOMIZE: u32 = 0x0004_0000;

/// What a program with more rights than its caller's does not take over (`PER_CLEAR_ON_SETID`).
pub(crate) const CLEARED_ON_SET_ID: u32 = ADDR_NO_RANDOMIZE;

/// personality(2): Linux's own is the only one there is, its 32-bit form where that differs in
/// nothing, and the flag that places of programs are not random. Fork and exec keep it.
pub(crate) fn personality(call: &mut Call<'_>, persona: u32) -> Result<usize> {
    const QUERY: u32 = 0xffff_ffff;
    const PER_LINUX32: u32 = 8;
    let state = state(call)?;
    let old = state.personality();
    if persona != QUERY {
        // On Arm it changes what uname says of the machine, for 32-bit programs, which cannot run here.
        let known = if cfg!(target_arch = "aarch64") {
            ADDR_NO_RANDOMIZE
        } else {
            ADDR_NO_RANDOMIZE | PER_LINUX32
        };
        if persona & !known != 0 {
            return Err(Error::InvalidArgument);
        }
        state.set_personality(persona);
    }
    Ok(old as usize)
}
