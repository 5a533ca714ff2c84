//! Making a process that runs a program from its first instruction: nothing is copied that would be thrown away.
//!
//! This is how the kernel starts the first process, and how an ABI offers spawn. The child gets exactly the handles it
//! is given; group, session and environment as asked for.

use crate::admission::admit;
use crate::environment::Environment;
use crate::event::{ActionTable, Event, EventSet};
use crate::exec::{Caller, ExecRequest, prepare};
use crate::fork::{publish, start_process};
use crate::group::{ProcessGroup, Session};
use crate::limits::{Limits, Resource};
use crate::namespace::Identity;
use crate::process::{Process, Seed, action_table, shared_fs_context};
use crate::task::Task;
use crate::tree;
use alloc::boxed::Box;
use alloc::sync::{Arc, Weak};
use base::{Error, Result};
use object::HandleTable;
use vfs::FsContext;

/// Which group a spawned process starts in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SpawnGroup {
    /// Its parent's.
    #[default]
    Inherit,
    /// One of its own, in its parent's session.
    Own,
    /// The one of this id, in its parent's session.
    Join(u32),
    /// One of its own, in a session of its own.
    Session,
}

/// What a spawned process starts with, beside its program.
pub struct SpawnOptions {
    /// Its handles.
    pub handles: HandleTable,
    /// Its place in the file tree, with its credentials. The program's path is looked up from there.
    pub fs: FsContext,
    /// It starts in the view of `fs`, whatever its program's ABI is.
    pub keeps_view: bool,
    /// Its group.
    pub group: SpawnGroup,
    /// Its environment; `None` for its parent's. Another one must have a view for the program's ABI.
    pub environment: Option<Arc<Environment>>,
    /// What it blocks.
    pub blocked: EventSet,
    /// What it ignores.
    pub ignored: EventSet,
    /// What its parent gets when it ends.
    pub exit_event: Option<Event>,
    /// What is done with the new process before it runs its first instruction (its group may
    /// become a terminal's foreground, say).
    pub before_start: Option<BeforeStart>,
}

/// See [`SpawnOptions::before_start`].
pub type BeforeStart = alloc::boxed::Box<dyn FnOnce(&Arc<Process>)>;

impl SpawnOptions {
    /// A child of the caller with these handles and otherwise what a fork and an exec would give.
    pub fn inherit(task: &Task, handles: HandleTable) -> SpawnOptions {
        let process = task.process();
        let fs = process.fs().as_ref().clone();
        SpawnOptions {
            handles,
            keeps_view: fs.fixed,
            fs,
            group: SpawnGroup::Inherit,
            environment: None,
            blocked: task.blocked(),
            ignored: process.with_actions(|table| table.summary().0),
            exit_event: Some(Event::CHILD_CHANGED),
            before_start: None,
        }
    }
}

/// Makes a child of `parent` that runs a program.
pub fn spawn(
    parent: &Arc<Process>,
    request: ExecRequest,
    options: SpawnOptions,
) -> Result<Arc<Process>> {
    if parent.is_ending() {
        return Err(Error::Interrupted);
    }
    create(
        Some(parent),
        request,
        options,
        parent.limits().as_ref().clone(),
    )
}

/// Makes the first process of an environment, which has no parent.
pub fn spawn_first(request: ExecRequest, options: SpawnOptions) -> Result<Arc<Process>> {
    let threads = options
        .environment
        .as_ref()
        .map_or(0, |environment| environment.limits().threads);
    create(None, request, options, Limits::initial(threads as u64))
}

