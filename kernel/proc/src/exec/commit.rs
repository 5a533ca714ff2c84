//! The moment of exec: the caller's threads end, its old memory goes, the new image is its own.

use super::{Caller, ExecRequest, Prepared, prepare};
use crate::process::Process;
use crate::task::Task;
use alloc::sync::Arc;
use base::{Error, Result};
use core::sync::atomic::Ordering;
use hal::user::UserContext;
use vfs::FsContext;

/// Replaces the calling process's program. On success `context` holds the new program's registers; on failure nothing
/// has changed, except that [`Error::Interrupted`] may mean that the caller is to end.
pub fn exec(task: &Arc<Task>, context: &mut UserContext, request: ExecRequest) -> Result<()> {
    let process = task.process();
    let before = (process.image().abi_state.clone(), task.raw_abi_state());
    let fs = process.fs();
    let caller = Caller {
        fs: &fs,
        // Who was put into a view does not leave it by a program of another ABI.
        keeps_view: fs.fixed,
        environment: process.environment(),
        limits: &process.limits(),
        abi: Some(process.abi().name()),
        no_new_privileges: process.has_no_new_privileges(),
        before: Some((&before.0, &before.1)),
    };
    let prepared = prepare(&caller, request)?;
    be_alone(task)?;
    commit(task, context, prepared);
    Ok(())
}

/// Ends the other threads and waits until they are gone. Fails when somebody else is ending this one.
fn be_alone(task: &Arc<Task>) -> Result<()> {
    let process = task.process();
    {
        let mut shared = process.shared.lock();
        if shared.ending.is_some() || shared.executing {
            return Err(Error::Interrupted);
        }
        if shared.tasks.len() == 1 {
            return Ok(());
        }
        shared.executing = true;
        for other in shared
            .tasks
            .iter()
            .filter(|other| !Arc::ptr_eq(other, task))
        {
            other.kill();
        }
    }
    process.continued.wake_all();
    let result = task.wait_killable(&process.thread_gone, None, || {
        (process.task_count() == 1).then_some(())
    });
    process.shared.lock().executing = false;
    result
}

/// Nothing fails from here on.
fn commit(task: &Arc<Task>, context: &mut UserContext, prepared: Prepared) {
    let process = task.process();
    leave_memory(task);
    let old_state = task.set_abi_state(prepared.task_state);
    let old_image = process.set_image(Arc::new(prepared.image));
    let before = process.credentials();
    process.update_fs(|fs| {
        fs.credentials = prepared.credentials;
        if let Some(view) = prepared.enters {
            enter(fs, view);
        }
    });
    process.forget_parent_death_unless_as(&before);
    if !task.is_leader() {
        drop(task.set_identity(process.identity().clone()));
    }
    unshare(process);
    process.handles().take_where(
        |_, handle| handle.close_on_exec,
        |handle| process.release_locks_of(&handle),
    );
    process.with_actions(|table| table.reset_handlers());
    process.set_name(prepared.name.clone());
    if let Some(thread) = task.thread() {
        thread.set_name(&prepared.name);
    }
    process.relations.lock().executed = true;
    prepared.space.attach();
    *context = prepared.context;
    task.image_changed.store(true, Ordering::Relaxed);
    give_back(process);
    drop(old_state);
    drop(old_image);
}

/// What was shared with other processes is shared no longer: handles and actions become the process's own.
fn unshare(process: &Process) {
    let handles = process.handles();
    if Arc::strong_count(&handles) > 2
        && let Ok(own) = handles.fork()
    {
        drop(process.set_handles(Arc::new(own)));
    }
    let actions = process.shared_actions();
    if Arc::strong_count(&actions) > 2 {
        let own = crate::process::action_table(actions.lock().clone());
        drop(process.set_shared_actions(own));
    }
}

/// Moves a file context into a view. The working directory stays the same directory where the new root leads to it, and
/// is `/` otherwise.
pub(crate) fn enter(fs: &mut FsContext, entered: crate::environment::AbiView) {
    let directory = entered
        .locate(&fs.working_directory)
        .unwrap_or_else(|| entered.root.clone());
    fs.view = entered.view;
    fs.root = entered.root;
    fs.working_directory = directory;
}

/// Before a task's memory goes: its ABI does what it promised, and the word it is to clear is cleared.
pub(crate) fn leave_memory(task: &Arc<Task>) {
    if task.process().space().is_none() {
        return;
    }
    task.process().abi().leave(task);
    let address = task.clear_on_exit();
    task.set_clear_on_exit(0);
    if address != 0 && is_observed(task.process()) && mem::user::store_u32(address, 0).is_ok() {
        ipc::futex::wake_word(address, 1);
    }
}

/// Whether anybody but the caller could see its memory.
fn is_observed(process: &Process) -> bool {
    process.task_count() > 1 || process.borrowed.load(Ordering::Relaxed)
}

/// Lets the parent go on that lent its memory (vfork).
pub(crate) fn give_back(process: &Process) {
    if process.borrowed.swap(false, Ordering::Release) {
        process.returned.wake_all();
    }
}
