//! One system call on its way: who calls, with what, and how an interruption ends it.

use alloc::sync::Arc;
use base::Result;
use base::time::Instant;
use core::cell::Cell;
use object::{File, Handle, HandleTable, Object, Rights};
use proc::{Process, Task};

use crate::arguments::Fd;
use crate::state::{ProcessState, ThreadState};

/// What becomes of a call that a signal interrupted (signal(7), "Interruption of system calls").
///
/// A call that fails with [`base::Error::Interrupted`] is always prepared to start again; when a handler
/// turns out to run first, this decides whether that remains so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// It always starts again (`ERESTARTNOINTR`).
    Always,
    /// It starts again if the handler has `SA_RESTART` (`ERESTARTSYS`).
    IfAsked,
    /// It starts again only if no handler ran (`ERESTARTNOHAND`, `ERESTART_RESTARTBLOCK`). Calls
    /// with a relative time go on with what is left of it: see [`Call::deadline_after`].
    UnlessHandled,
    /// It always fails with `EINTR`.
    Never,
}

/// A system call being served.
pub struct Call<'a> {
    /// The thread that calls.
    pub task: &'a Arc<Task>,
    /// What an interruption means, where it is not what the table says.
    pub restart: Option<Restart>,
    /// The moment a relative timeout of this call ends, once it has been computed.
    pub deadline: Cell<Option<Instant>>,
}

impl<'a> Call<'a> {
    /// A call of this thread.
    #[inline]
    pub(crate) fn new(task: &'a Arc<Task>) -> Self {
        Call {
            task,
            restart: None,
            deadline: Cell::new(None),
        }
    }
}

impl Call<'_> {
    /// The process of the calling thread.
    pub fn process(&self) -> &Arc<Process> {
        self.task.process()
    }

    /// What this ABI keeps for the process.
    pub fn process_state(&self) -> Result<Arc<ProcessState>> {
        ProcessState::of(self.process())
    }

    /// What this ABI keeps for the thread.
    pub fn thread_state(&self) -> Result<Arc<ThreadState>> {
        ThreadState::of(self.task)
    }

    /// The process's handles.
    #[inline]
    pub fn handles(&self) -> Arc<HandleTable> {
        self.process().handles()
    }

    /// The handle behind a descriptor.
    pub fn handle(&self, descriptor: Fd) -> Result<Handle> {
        let slot = descriptor.slot()?;
        self.process().with_handles(|handles| handles.get(slot))
    }

    /// The object behind a descriptor.
    pub fn object(&self, descriptor: Fd) -> Result<Object> {
        Ok(self.handle(descriptor)?.object)
    }

    /// The open file behind a descriptor, if the handle gives these rights.
    #[inline]
    pub fn file(&self, descriptor: Fd, rights: Rights) -> Result<Arc<dyn File>> {
        let slot = descriptor.slot()?;
        self.process()
            .with_handles(|handles| handles.file(slot, rights))
    }

    /// Puts a file into the lowest free slot: the end of every call that opens something.
    pub fn install(&self, file: Arc<dyn File>, close_on_exec: bool) -> Result<usize> {
        let handle = Handle::from_file(file).with_close_on_exec(close_on_exec);
        // The handle of a table without room is a file's last: it is dropped after every lock.
        let handles = self.handles();
        handles.insert(handle, 0)
    }

    /// The moment a relative timeout ends. If this call was interrupted before, without a handler,
    /// it is the moment that was computed then: a restarted sleep does not start from the beginning.
    pub fn deadline_after(&self, duration: core::time::Duration) -> Result<Instant> {
        let remembered = self.thread_state()?.take_remembered_deadline();
        let deadline = remembered.unwrap_or_else(|| base::time::now() + duration);
        self.deadline.set(Some(deadline));
        Ok(deadline)
    }
}
