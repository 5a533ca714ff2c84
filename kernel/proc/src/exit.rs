//! The end: of a thread, of a process, and what is left until somebody has waited.
//!
//! A thread ends at its next return to user mode after it was asked to ([`end_thread`], [`end_process`]): it clears
//! the word it promised to clear, leaves its process, and when it was the last the process ends too. The process lets
//! go of its memory and handles, gives its children to the nearest subreaper or to init, tells its parent and stays
//! as a zombie; [`release`] removes it once it was waited for, or at once when its parent said that it never will.

use crate::event::{
    ActionFlags, ChildChange, Disposition, Event, EventInfo, child_info, send_to_group,
    send_to_process,
};
use crate::group::ProcessGroup;
use crate::process::{Image, Process, shared_fs_context};
use crate::status::ExitStatus;
use crate::task::Task;
use crate::{exec, parent_death, tree};
use alloc::sync::Arc;
use alloc::vec::Vec;
use base::log;
use core::sync::atomic::Ordering;
use object::HandleTable;
use vfs::FsContext;

/// Ends the calling thread; the process ends with it when it is the last one, with this status.
pub fn end_thread(task: &Arc<Task>, status: i32) {
    {
        let mut shared = task.process().shared.lock();
        if task.is_leader() || shared.tasks.len() == 1 {
            shared.last_status = Some(ExitStatus::Exited(status));
        }
    }
    task.kill();
}

/// Ends the calling thread's whole process.
pub fn end_process(task: &Arc<Task>, status: ExitStatus) {
    task.process().shared.lock().end_all(status);
    task.process().continued.wake_all();
}

/// Ends a process from outside, as KILL would, but also the first one.
pub fn kill_process(process: &Arc<Process>) {
    process.shared.lock().end_all(ExitStatus::Killed {
        event: Event::KILL,
        core: false,
    });
    process.continued.wake_all();
}

/// The last thing a task does, on its own kernel thread.
pub(crate) fn finish(task: &Arc<Task>) {
    exec::leave_memory(task);
    let process = task.process();
    let mut usage = task.usage();
    if let Some(space) = process.space() {
        usage.peak_resident_bytes = space.resident_peak_bytes() as u64;
    }
    // Numbers are published as weak references: the task is out of sight once it is dropped.
    let (last, gone) = {
        let mut shared = process.shared.lock();
        shared.usage.add(&usage);
        let position = shared
            .tasks
            .iter()
            .position(|other| Arc::ptr_eq(other, task));
        let gone = position.map(|position| shared.tasks.remove(position));
        (shared.tasks.is_empty(), gone)
    };
    // The first thread's charge is the process's own, and stays until it was waited for.
    let charge = task.charge.lock().take();
    drop(charge);
    base::thread::current().set_user_space(None);
    if last {
        end(process);
    } else {
        process.report_stop();
        process.retarget();
        process.thread_gone.wake_all();
    }
    drop(gone);
}

/// The end of a process whose last thread is leaving.
fn end(process: &Arc<Process>) {
    let status = {
        let shared = process.shared.lock();
        shared
            .ending
            .or(shared.last_status)
            .unwrap_or(ExitStatus::Exited(0))
    };
    process.alarm.stop();
    process.processor.stop();
    process.release_all_locks();
    let system_v = process.environment().system_v();
    system_v.undo_adjustments(process.id());
    drop_resources(process);
    if process.is_init() {
        end_namespace(process);
        process.environment().clear_views();
    }
    hang_up_session(process);
    let orphaned = part_from_family(process, status);
    for group in &orphaned {
        send_to_group(group, EventInfo::kernel(Event::HANG_UP));
        send_to_group(group, EventInfo::kernel(Event::CONTINUE));
    }
    exec::give_back(process);
    process.ended.wake_all();
    report_end(process, status);
}

/// Lets go of memory, files and handles; what is left answers questions about a zombie.
fn drop_resources(process: &Arc<Process>) {
    let image = process.image();
    let bare = Image {
        space: None,
        executable: None,
        ..Image::clone(&image)
    };
    drop(process.set_image(Arc::new(bare)));
    drop(image);
    drop(process.set_handles(Arc::new(HandleTable::new(0))));
    // Its user is still asked for; the directory it was in must not stay busy because of a zombie.
    let fs = process.fs();
    let rest = FsContext {
        credentials: fs.credentials.clone(),
        ..FsContext::new(fs.view.clone())
    };
    drop(process.set_shared_fs(shared_fs_context(rest)));
}

/// With the first process its whole namespace ends: everyone is killed and waited for.
fn end_namespace(init: &Arc<Process>) {
    let namespace = init.namespace();
    namespace.close();
    loop {
        let others: Vec<_> = namespace
            .processes()
            .into_iter()
            .filter(|other| !Arc::ptr_eq(other, init))
            .collect();
        if others.is_empty() {
            return;
        }
        for other in &others {
            if other.is_zombie() {
                release(other);
            } else {
                kill_process(other);
            }
        }
        let living: Vec<_> = others
            .into_iter()
            .filter(|other| !other.is_zombie())
            .collect();
        if let Some(other) = living.first() {
            other.wait_ended();
        }
    }
}

