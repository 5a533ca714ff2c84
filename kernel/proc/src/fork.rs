//! Making processes and threads from the one that runs.
//!
//! [`fork`] copies or shares, part by part, what [`CloneOptions`] says; [`spawn_thread`] adds a thread. The caller
//! brings the registers the new task starts with: how a child learns that it is the child (a zero in a register, a
//! stack of its own) is the ABI's knowledge. Everything that can fail happens before the new task can be seen; only
//! then does it get its kernel thread, and if that fails it is taken back.

use crate::admission::admit;
use crate::event::{ActionTable, Event};
use crate::limits::Resource;
use crate::namespace::Identity;
use crate::process::{AbiState, Image, Process, Seed, action_table};
use crate::status::ExitStatus;
use crate::task::{Task, as_owner};
use crate::{exit, tree, user_loop};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use base::{Error, Result};
use core::sync::atomic::{Ordering, fence};
use hal::user::UserContext;
use mem::AddressSpace;

/// What a forked process shares with its maker, and what happens around its birth.
#[derive(Clone, Debug)]
pub struct CloneOptions {
    /// The memory is the same, not a copy.
    pub share_space: bool,
    /// The table of handles is the same.
    pub share_handles: bool,
    /// Working directory, root and umask are the same.
    pub share_fs: bool,
    /// The actions of events are the same.
    pub share_actions: bool,
    /// Handlers of the copied actions go back to the default (CLONE_CLEAR_SIGHAND).
    pub clear_handlers: bool,
    /// The child gets mounts of its own (CLONE_NEWNS); not together with `share_fs`.
    pub own_view: bool,
    /// The caller sleeps until the child executes or ends (vfork).
    pub vfork: bool,
    /// The child's parent is the caller's parent.
    pub sibling: bool,
    /// Events that wait for the caller come first: the fork fails with [`Error::Interrupted`] and is to be made again
    /// after them, so that an event for a group never misses a child that is just being born.
    pub after_events: bool,
    /// What the parent gets when the child ends.
    pub exit_event: Option<Event>,
    /// Where the caller's memory gets the child's id before it starts.
    pub parent_id_address: Option<usize>,
    /// Where the child's memory gets its id when it starts.
    pub child_id_address: Option<usize>,
    /// Where the child's memory gets a zero when it ends.
    pub clear_on_exit: Option<usize>,
}

impl Default for CloneOptions {
    /// What fork(2) does.
    fn default() -> Self {
        CloneOptions {
            share_space: false,
            share_handles: false,
            share_fs: false,
            share_actions: false,
            clear_handlers: false,
            own_view: false,
            vfork: false,
            sibling: false,
            after_events: false,
            exit_event: Some(Event::CHILD_CHANGED),
            parent_id_address: None,
            child_id_address: None,
            clear_on_exit: None,
        }
    }
}

/// What a new thread is told about addresses.
#[derive(Clone, Debug, Default)]
pub struct ThreadOptions {
    /// Where the process's memory gets the thread's id before it starts.
    pub parent_id_address: Option<usize>,
    /// Where it gets it when it starts.
    pub child_id_address: Option<usize>,
    /// Where it gets a zero when the thread ends.
    pub clear_on_exit: Option<usize>,
}

/// Makes a process like the caller's; it starts with `context`. With [`CloneOptions::vfork`] this returns only when
/// the child has executed or ended.
pub fn fork(
    task: &Arc<Task>,
    context: UserContext,
    options: &CloneOptions,
) -> Result<Arc<Process>> {
    fork_with(task, context, options, |_| Ok(()))
}

