//! The sender's side: making an event pending and waking whoever should see it.
//!
//! Three things happen at once when an event is sent, because they cannot wait until it is seen: KILL ends the
//! process, CONTINUE continues it and takes back pending stops, a stop takes back a pending CONTINUE. Everything else
//! becomes pending, unless nobody would notice, and one thread that does not block it is woken.

use super::{Cause, ChildChange, Disposition, Event, EventInfo, EventSet};
use crate::group::ProcessGroup;
use crate::limits::Resource;
use crate::namespace::PidNamespace;
use crate::process::{Process, Shared};
use crate::status::ExitStatus;
use crate::task::Task;
use crate::tree;
use alloc::sync::Arc;
use alloc::vec::Vec;
use base::{Error, Result};

/// Sends an event to a process as a whole: any thread that does not block it takes it.
pub fn send_to_process(process: &Arc<Process>, info: EventInfo) -> Result<()> {
    post(process, None, info)
}

/// Sends an event to one thread.
pub fn send_to_task(task: &Arc<Task>, info: EventInfo) -> Result<()> {
    post(task.process(), Some(task), info)
}

/// Sends an event of the kernel's own making to every process of a group.
pub fn send_to_group(group: &ProcessGroup, info: EventInfo) {
    let _ = send_to_members(|| group.members(), |_| Ok(info));
}

/// Sends an event on behalf of `caller` to every process of a group that it may send to (kill(2) with a negative id).
/// [`Error::NotPermitted`] if that is none of them, [`Error::NoSuchProcess`] if the group is empty.
pub fn send_to_group_from(
    caller: &Task,
    group: &ProcessGroup,
    event: Event,
    cause: Cause,
) -> Result<()> {
    send_to_members(
        || group.members(),
        |member| from(caller, member, event, cause),
    )
}

/// Like [`send_to_group_from`], with an event about which the caller says everything itself (pidfd_send_signal(2)).
pub fn send_to_group_as(caller: &Task, group: &ProcessGroup, info: EventInfo) -> Result<()> {
    send_to_members(
        || group.members(),
        |member| {
            may_send(caller, member, info.event)?;
            Ok(info)
        },
    )
}

/// Whether [`send_to_group_from`] would reach anybody.
pub fn may_send_to_group(caller: &Task, group: &ProcessGroup, event: Event) -> Result<()> {
    let mut result = Err(Error::NoSuchProcess);
    for member in group.members() {
        result = result.or(may_send(caller, &member, event));
    }
    result
}

/// Sends an event on behalf of `caller` to every process it can see and may send to, but itself and the first
/// (kill(-1)). Says whether there was any.
pub fn send_to_all(
    caller: &Task,
    namespace: &Arc<PidNamespace>,
    event: Event,
    cause: Cause,
) -> Result<()> {
    let others = || {
        let mut all = namespace.processes();
        all.retain(|process| {
            process.identity().number_in(namespace) != 1 && !Arc::ptr_eq(process, caller.process())
        });
        all
    };
    send_to_members(others, |member| from(caller, member, event, cause))
}

/// What a receiver is told of the caller, if that may send to it.
fn from(caller: &Task, receiver: &Arc<Process>, event: Event, cause: Cause) -> Result<EventInfo> {
    may_send(caller, receiver, event)?;
    let own = caller.process();
    let sender = own.identity().number_in(receiver.namespace());
    Ok(EventInfo {
        cause,
        ..EventInfo::from_process(event, sender, own.credentials().uid)
    })
}

/// Sends an event to many at once. A child is born under the tree's lock ([`crate::fork`]), so holding that lock from
/// the look at the members until the last has its event leaves nobody out: who forks later has the event already and
/// takes it first, and who is in the middle of a fork is refused the child.
fn send_to_members(
    members: impl FnOnce() -> Vec<Arc<Process>>,
    info: impl Fn(&Arc<Process>) -> Result<EventInfo>,
) -> Result<()> {
    let mut result = Err(Error::NoSuchProcess);
    let mut continued = Vec::new();
    let tree = tree::lock();
    let members = members();
    for member in &members {
        match info(member) {
            Ok(info) => {
                if post_quietly(member, None, info, true) == Ok(true) {
                    continued.push(member.clone());
                }
                result = Ok(());
            }
            Err(error) if result.is_err() => result = Err(error),
            Err(_) => {}
        }
    }
    drop(tree);
    for process in &continued {
        tell_of_continuing(process);
    }
    result
}

