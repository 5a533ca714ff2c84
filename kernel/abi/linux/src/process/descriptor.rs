//! Descriptors of processes (pidfd_open(2)): numbers that are not given to another process later.

use alloc::sync::Arc;
use base::{Error, Result};
use object::{Rights, StatusFlags};
use proc::{Process, ProcessFile};

use crate::arguments::Fd;
use crate::call::Call;
use crate::state::ProcessState;

/// `PIDFD_NONBLOCK`.
const NONBLOCK: u32 = 0o4000;

/// The process behind a descriptor, and the descriptor's status flags.
pub(crate) fn process_and_flags(
    call: &Call<'_>,
    descriptor: Fd,
) -> Result<(Arc<Process>, StatusFlags)> {
    use object::File;
    let file = call.file(descriptor, Rights::empty())?;
    let file = file.downcast::<ProcessFile>().ok_or(Error::BadHandle)?;
    Ok((file.process().clone(), file.status_flags()))
}

/// pidfd_open(2). `PIDFD_THREAD` is refused: threads have no descriptors.
pub(crate) fn pidfd_open(call: &mut Call<'_>, pid: i32, flags: u32) -> Result<usize> {
    if flags & !NONBLOCK != 0 || pid <= 0 {
        return Err(Error::InvalidArgument);
    }
    let namespace = call.process().namespace();
    let process = match namespace.process(pid as u32) {
        Some(process) => process,
        // The number of a thread that is not its process's first.
        None if namespace.task(pid as u32).is_some() => return Err(Error::InvalidArgument),
        None => return Err(Error::NoSuchProcess),
    };
    call.install(ProcessFile::new(process, flags & NONBLOCK != 0), true)
}

/// pidfd_getfd(2): a descriptor of one's own for what another process has open.
pub(crate) fn pidfd_getfd(call: &mut Call<'_>, process: Fd, file: Fd, flags: u32) -> Result<usize> {
    if flags != 0 {
        return Err(Error::InvalidArgument);
    }
    let (target, _) = process_and_flags(call, process)?;
    if target.is_zombie() {
        return Err(Error::NoSuchProcess);
    }
    may_take_from(call.process(), &target)?;
    let mut handle = target.handles().get(file.slot()?)?;
    handle.close_on_exec = true;
    call.handles().insert(handle, 0)
}

/// Who may attach to a process may have its files (ptrace(2), `PTRACE_MODE_ATTACH_REALCREDS`): its
/// user and the super-user, if they see it at all. A descriptor that was handed into a container
/// opens nothing outside it.
pub(crate) fn may_take_from(caller: &Arc<Process>, target: &Arc<Process>) -> Result<()> {
    if Arc::ptr_eq(caller, target) {
        return Ok(());
    }
    if target.identity().number_in(caller.namespace()) == 0 {
        return Err(Error::NotPermitted);
    }
    let own = caller.credentials();
    let same = target.credentials().belong_to(own.uid, own.gid);
    let closed = ProcessState::of(target).is_ok_and(|state| !state.is_dumpable());
    if own.is_superuser() || (same && !closed) {
        Ok(())
    } else {
        Err(Error::NotPermitted)
    }
}
