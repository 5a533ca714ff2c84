//! Process groups and sessions.

use base::{Error, Result};

use super::process_of;
use crate::call::Call;

/// setpgid(2).
pub(crate) fn setpgid(call: &mut Call<'_>, pid: i32, group: i32) -> Result<usize> {
    let group = u32::try_from(group).map_err(|_| Error::InvalidArgument)?;
    let pid = u32::try_from(pid).map_err(|_| Error::NoSuchProcess)?;
    call.task.set_group(pid, group)?;
    Ok(0)
}

/// getpgid(2).
pub(crate) fn getpgid(call: &mut Call<'_>, pid: i32) -> Result<usize> {
    let group = process_of(call, pid)?.group();
    Ok(group.identity().number_in(call.process().namespace()) as usize)
}

/// getsid(2).
pub(crate) fn getsid(call: &mut Call<'_>, pid: i32) -> Result<usize> {
    let session = process_of(call, pid)?.session();
    Ok(session.identity().number_in(call.process().namespace()) as usize)
}

/// setsid(2).
pub(crate) fn setsid(call: &mut Call<'_>) -> Result<usize> {
    Ok(call.task.found_session()? as usize)
}