/// Whether the caller may send this event there (kill(2)): the superuser, the same user, and CONTINUE within a
/// session.
pub fn may_send(caller: &Task, target: &Arc<Process>, event: Event) -> Result<()> {
    let own = caller.process();
    if Arc::ptr_eq(own, target) {
        return Ok(());
    }
    let mine = own.fs();
    let theirs = target.fs();
    let (mine, theirs) = (&mine.credentials, &theirs.credentials);
    let same = [mine.euid, mine.uid]
        .iter()
        .any(|user| *user == theirs.uid || *user == theirs.suid);
    if same || mine.is_superuser() {
        return Ok(());
    }
    if event == Event::CONTINUE && Arc::ptr_eq(&own.session(), &target.session()) {
        return Ok(());
    }
    Err(Error::NotPermitted)
}

/// Raises a fault of the task itself. It cannot be blocked or ignored: trying to means the end.
pub fn force(task: &Arc<Task>, info: EventInfo) {
    let process = task.process();
    let actions = process.shared_actions();
    let shared = process.shared.lock();
    {
        let mut table = actions.lock();
        let mut events = task.events.lock();
        let ignored = table.get(info.event).disposition == Disposition::Ignore;
        if ignored || events.blocked().contains(info.event) {
            table.set(info.event, super::Action::default());
            let mut blocked = events.blocked();
            blocked.remove(info.event);
            events.set_blocked(blocked);
        }
        events.pending_mut().push(info, usize::MAX);
    }
    drop(shared);
    task.notice();
}

impl Process {
    /// Replaces the action of an event and returns the old one. What is pending and would be ignored from now on is
    /// forgotten (sigaction(2)).
    pub fn set_action(&self, event: Event, action: super::Action) -> super::Action {
        let actions = self.shared_actions();
        let mut shared = self.shared.lock();
        let mut table = actions.lock();
        let old = table.set(event, action);
        let ignored = table.ignores(event);
        drop(table);
        if ignored {
            shared.discard(EventSet::of(&[event]));
        }
        old
    }
}

fn post(process: &Arc<Process>, target: Option<&Arc<Task>>, info: EventInfo) -> Result<()> {
    if post_quietly(process, target, info, false)? {
        tell_of_continuing(process);
    }
    Ok(())
}

fn tell_of_continuing(process: &Arc<Process>) {
    let status = Event::CONTINUE.number().into();
    notify_parent(process, ChildChange::Continued, status);
}

/// Makes an event pending, `with_others` if it goes to a whole group. Returns whether it continued the process, which
/// its parent is still to be told.
fn post_quietly(
    process: &Arc<Process>,
    target: Option<&Arc<Task>>,
    info: EventInfo,
    with_others: bool,
) -> Result<bool> {
    let event = info.event;
    let actions = process.shared_actions();
    let limit = process
        .limits()
        .soft(Resource::PendingEvents)
        .try_into()
        .unwrap_or(usize::MAX);
    let protected = process.is_init() && !comes_from_outside(process, &info);
    let mut was_continued = false;
    {
        let mut shared = process.shared.lock();
        if shared.ended.is_some() || shared.ending.is_some() {
            return Ok(false);
        }
        if protected && actions.lock().get(event).disposition == Disposition::Default {
            return Ok(false);
        }
        if with_others {
            shared.group_events += 1;
        }
        if event == Event::KILL {
            shared.end_all(ExitStatus::Killed { event, core: false });
        } else {
            if event == Event::CONTINUE {
                shared.discard(EventSet::STOPS);
                was_continued = shared.continue_all();
            } else if EventSet::STOPS.contains(event) {
                shared.discard(EventSet::of(&[Event::CONTINUE]));
            }
            let ignored = actions.lock().ignores(event);
            if !(ignored && shared.would_notice(target, event)) {
                enqueue(&mut shared, target, info, limit)?;
            }
        }
    }
    process.continued.wake_all();
    process.event_arrived.wake_all();
    Ok(was_continued)
}