fn create(
    parent: Option<&Arc<Process>>,
    request: ExecRequest,
    options: SpawnOptions,
    limits: Limits,
) -> Result<Arc<Process>> {
    let inherited = parent.map(|parent| parent.environment().clone());
    let environment = options
        .environment
        .clone()
        .or(inherited)
        .ok_or(Error::InvalidArgument)?;
    let charge = admit(&environment, options.fs.credentials.uid, &limits)?;
    let from_inside = parent.filter(|parent| Arc::ptr_eq(parent.environment(), &environment));
    let no_new_privileges = parent.is_some_and(|parent| parent.has_no_new_privileges());
    let caller = Caller {
        fs: &options.fs,
        environment: &environment,
        limits: &limits,
        abi: from_inside.map(|parent| parent.abi().name()),
        keeps_view: options.keeps_view,
        no_new_privileges,
        before: None,
    };
    let prepared = {
        // What the program starts with is paid for by where it runs.
        let _payer = PaysFor::new(&environment);
        prepare(&caller, request)?
    };
    let stays = prepared.enters.is_none() && !options.keeps_view;
    if parent.is_some() && from_inside.is_none() && stays {
        // It would see its parent's files: nobody gave this environment any for the program's ABI.
        return Err(Error::NotFound);
    }
    let identity = Identity::allocate(environment.processes())?;
    let mut fs = options.fs;
    fs.credentials = prepared.credentials.clone();
    if let Some(view) = prepared.enters {
        crate::exec::enter(&mut fs, view);
    }
    let mut actions = ActionTable::default();
    for event in options.ignored.iter() {
        let action = crate::event::Action {
            disposition: crate::event::Disposition::Ignore,
            ..Default::default()
        };
        actions.set(event, action);
    }
    let group = find_group(parent, &environment, &identity, &options.group)?;
    let process = Arc::new_cyclic(|weak: &Weak<Process>| {
        let group = group.unwrap_or_else(|| new_group(parent, &identity, weak, &options.group));
        Process::new(Seed {
            identity: identity.clone(),
            environment,
            image: prepared.image,
            handles: Arc::new(options.handles),
            fs: shared_fs_context(fs),
            actions: action_table(actions),
            limits,
            no_new_privileges,
            name: prepared.name,
            parent: parent.map_or_else(Weak::new, Arc::downgrade),
            group,
            exit_event: options.exit_event,
            charge,
        })
    });
    process.relations.lock().executed = true;
    let task = Arc::new(Task::new(
        identity,
        process.clone(),
        prepared.task_state,
        options.blocked,
    ));
    match parent {
        Some(parent) => publish(parent, &process, &task, || true)?,
        None => {
            let _tree = tree::lock();
            process.shared.lock().tasks.push(task.clone());
            process.group().join(&process);
            process.identity().publish_process(&process);
            process.identity().publish_task(&task);
        }
    }
    if process.limits().soft(Resource::ProcessorTime) != crate::limits::UNLIMITED {
        process.processor_timers().look(&process);
    }
    if let Some(before_start) = options.before_start {
        before_start(&process);
    }
    start_process(
        &process,
        &task,
        prepared.space,
        Box::new(prepared.context),
        None,
    )?;
    Ok(process)
}

/// While it lives, the current thread's pages are paid for by another environment.
struct PaysFor(u32);

impl PaysFor {
    fn new(environment: &Environment) -> PaysFor {
        PaysFor(base::thread::pay_from(environment.payer()))
    }
}

impl Drop for PaysFor {
    fn drop(&mut self) {
        base::thread::pay_from(self.0);
    }
}

/// The existing group a process is to join; `None` when one has to be founded.
fn find_group(
    parent: Option<&Arc<Process>>,
    environment: &Environment,
    identity: &Identity,
    wanted: &SpawnGroup,
) -> Result<Option<Arc<ProcessGroup>>> {
    match (wanted, parent) {
        (SpawnGroup::Inherit, Some(parent)) => Ok(Some(parent.group())),
        (SpawnGroup::Join(id), Some(parent)) if *id != identity.number() => {
            let group = environment
                .processes()
                .group(*id)
                .ok_or(Error::NotPermitted)?;
            if !Arc::ptr_eq(group.session(), &parent.session()) {
                return Err(Error::NotPermitted);
            }
            Ok(Some(group))
        }
        _ => Ok(None),
    }
}

fn new_group(
    parent: Option<&Arc<Process>>,
    identity: &Arc<Identity>,
    leader: &Weak<Process>,
    wanted: &SpawnGroup,
) -> Arc<ProcessGroup> {
    let session = match parent {
        Some(parent) if *wanted != SpawnGroup::Session => parent.session(),
        _ => Session::new(identity.clone(), leader.clone()),
    };
    ProcessGroup::new(identity.clone(), session)
}
