//! Processes and threads: making, replacing, ending and describing them.

pub mod capabilities;
pub mod clone;
pub mod descriptor;
pub mod exec;
pub mod exit;
pub mod groups;
pub mod identity;
pub mod io_priority;
pub mod limits;
pub mod namespaces;
pub mod scheduling;
pub mod settings;
pub mod wait;

use alloc::sync::Arc;
use base::{Error, Result};
use proc::{Process, Task};

use crate::call::Call;

/// The process of an id, 0 for the caller's.
pub(crate) fn process_of(call: &Call<'_>, pid: i32) -> Result<Arc<Process>> {
    match u32::try_from(pid) {
        Ok(0) => Ok(call.process().clone()),
        Ok(id) => call
            .process()
            .namespace()
            .process(id)
            .ok_or(Error::NoSuchProcess),
        Err(_) => Err(Error::NoSuchProcess),
    }
}

/// The thread of an id, 0 for the caller.
pub(crate) fn task_of(call: &Call<'_>, tid: i32) -> Result<Arc<Task>> {
    match u32::try_from(tid) {
        Ok(0) => Ok(call.task.clone()),
        Ok(id) => call
            .process()
            .namespace()
            .task(id)
            .ok_or(Error::NoSuchProcess),
        Err(_) => Err(Error::NoSuchProcess),
    }
}