/// A process of an outer namespace may end or stop a container's first process; nobody inside may.
fn comes_from_outside(process: &Arc<Process>, info: &EventInfo) -> bool {
    if !info.event.is_unstoppable()
        || !matches!(info.cause, Cause::Process | Cause::Thread | Cause::Queued)
    {
        return false;
    }
    Task::current()
        .is_some_and(|sender| !Arc::ptr_eq(sender.process().namespace(), process.namespace()))
}

fn enqueue(
    shared: &mut Shared,
    target: Option<&Arc<Task>>,
    info: EventInfo,
    limit: usize,
) -> Result<()> {
    let taken = match target {
        Some(task) => task.events.lock().pending_mut().push(info, limit),
        None => shared.pending.push(info, limit),
    };
    // A full queue refuses those who asked for queueing; kill with a real-time number is told nothing (signal(7)).
    if !taken && matches!(info.cause, Cause::Queued | Cause::Raw(_)) {
        return Err(Error::WouldBlock);
    }
    match target {
        Some(task) => {
            if task.events.lock().listens_to(info.event) {
                task.notice();
            }
        }
        None => {
            if let Some(task) = shared
                .tasks
                .iter()
                .find(|task| task.events.lock().listens_to(info.event))
            {
                task.notice();
            }
        }
    }
    Ok(())
}

impl Shared {
    /// Ends every thread of the process, with this status for the whole.
    pub(crate) fn end_all(&mut self, status: ExitStatus) {
        if self.ending.is_none() {
            self.ending = Some(status);
        }
        // A stop that nobody has waited for is no news any more.
        self.stop.requested = None;
        self.stop.complete = false;
        self.stop.unreported = None;
        for task in &self.tasks {
            task.kill();
        }
    }

    /// Forgets pending events everywhere.
    fn discard(&mut self, set: EventSet) {
        self.pending.discard(set);
        for task in &self.tasks {
            task.events.lock().pending_mut().discard(set);
        }
    }

    /// Takes back a stop; says whether one had been completed.
    fn continue_all(&mut self) -> bool {
        self.stop.generation += 1;
        let complete = self.stop.complete;
        self.stop.requested = None;
        self.stop.complete = false;
        self.stop.unreported = None;
        self.stop.continued |= complete;
        complete
    }

    /// Whether an ignored event would be seen at once, and so may be forgotten: nobody blocks it for later.
    fn would_notice(&self, target: Option<&Arc<Task>>, event: Event) -> bool {
        match target.or(self.tasks.first()) {
            Some(task) => {
                let events = task.events.lock();
                !events.blocked().contains(event)
            }
            None => true,
        }
    }
}

impl Process {
    /// The thread that was woken for an event may have blocked it since, or be gone: wakes another that listens.
    pub(crate) fn retarget(&self) {
        let shared = self.shared.lock();
        for event in shared.pending.set().iter() {
            if let Some(task) = shared
                .tasks
                .iter()
                .find(|task| task.events.lock().listens_to(event))
            {
                task.notice();
            }
        }
    }
}

/// Tells the parent that the process stopped or goes on.
pub(crate) fn notify_parent(process: &Arc<Process>, change: ChildChange, status: i32) {
    let Some(parent) = process.parent() else {
        return;
    };
    let wanted = parent.with_actions(|table| {
        !table
            .get(Event::CHILD_CHANGED)
            .flags
            .contains(super::ActionFlags::NO_CHILD_STOP)
    });
    if wanted {
        let _ = post(
            &parent,
            None,
            child_info(process, &parent, Event::CHILD_CHANGED, change, status),
        );
    }
    parent.child_changed.wake_all();
}

/// What a parent is told about a child.
pub(crate) fn child_info(
    process: &Arc<Process>,
    parent: &Process,
    event: Event,
    change: ChildChange,
    status: i32,
) -> EventInfo {
    let usage = process.usage();
    EventInfo {
        cause: Cause::Child(change),
        sender: process.identity().number_in(parent.namespace()),
        user: process.fs().credentials.uid,
        status,
        times: (usage.user_ns, usage.system_ns),
        ..EventInfo::kernel(event)
    }
}