/// Like [`fork`], and shows the child to `before` while nobody else can see it: its handles are copied and it has its
/// number, but it does not run. If that fails there will be no child. There may be none either if it succeeds, for
/// want of memory; whatever it did is then to be undone by the caller.
pub fn fork_with(
    task: &Arc<Task>,
    context: UserContext,
    options: &CloneOptions,
    before: impl FnOnce(&Arc<Process>) -> Result<()>,
) -> Result<Arc<Process>> {
    // Large: from here on only its address is handed on.
    let context = Box::new(context);
    let process = task.process();
    if process.is_ending() {
        return Err(Error::Interrupted);
    }
    let sent = process.shared.lock().group_events;
    if options.after_events && task.hears_something() {
        return Err(Error::Interrupted);
    }
    let environment = process.environment();
    let limits = process.limits();
    let fs = process.fs();
    let charge = admit(environment, fs.credentials.uid, &limits)?;
    let identity = Identity::allocate(environment.processes())?;
    let old = process.image();
    let space = old.space.as_ref().ok_or(Error::Interrupted)?;
    let space = if options.share_space {
        space.clone()
    } else {
        space.fork()?
    };
    let handles = process.handles();
    let handles = if options.share_handles {
        handles
    } else {
        Arc::new(handles.fork()?)
    };
    let shared_fs = process.shared_fs();
    let shared_fs = if options.share_fs {
        shared_fs
    } else {
        let mut own = fs.as_ref().clone();
        if options.own_view {
            own.unshare_view()?;
        }
        crate::process::shared_fs_context(own)
    };
    let image = Image {
        space: Some(space.clone()),
        abi_state: old.abi.fork_process_state(&old.abi_state),
        ..Image::clone(&old)
    };
    let task_state = old.abi.fork_task_state(&task.raw_abi_state(), false);
    let parent = if options.sibling {
        process.parent().ok_or(Error::InvalidArgument)?
    } else {
        process.clone()
    };
    let child = Arc::new(Process::new(Seed {
        identity: identity.clone(),
        environment: environment.clone(),
        image,
        handles,
        fs: shared_fs,
        actions: copy_actions(process, options),
        limits: limits.as_ref().clone(),
        no_new_privileges: process.has_no_new_privileges(),
        name: process.name(),
        parent: Arc::downgrade(&parent),
        group: process.group(),
        exit_event: options.exit_event,
        charge,
    }));
    child.borrowed.store(options.vfork, Ordering::Relaxed);
    let child_task = Arc::new(Task::new(
        identity,
        child.clone(),
        task_state,
        task.blocked(),
    ));
    child_task.set_clear_on_exit(options.clear_on_exit.unwrap_or(0));
    if let Some(address) = options.parent_id_address {
        // Whether the address is good is the program's affair, here and in the child.
        let _ = mem::user::store_u32(address, child.id());
    }
    before(&child)?;
    publish(&parent, &child, &child_task, || {
        let stale = options.after_events && process.shared.lock().group_events != sent;
        !process.is_ending() && !stale
    })?;
    start_process(
        &child,
        &child_task,
        space,
        context,
        options.child_id_address,
    )?;
    if limits.soft(Resource::ProcessorTime) != crate::limits::UNLIMITED {
        child.processor_timers().look(&child);
    }
    if options.vfork {
        // Only an end of the caller itself may cut this short.
        let _ = task.wait_killable(&child.returned, None, || {
            (!child.borrowed.load(Ordering::Acquire)).then_some(())
        });
    }
    Ok(child)
}

fn copy_actions(
    process: &Process,
    options: &CloneOptions,
) -> Arc<base::sync::SpinLock<ActionTable>> {
    let actions = process.shared_actions();
    if options.share_actions {
        return actions;
    }
    let mut table = actions.lock().clone();
    if options.clear_handlers {
        table.reset_handlers();
    }
    action_table(table)
}