/// The leader's end takes the terminal from the session; its foreground group hears of it (exit(3)).
fn hang_up_session(process: &Arc<Process>) {
    let session = process.session();
    if Arc::ptr_eq(session.identity(), process.identity()) {
        crate::terminal::session_leader_ended(&session);
    }
}

/// Gives the children away and becomes a zombie. Returns groups that lost their last hope of being continued.
fn part_from_family(process: &Arc<Process>, status: ExitStatus) -> Vec<Arc<ProcessGroup>> {
    let mut orphaned = Vec::new();
    let mut adopted = Vec::new();
    let reaper = reaper_of(process);
    {
        let _tree = tree::lock();
        let own_group = process.group();
        // Only who stands between two groups of a session can take a group's hope away: looking at all members of a
        // group at each end would make the end of a thousand processes a million steps.
        let connects = |group: &Arc<ProcessGroup>| {
            !Arc::ptr_eq(group, &own_group) && Arc::ptr_eq(group.session(), own_group.session())
        };
        let was_hope = process
            .parent()
            .is_some_and(|parent| connects(&parent.group()));
        let children = core::mem::take(&mut process.relations.lock().children);
        for child in children {
            let group = child.group();
            let hopeful = connects(&group);
            child.set_parent(reaper.as_ref());
            if hopeful && group.is_orphaned(None) && group.has_stopped_member() {
                orphaned.push(group);
            }
            if let Some(reaper) = &reaper {
                reaper.relations.lock().children.push(child.clone());
            }
            adopted.push(child);
        }
        process.shared.lock().ended = Some(status);
        if was_hope && own_group.is_orphaned(None) && own_group.has_stopped_member() {
            orphaned.push(own_group);
        }
    }
    parent_death::tell(process, &adopted);
    if let Some(reaper) = reaper {
        for child in adopted.iter().filter(|child| child.is_zombie()) {
            if child_is_forgotten(&reaper) {
                release(child);
            }
        }
        reaper.child_changed.wake_all();
    }
    orphaned
}

/// Who takes over the children: the nearest living ancestor that asked for it, else the namespace's first process.
fn reaper_of(process: &Arc<Process>) -> Option<Arc<Process>> {
    let namespace = process.namespace();
    let mut ancestor = process.parent();
    while let Some(candidate) = ancestor {
        if !Arc::ptr_eq(candidate.namespace(), namespace) {
            break;
        }
        if candidate.is_subreaper() && !candidate.is_zombie() {
            return Some(candidate);
        }
        ancestor = candidate.parent();
    }
    namespace.init().filter(|init| !Arc::ptr_eq(init, process))
}

/// Whether a parent said that it will not wait.
fn child_is_forgotten(parent: &Process) -> bool {
    parent.with_actions(|table| {
        let action = table.get(Event::CHILD_CHANGED);
        action.disposition == Disposition::Ignore
            || action.flags.contains(ActionFlags::NO_CHILD_WAIT)
    })
}

/// Tells the parent, and lets it wait for the zombie from then on. Both happen under the tree's lock, as one for
/// whoever looks under it too ([`Process::is_reported`]): who has the event finds the zombie, and who has waited
/// finds the event delivered.
fn report_end(process: &Arc<Process>, status: ExitStatus) {
    let (change, number) = match status {
        ExitStatus::Exited(number) => (ChildChange::Exited, number),
        ExitStatus::Killed { event, core: false } => (ChildChange::Killed, event.number().into()),
        ExitStatus::Killed { event, core: true } => (ChildChange::Dumped, event.number().into()),
    };
    let tree = tree::lock();
    if process.is_released() {
        return;
    }
    let Some(parent) = process.parent() else {
        drop(tree);
        if !process.is_init() {
            log::warn!("{process:?} ended without a parent");
        }
        release(process);
        return;
    };
    let forgotten = process.exit_event == Some(Event::CHILD_CHANGED) && child_is_forgotten(&parent);
    if let Some(event) = process.exit_event {
        let _ = send_to_process(&parent, child_info(process, &parent, event, change, number));
    }
    if !forgotten {
        process.shared.lock().reported = true;
        bring_forward(process, &parent);
    }
    drop(tree);
    if forgotten {
        release(process);
    } else {
        process.ended.wake_all();
    }
    parent.child_changed.wake_all();
}

/// Moves a zombie to the front of its parent's children, where a wait looks first. The tree is locked.
fn bring_forward(process: &Arc<Process>, parent: &Process) {
    let mut relations = parent.relations.lock();
    if let Some(position) = relations
        .children
        .iter()
        .position(|child| Arc::ptr_eq(child, process))
    {
        relations.children.swap(0, position);
    }
}

/// Removes a zombie: its parent, its group and its namespaces forget it. Says whether this call did it.
pub(crate) fn release(process: &Arc<Process>) -> bool {
    let removed = {
        let _tree = tree::lock();
        if process.released.swap(true, Ordering::AcqRel) {
            return false;
        }
        process.group().leave(process);
        process.parent().and_then(|parent| {
            let mut relations = parent.relations.lock();
            let position = relations
                .children
                .iter()
                .position(|child| Arc::ptr_eq(child, process))?;
            Some(relations.children.swap_remove(position))
        })
    };
    let charge = process.charge.lock().take();
    drop(charge);
    drop(process.identity().retract_process());
    process.ended.wake_all();
    drop(removed);
    true
}
