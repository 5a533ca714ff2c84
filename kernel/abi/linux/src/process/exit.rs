//! exit and exit_group.

use base::Result;
use proc::ExitStatus;

use crate::call::Call;

/// Only the low byte of a status reaches the parent.
fn status(status: i32) -> i32 {
    status & 0xff
}

/// exit(2) of the kernel: ends the thread.
pub(crate) fn exit(call: &mut Call<'_>, code: i32) -> Result<usize> {
    proc::end_thread(call.task, status(code));
    Ok(0)
}

/// exit_group(2): ends the process.
pub(crate) fn exit_group(call: &mut Call<'_>, code: i32) -> Result<usize> {
    proc::end_process(call.task, ExitStatus::Exited(status(code)));
    Ok(0)
}
