//! clone, clone3, set_tid_address: new processes and threads.

use base::{Error, Result};
use hal::user::UserContext;
use mem::user::UserPtr;
use proc::{CloneOptions, Event, ProcessFile, ThreadOptions};

use crate::arguments::read_extensible;
use crate::call::Call;
use crate::layout::CloneArguments;

const CSIGNAL: u64 = 0xff;
const CLONE_VM: u64 = 0x100;
const CLONE_FS: u64 = 0x200;
const CLONE_FILES: u64 = 0x400;
const CLONE_SIGHAND: u64 = 0x800;
const CLONE_PIDFD: u64 = 0x1000;
const CLONE_VFORK: u64 = 0x4000;
const CLONE_PARENT: u64 = 0x8000;
const CLONE_THREAD: u64 = 0x10000;
const CLONE_NEWNS: u64 = 0x20000;
const CLONE_SYSVSEM: u64 = 0x40000;
const CLONE_SETTLS: u64 = 0x80000;
const CLONE_PARENT_SETTID: u64 = 0x100000;
const CLONE_CHILD_CLEARTID: u64 = 0x200000;
const CLONE_DETACHED: u64 = 0x400000;
const CLONE_CHILD_SETTID: u64 = 0x1000000;
const CLONE_IO: u64 = 0x80000000;
const CLONE_CLEAR_SIGHAND: u64 = 0x1_0000_0000;

/// What is understood. What `SYSVSEM` shares, adjustments of semaphores to be undone, threads of one process
/// share anyway and processes never; `IO` shares what belongs to each process here.
const KNOWN: u64 = CLONE_VM
    | CLONE_FS
    | CLONE_FILES
    | CLONE_SIGHAND
    | CLONE_PIDFD
    | CLONE_VFORK
    | CLONE_PARENT
    | CLONE_THREAD
    | CLONE_NEWNS
    | CLONE_SYSVSEM
    | CLONE_SETTLS
    | CLONE_PARENT_SETTID
    | CLONE_CHILD_CLEARTID
    | CLONE_DETACHED
    | CLONE_CHILD_SETTID
    | CLONE_IO
    | CLONE_CLEAR_SIGHAND;

/// What every thread of a process shares (clone(2), CLONE_THREAD).
const THREAD: u64 = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM;

/// What is to be made, from either call.
struct Request {
    flags: u64,
    exit_signal: u64,
    /// The child's stack pointer; 0 keeps the caller's.
    stack: usize,
    tls: usize,
    parent_tid: usize,
    child_tid: usize,
    /// Where the caller's memory gets a descriptor of the child.
    pidfd: usize,
}

impl Request {
    fn check(&self) -> Result<()> {
        let has = |flag| self.flags & flag != 0;
        if self.flags & !KNOWN != 0
            || (has(CLONE_SIGHAND) && !has(CLONE_VM))
            || (has(CLONE_THREAD) && self.flags & THREAD != THREAD)
            || (has(CLONE_CLEAR_SIGHAND) && has(CLONE_SIGHAND))
            || (has(CLONE_NEWNS) && has(CLONE_FS))
            || (has(CLONE_NEWNS) && has(CLONE_THREAD))
            || (has(CLONE_PIDFD) && has(CLONE_THREAD | CLONE_DETACHED))
        {
            return Err(Error::InvalidArgument);
        }
        Ok(())
    }

    fn address(&self, flag: u64, address: usize) -> Option<usize> {
        (self.flags & flag != 0).then_some(address)
    }

    fn run(&self, call: &Call<'_>, caller: &UserContext) -> Result<Option<usize>> {
        self.check()?;
        let mut context = caller.clone();
        context.set_result(0);
        if self.stack != 0 {
            context.set_sp(self.stack);
        }
        if self.flags & CLONE_SETTLS != 0 {
            context.set_tls(self.tls);
        }
        let child = if self.flags & CLONE_THREAD != 0 {
            self.thread(call, context)?
        } else {
            self.process(call, context)?
        };
        Ok(Some(child))
    }

    fn thread(&self, call: &Call<'_>, context: UserContext) -> Result<usize> {
        // Threads here share files, handlers and place by being threads; one that would not is
        // something this kernel has no word for.
        let shared = CLONE_FS | CLONE_FILES;
        if self.flags & shared != shared {
            return Err(Error::InvalidArgument);
        }
        let options = ThreadOptions {
            parent_id_address: self.address(CLONE_PARENT_SETTID, self.parent_tid),
            child_id_address: self.address(CLONE_CHILD_SETTID, self.child_tid),
            clear_on_exit: self.address(CLONE_CHILD_CLEARTID, self.child_tid),
        };
        let thread = proc::spawn_thread(call.task, context, &options)?;
        Ok(thread.id() as usize)
    }

