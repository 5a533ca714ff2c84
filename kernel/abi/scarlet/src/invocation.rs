//! One system call on its way.

use alloc::sync::Arc;

use base::time::Instant;
use object::HandleTable;
use proc::{Process, Task};
use vfs::FsContext;

use crate::state::TaskState;

/// Who calls.
pub(crate) struct Invocation<'a> {
    pub(crate) task: &'a Arc<Task>,
}

impl<'a> Invocation<'a> {
    pub(crate) fn new(task: &'a Arc<Task>) -> Invocation<'a> {
        Invocation { task }
    }

    pub(crate) fn process(&self) -> &Arc<Process> {
        self.task.process()
    }

    pub(crate) fn handles(&self) -> Arc<HandleTable> {
        self.process().handles()
    }

    pub(crate) fn fs(&self) -> Arc<FsContext> {
        self.process().fs()
    }

    /// When a timeout in nanoseconds is over; `None` for the one that never is.
    pub(crate) fn deadline(&self, timeout_ns: usize) -> Option<Instant> {
        if timeout_ns == usize::MAX {
            return None;
        }
        let fresh = Instant(
            base::time::now()
                .as_nanos()
                .saturating_add(timeout_ns as u64),
        );
        Some(TaskState::of(self.task).deadline(fresh))
    }
}
