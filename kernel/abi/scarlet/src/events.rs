//! Control events as records on a stream.

use alloc::sync::Arc;
use core::any::Any;
use core::sync::atomic::{AtomicBool, Ordering};

use base::{Error, Result};
use mem::transfer::{Sink, Source};
use object::{
    File, FileAccess, FileKind, FileStatus, Handle, PollRegistration, Ready, StatusFlags,
};
use proc::{Disposition, Event, Process};
use scarlet_abi::event::{Action, EventRecord};
use scarlet_abi::handle::HandleFlags;
use zerocopy::IntoBytes;

use crate::invocation::Invocation;
use crate::state::{EventQueue, ProcessState};

pub(crate) fn set_action(call: &mut Invocation<'_>, event: usize, action: Action) -> Result<usize> {
    let event = Event::new(event).ok_or(Error::InvalidArgument)?;
    if event.is_unstoppable() && action != Action::Default {
        return Err(Error::InvalidArgument);
    }
    let disposition = match action {
        Action::Default => Disposition::Default,
        Action::Ignore => Disposition::Ignore,
        Action::Receive => Disposition::Handler,
    };
    let new = proc::Action {
        disposition,
        // No code runs that a second event could disturb.
        flags: proc::ActionFlags::NO_DEFER,
        ..proc::Action::default()
    };
    let old = call.process().with_actions(|table| table.set(event, new));
    Ok(match old.disposition {
        Disposition::Default => Action::Default,
        Disposition::Ignore => Action::Ignore,
        Disposition::Handler => Action::Receive,
    } as usize)
}

pub(crate) fn open(call: &mut Invocation<'_>, flags: HandleFlags) -> Result<usize> {
    if flags.contains(HandleFlags::APPEND) {
        return Err(Error::InvalidArgument);
    }
    let stream = EventStream {
        queue: ProcessState::of(call.process()).events().clone(),
        nonblocking: AtomicBool::new(flags.contains(HandleFlags::NONBLOCKING)),
    };
    let close = flags.contains(HandleFlags::CLOSE_ON_EXECUTE);
    let handle = Handle::from_file(Arc::new(stream)).with_close_on_exec(close);
    call.handles().insert(handle, 0)
}

/// The stream on which a process reads its events. In another process's hands (after a fork) it gives
/// nothing: events are nobody else's business.
struct EventStream {
    queue: Arc<EventQueue>,
    nonblocking: AtomicBool,
}

impl EventStream {
    fn is_callers(&self) -> bool {
        Process::current()
            .is_some_and(|process| Arc::ptr_eq(ProcessState::of(&process).events(), &self.queue))
    }
}

impl File for EventStream {
    fn as_file_any(&self) -> &dyn Any {
        self
    }

    fn access(&self) -> FileAccess {
        FileAccess::READ
    }

    /// Whole records only; sleeps while there is none.
    fn read(&self, into: &mut Sink<'_>) -> Result<usize> {
        if !self.is_callers() {
            return Err(Error::NotPermitted);
        }
        if into.remaining() < size_of::<EventRecord>() {
            return Err(Error::InvalidArgument);
        }
        let first = match self.queue.take() {
            Some(record) => record,
            None if self.nonblocking.load(Ordering::Relaxed) => return Err(Error::WouldBlock),
            None => self
                .queue
                .arrived
                .wait_interruptible(None, || self.queue.take())?,
        };
        let mut done = into.write(first.as_bytes())?;
        while into.remaining() >= size_of::<EventRecord>() {
            let Some(record) = self.queue.take() else {
                break;
            };
            done += into.write(record.as_bytes())?;
        }
        Ok(done)
    }

    fn write(&self, _from: &mut Source<'_>) -> Result<usize> {
        Err(Error::BadHandle)
    }

    fn poll(&self, interest: Ready, waiter: Option<&mut PollRegistration>) -> Ready {
        if let Some(registration) = waiter {
            registration.add(&self.queue.arrived);
        }
        let mut ready = Ready::empty();
        ready.set(Ready::READ, !self.queue.is_empty());
        ready & interest
    }

    fn status(&self) -> Result<FileStatus> {
        Ok(FileStatus {
            kind: FileKind::Anonymous,
            mode: 0o400,
            links: 1,
            ..FileStatus::default()
        })
    }

    fn status_flags(&self) -> StatusFlags {
        let mut flags = StatusFlags::empty();
        flags.set(
            StatusFlags::NONBLOCK,
            self.nonblocking.load(Ordering::Relaxed),
        );
        flags
    }

    fn set_status_flags(&self, flags: StatusFlags) -> Result<()> {
        if !StatusFlags::NONBLOCK.contains(flags) {
            return Err(Error::InvalidArgument);
        }
        self.nonblocking
            .store(flags.contains(StatusFlags::NONBLOCK), Ordering::Relaxed);
        Ok(())
    }
}