/// Puts a new process and its first task where others can find them. The group is the one its seed named, unless its
/// maker was moved meanwhile; either is right. `still` is asked at the moment of birth: an event that went to the maker
/// and its group together must not miss the child.
pub(crate) fn publish(
    parent: &Arc<Process>,
    child: &Arc<Process>,
    task: &Arc<Task>,
    still: impl FnOnce() -> bool,
) -> Result<()> {
    let _tree = tree::lock();
    if parent.is_ending() || !still() {
        return Err(Error::Interrupted);
    }
    child
        .traced
        .store(parent.traced.load(Ordering::Relaxed), Ordering::Relaxed);
    child.shared.lock().tasks.push(task.clone());
    child.group().join(child);
    parent.relations.lock().children.push(child.clone());
    child.identity().publish_process(child);
    child.identity().publish_task(task);
    Ok(())
}

/// Gives a process's first task its kernel thread; takes the process back if there is no memory for one.
pub(crate) fn start_process(
    child: &Arc<Process>,
    task: &Arc<Task>,
    space: Arc<AddressSpace>,
    context: Box<UserContext>,
    id_address: Option<usize>,
) -> Result<()> {
    let result = start(task, space, context, id_address);
    if result.is_err() {
        let tasks = core::mem::take(&mut child.shared.lock().tasks);
        drop(tasks);
        child.shared.lock().ended = Some(ExitStatus::Exited(0));
        exit::release(child);
    }
    result
}

/// Adds a thread to the caller's process; it starts with `context`.
pub fn spawn_thread(
    task: &Arc<Task>,
    context: UserContext,
    options: &ThreadOptions,
) -> Result<Arc<Task>> {
    let context = Box::new(context);
    let process = task.process();
    let environment = process.environment();
    let user = process.fs().credentials.uid;
    let charge = admit(environment, user, &process.limits())?;
    let identity = Identity::allocate(environment.processes())?;
    let space = process.space().ok_or(Error::Interrupted)?;
    let state: AbiState = process.abi().fork_task_state(&task.raw_abi_state(), true);
    let thread = Arc::new(Task::new(
        identity.clone(),
        process.clone(),
        state,
        task.blocked(),
    ));
    thread.set_clear_on_exit(options.clear_on_exit.unwrap_or(0));
    *thread.charge.lock() = Some(charge);
    if let Some(address) = options.parent_id_address {
        let _ = mem::user::store_u32(address, identity.number());
    }
    {
        let mut shared = process.shared.lock();
        if shared.ending.is_some() || shared.executing || task.is_killed() {
            return Err(Error::Interrupted);
        }
        shared.tasks.push(thread.clone());
        if shared.stop.requested.is_some() {
            thread.notice();
        }
    }
    identity.publish_task(&thread);
    if let Err(error) = start(&thread, space, context, options.child_id_address) {
        let mut shared = process.shared.lock();
        shared.tasks.retain(|other| !Arc::ptr_eq(other, &thread));
        drop(shared);
        process.thread_gone.wake_all();
        return Err(error);
    }
    Ok(thread)
}

fn start(
    task: &Arc<Task>,
    space: Arc<AddressSpace>,
    context: Box<UserContext>,
    id_address: Option<usize>,
) -> Result<()> {
    let runner = task.clone();
    let name: String = task.process().name();
    let thread = base::thread::spawn(&name, move || {
        let thread = base::thread::current();
        thread.set_owner(as_owner(&runner));
        runner.set_thread(thread);
        base::thread::pay_from(runner.process().environment().payer());
        space.attach();
        // Only the address spaces of tasks hold it from here on.
        drop(space);
        // Who had news for it before it had a thread could not interrupt that ([`Task::notice`]).
        fence(Ordering::SeqCst);
        if runner.is_killed() || runner.has_work() {
            runner.notice();
        }
        if let Some(address) = id_address {
            // clone(2): the kernel stores the id; whether the address is good is the program's affair.
            let _ = mem::user::store_u32(address, runner.id());
        }
        user_loop::run(&runner, context);
        exit::finish(&runner);
        // The environment, and its account with it, may go with the task.
        base::thread::pay_from(0);
    })?;
    task.set_thread(thread);
    Ok(())
}
