//! Who may look into a process, and who may change what concerns the whole machine.
//!
//! What a process maps, holds and was told in its environment is its owner's business: the
//! super-user and processes of the same user may look, others may not (ptrace(2), "Ptrace access
//! mode checking").

use base::{Error, Result};
use proc::Process;

/// Fails for processes of inner environments: their super-user is not the machine's.
pub(crate) fn check_machine() -> Result<()> {
    let process = Process::current().ok_or(Error::NotPermitted)?;
    match process.environment().parent() {
        Some(_) => Err(Error::NotPermitted),
        None => Ok(()),
    }
}

/// Fails unless the calling process may look into `target`.
pub(crate) fn check(target: &Process) -> Result<()> {
    let Some(reader) = Process::current() else {
        return Ok(());
    };
    if core::ptr::eq(&*reader, target) {
        return Ok(());
    }
    let (reader, target) = (reader.credentials(), target.credentials());
    if target.belong_to(reader.fsuid, reader.fsgid) || reader.is_superuser() {
        Ok(())
    } else {
        Err(Error::AccessDenied)
    }
}