    fn process(&self, call: &Call<'_>, context: UserContext) -> Result<usize> {
        let has = |flag| self.flags & flag != 0;
        let exit_event = match self.exit_signal {
            0 => None,
            number => Some(Event::new(number as usize).ok_or(Error::InvalidArgument)?),
        };
        if has(CLONE_NEWNS) && !call.process().credentials().is_superuser() {
            return Err(Error::NotPermitted);
        }
        let options = CloneOptions {
            share_space: has(CLONE_VM),
            share_handles: has(CLONE_FILES),
            share_fs: has(CLONE_FS),
            share_actions: has(CLONE_SIGHAND),
            clear_handlers: has(CLONE_CLEAR_SIGHAND),
            own_view: has(CLONE_NEWNS),
            vfork: has(CLONE_VFORK),
            sibling: has(CLONE_PARENT),
            after_events: true,
            exit_event,
            parent_id_address: self.address(CLONE_PARENT_SETTID, self.parent_tid),
            child_id_address: self.address(CLONE_CHILD_SETTID, self.child_tid),
            clear_on_exit: self.address(CLONE_CHILD_CLEARTID, self.child_tid),
        };
        let mut descriptor = None;
        let child = proc::fork_with(call.task, context, &options, |child| {
            if has(CLONE_PIDFD) {
                descriptor = Some(call.install(ProcessFile::new(child.clone(), false), true)?);
            }
            match descriptor {
                Some(slot) => UserPtr::<i32>::from(self.pidfd).write(&(slot as i32)),
                None => Ok(()),
            }
        });
        match (child, descriptor) {
            (Ok(child), _) => Ok(child.id() as usize),
            (Err(error), Some(slot)) => {
                // Another thread may have closed it already; why there is no child is what counts.
                drop(call.handles().remove(slot));
                Err(error)
            }
            (Err(error), None) => Err(error),
        }
    }
}

/// clone(2), with the order of arguments that both architectures have (`CLONE_BACKWARDS`).
pub(crate) fn clone(
    call: &mut Call<'_>,
    context: &mut UserContext,
    flags: u64,
    stack: usize,
    parent_tid: usize,
    tls: usize,
    child_tid: usize,
) -> Result<Option<usize>> {
    // The old call's flags are 32 bits wide.
    let flags = flags & 0xffff_ffff;
    // Both would be written to the same place.
    if flags & CLONE_PIDFD != 0 && flags & CLONE_PARENT_SETTID != 0 {
        return Err(Error::InvalidArgument);
    }
    let request = Request {
        flags: flags & !CSIGNAL,
        exit_signal: flags & CSIGNAL,
        stack,
        tls,
        parent_tid,
        child_tid,
        pidfd: parent_tid,
    };
    request.run(call, context)
}

/// The size of `struct clone_args` in its first version.
const FIRST_SIZE: usize = 64;

/// clone3(2).
pub(crate) fn clone3(
    call: &mut Call<'_>,
    context: &mut UserContext,
    arguments: UserPtr<CloneArguments>,
    size: usize,
) -> Result<Option<usize>> {
    if size < FIRST_SIZE {
        return Err(Error::InvalidArgument);
    }
    let arguments = read_extensible(arguments, size)?;
    let half_a_stack = (arguments.stack == 0) != (arguments.stack_size == 0);
    let thread_with_signal =
        arguments.flags & (CLONE_THREAD | CLONE_PARENT) != 0 && arguments.exit_signal != 0;
    if arguments.flags & (CSIGNAL | CLONE_DETACHED) != 0
        || arguments.exit_signal > CSIGNAL
        || arguments.set_tid_size != 0
        || arguments.set_tid != 0
        || arguments.cgroup != 0
        || half_a_stack
        || thread_with_signal
        || (arguments.flags & CLONE_PIDFD != 0
            && arguments.flags & CLONE_PARENT_SETTID != 0
            && arguments.pidfd == arguments.parent_tid)
    {
        return Err(Error::InvalidArgument);
    }
    let top = arguments
        .stack
        .checked_add(arguments.stack_size)
        .ok_or(Error::InvalidArgument)?;
    let request = Request {
        flags: arguments.flags,
        exit_signal: arguments.exit_signal,
        stack: top as usize,
        tls: arguments.tls as usize,
        parent_tid: arguments.parent_tid as usize,
        child_tid: arguments.child_tid as usize,
        pidfd: arguments.pidfd as usize,
    };
    request.run(call, context)
}

/// set_tid_address(2).
pub(crate) fn set_tid_address(call: &mut Call<'_>, address: usize) -> Result<usize> {
    call.task.set_clear_on_exit(address);
    Ok(call.task.id() as usize)
}
