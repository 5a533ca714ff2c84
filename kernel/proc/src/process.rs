//! A process: what its threads share.
//!
//! A process has an [`Image`] (the memory, the ABI that speaks for it, what it was started as), a table of handles, a
//! place in the file tree, actions for events, limits and an environment; and it has relations: a parent, children, a
//! group, threads. Each of these lies behind its own small lock, because each is read on its own, many times, and
//! changed rarely. Whole things are replaced, never edited in place: `process.space()` is a snapshot that stays valid.
//!
//! A process is *alive* while it has a thread, then a *zombie* until its parent has waited for it.
//!
//! Who changes what: [`crate::fork`] makes processes, [`crate::exec()`] replaces the image, [`crate::exit`] ends
//! them, [`crate::wait()`] removes them, [`crate::group`] moves them.

use crate::abi::Abi;
use crate::environment::{Charge, Environment};
use crate::event::{ActionTable, Event, EventSet, PendingSet, ProcessAlarm, ProcessorTimers};
use crate::group::{ProcessGroup, Session};
use crate::limits::{Limits, Resource};
use crate::namespace::{Identity, PidNamespace};
use crate::status::{ExitStatus, ResourceUsage};
use crate::task::Task;
use alloc::string::String;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use base::rank;
use base::sync::{Rank, SpinLock};
use base::time::Instant;
use base::wait::WaitQueue;
use core::any::Any;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use mem::AddressSpace;
use object::HandleTable;
use vfs::{Capabilities, Credentials, FsContext, OpenFile};

/// Actions are looked at while the process is held, and tasks are held under both.
const ACTIONS: Rank = Rank(115);
/// Small replaceable things, held for the time of one clone.
const SLOT: Rank = Rank(135);

/// Per-ABI state of a process or a task.
pub type AbiState = Arc<dyn Any + Send + Sync>;

/// What exec replaces as one.
#[derive(Clone)]
pub struct Image {
    /// The memory; `None` once the process has ended, and for a process without user mode.
    pub space: Option<Arc<AddressSpace>>,
    /// Who speaks for it.
    pub abi: Arc<dyn Abi>,
    /// What that ABI remembers about the process.
    pub abi_state: AbiState,
    /// The file that was executed.
    pub executable: Option<Arc<OpenFile>>,
    /// The path as it was given to exec.
    pub path: Vec<u8>,
    /// Where the argument strings lie in the program's memory: first byte, byte after the last.
    pub arguments: (usize, usize),
    /// Where the environment strings lie.
    pub environment: (usize, usize),
    /// Where the program's code begins and where its data ends, for statistics.
    pub extent: (usize, usize),
    /// The first stack pointer.
    pub stack_start: usize,
}

/// Relations to other processes.
pub(crate) struct Relations {
    pub(crate) parent: Weak<Process>,
    pub(crate) children: Vec<Arc<Process>>,
    pub(crate) group: Arc<ProcessGroup>,
    pub(crate) subreaper: bool,
    pub(crate) executed: bool,
    pub(crate) parent_death: Option<Event>,
}

/// A job-control stop in progress.
#[derive(Default)]
pub(crate) struct Stop {
    /// The event that asked for it.
    pub(crate) requested: Option<Event>,
    /// Threads that wait for CONTINUE.
    pub(crate) parked: usize,
    /// How often CONTINUE came: a stop event that was taken before the last one is void.
    pub(crate) generation: u64,
    /// All threads have stopped.
    pub(crate) complete: bool,
    /// A stop that no wait has reported yet.
    pub(crate) unreported: Option<Event>,
    /// A continuation that no wait has reported yet.
    pub(crate) continued: bool,
}

/// What all threads of a process decide together.
#[derive(Default)]
pub(crate) struct Shared {
    pub(crate) tasks: Vec<Arc<Task>>,
    pub(crate) pending: PendingSet,
    pub(crate) stop: Stop,
    /// The process is ending as a whole, with this status.
    pub(crate) ending: Option<ExitStatus>,
    /// How the leader, or the thread that was the last, ended by itself.
    pub(crate) last_status: Option<ExitStatus>,
    /// A thread is replacing the image and wants to be alone.
    pub(crate) executing: bool,
    /// How many events it got together with others: a fork that sees this change begins again.
    pub(crate) group_events: u64,
    /// How it ended: it is a zombie.
    pub(crate) ended: Option<ExitStatus>,
    /// Its parent has been told, so it may be waited for: whoever has waited finds the event delivered.
    pub(crate) reported: bool,
    /// What threads that are gone used.
    pub(crate) usage: ResourceUsage,
    /// What waited-for children used.
    pub(crate) children_usage: ResourceUsage,
}

/// The place in the file tree, perhaps shared with other processes.
pub type SharedFsContext = Arc<SpinLock<Arc<FsContext>>>;

/// A process.
pub struct Process {
    identity: Arc<Identity>,
    environment: Arc<Environment>,
    started: Instant,
    image: SpinLock<Arc<Image>>,
    handles: SpinLock<Arc<HandleTable>>,
    fs: SpinLock<SharedFsContext>,
    actions: SpinLock<Arc<SpinLock<ActionTable>>>,
    limits: SpinLock<Arc<Limits>>,
    name: SpinLock<String>,
    pub(crate) relations: SpinLock<Relations>,
    /// Its parent's id as it sees it, written with `relations`.
    parent_number: AtomicU32,
    pub(crate) shared: SpinLock<Shared>,
    /// The event its parent gets when it ends; `None` for none.
    pub(crate) exit_event: Option<Event>,
    /// It counts as one thread until it was waited for.
    pub(crate) charge: SpinLock<Option<Charge>>,
    /// Somebody in wait for a child.
    pub(crate) child_changed: WaitQueue,
    /// Threads that wait for CONTINUE.
    pub(crate) continued: WaitQueue,
    /// Somebody waiting for the other threads to go.
    pub(crate) thread_gone: WaitQueue,
    /// Waiting for this process to end, from outside wait: handles, the kernel.
    pub(crate) ended: WaitQueue,
    /// The parent waits until this process executes or ends (vfork).
    pub(crate) borrowed: AtomicBool,
    pub(crate) returned: WaitQueue,
    pub(crate) alarm: ProcessAlarm,
    pub(crate) processor: ProcessorTimers,
    /// The limit of files' sizes, for a look without a lock at each write.
    file_size_limit: AtomicU64,
    no_new_privileges: AtomicBool,
    /// Woken when an event becomes pending that somebody reads through a handle.
    pub(crate) event_arrived: WaitQueue,
    pub(crate) out_of_memory_victim: AtomicBool,
    /// Its system calls are written down ([`crate::trace`]).
    pub(crate) traced: AtomicBool,
    /// It was waited for and is out of sight.
    pub(crate) released: AtomicBool,
}

/// What a new process starts from.
pub(crate) struct Seed {
    pub(crate) identity: Arc<Identity>,
    pub(crate) environment: Arc<Environment>,
    pub(crate) image: Image,
    pub(crate) handles: Arc<HandleTable>,
    pub(crate) fs: SharedFsContext,
    pub(crate) actions: Arc<SpinLock<ActionTable>>,
    pub(crate) limits: Limits,
    pub(crate) no_new_privileges: bool,
    pub(crate) name: String,
    pub(crate) parent: Weak<Process>,
    pub(crate) group: Arc<ProcessGroup>,
    pub(crate) exit_event: Option<Event>,
    pub(crate) charge: Charge,
}

/// A lock around a table of actions, as processes share it.
pub(crate) fn action_table(table: ActionTable) -> Arc<SpinLock<ActionTable>> {
    Arc::new(SpinLock::new(ACTIONS, table))
}

/// A lock around a place in the file tree, as processes share it.
pub fn shared_fs_context(context: FsContext) -> SharedFsContext {
    Arc::new(SpinLock::new(SHARED_PLACE, Arc::new(context)))
}

const SHARED_PLACE: Rank = Rank(rank::PLACE.0 + 1);

impl Process {
    pub(crate) fn new(seed: Seed) -> Process {
        let file_size_limit = seed.limits.soft(Resource::FileSize);
        let parent_number = seed.parent.upgrade().map_or(0, |parent| {
            parent.identity.number_in(seed.environment.processes())
        });
        let relations = Relations {
            parent: seed.parent,
            children: Vec::new(),
            group: seed.group,
            subreaper: false,
            executed: false,
            parent_death: None,
        };
        Process {
            identity: seed.identity,
            environment: seed.environment,
            started: base::time::now(),
            image: SpinLock::new(SLOT, Arc::new(seed.image)),
            handles: SpinLock::new(SLOT, seed.handles),
            fs: SpinLock::new(rank::PLACE, seed.fs),
            actions: SpinLock::new(Rank(114), seed.actions),
            limits: SpinLock::new(SLOT, Arc::new(seed.limits)),
            name: SpinLock::new(SLOT, seed.name),
            relations: SpinLock::new(rank::PROCESS, relations),
            parent_number: AtomicU32::new(parent_number),
            shared: SpinLock::new(rank::PROCESS, Shared::default()),
            exit_event: seed.exit_event,
            charge: SpinLock::new(SLOT, Some(seed.charge)),
            child_changed: WaitQueue::new(),
            continued: WaitQueue::new(),
            thread_gone: WaitQueue::new(),
            ended: WaitQueue::new(),
            borrowed: AtomicBool::new(false),
            returned: WaitQueue::new(),
            alarm: ProcessAlarm::default(),
            processor: ProcessorTimers::default(),
            file_size_limit: AtomicU64::new(file_size_limit),
            no_new_privileges: AtomicBool::new(seed.no_new_privileges),
            event_arrived: WaitQueue::new(),
            out_of_memory_victim: AtomicBool::new(false),
            traced: AtomicBool::new(false),
            released: AtomicBool::new(false),
        }
    }

    /// The process of the calling thread; `None` for a kernel thread.
    pub fn current() -> Option<Arc<Process>> {
        Task::current().map(|task| task.process().clone())
    }

    /// Its numbers.
    pub fn identity(&self) -> &Arc<Identity> {
        &self.identity
    }

    /// Its id in its own namespace.
    pub fn id(&self) -> u32 {
        self.identity.number()
    }

    /// The namespace it lives in and looks others up in.
    pub fn namespace(&self) -> &Arc<PidNamespace> {
        self.environment.processes()
    }

    /// Whether it is the first process of its namespace.
    pub fn is_init(&self) -> bool {
        self.id() == 1
    }

    /// The environment it is shut into.
    pub fn environment(&self) -> &Arc<Environment> {
        &self.environment
    }

    /// When it was made.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// Everything that exec replaces, as it is now.
    pub fn image(&self) -> Arc<Image> {
        self.image.lock().clone()
    }

    pub(crate) fn set_image(&self, image: Arc<Image>) -> Arc<Image> {
        core::mem::replace(&mut *self.image.lock(), image)
    }

    /// Its memory, unless it has ended.
    pub fn space(&self) -> Option<Arc<AddressSpace>> {
        self.image.lock().space.clone()
    }

    /// The ABI that speaks for it.
    pub fn abi(&self) -> Arc<dyn Abi> {
        self.image.lock().abi.clone()
    }

    /// What its ABI remembers about it, if that is a `T`.
    pub fn abi_state<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        let state = self.image.lock().abi_state.clone();
        state.downcast::<T>().ok()
    }

    /// Looks into its table of handles, without a reference of one's own. The table cannot be
    /// replaced meanwhile: `look` is one lookup or one change, and drops no handle.
    #[inline]
    pub fn with_handles<R>(&self, look: impl FnOnce(&HandleTable) -> R) -> R {
        look(&self.handles.lock())
    }

    /// Its table of handles.
    #[inline]
    pub fn handles(&self) -> Arc<HandleTable> {
        self.handles.lock().clone()
    }

    /// Replaces the table; returns the old one, to be dropped by the caller outside every lock.
    pub fn set_handles(&self, handles: Arc<HandleTable>) -> Arc<HandleTable> {
        core::mem::replace(&mut *self.handles.lock(), handles)
    }

    /// Its place in the file tree, with its credentials: a snapshot.
    pub fn fs(&self) -> Arc<FsContext> {
        let shared = self.fs.lock();
        let inner = shared.lock();
        inner.clone()
    }

    /// The shared cell that holds the place in the file tree.
    pub fn shared_fs(&self) -> SharedFsContext {
        self.fs.lock().clone()
    }

    /// Replaces the cell; returns the old one.
    pub fn set_shared_fs(&self, fs: SharedFsContext) -> SharedFsContext {
        core::mem::replace(&mut *self.fs.lock(), fs)
    }

    /// Changes the place in the file tree or the credentials: the change works on a copy, which then takes the place
    /// of the old one. Two changes at once: the later one wins as a whole, so `change` should be short.
    pub fn update_fs<R>(&self, change: impl FnOnce(&mut FsContext) -> R) -> R {
        let shared = self.shared_fs();
        let mut copy = FsContext::clone(&shared.lock());
        let result = change(&mut copy);
        let old = core::mem::replace(&mut *shared.lock(), Arc::new(copy));
        drop(old);
        result
    }

    /// Who it acts as.
    pub fn credentials(&self) -> Credentials {
        self.fs().credentials.clone()
    }

    /// Its real user id.
    pub fn user(&self) -> u32 {
        self.fs().credentials.uid
    }

    /// The cell of its actions, shared with processes that were cloned so.
    pub(crate) fn shared_actions(&self) -> Arc<SpinLock<ActionTable>> {
        self.actions.lock().clone()
    }

    pub(crate) fn set_shared_actions(
        &self,
        actions: Arc<SpinLock<ActionTable>>,
    ) -> Arc<SpinLock<ActionTable>> {
        core::mem::replace(&mut *self.actions.lock(), actions)
    }

    /// Looks at its actions.
    pub fn with_actions<R>(&self, look: impl FnOnce(&mut ActionTable) -> R) -> R {
        let actions = self.shared_actions();
        let mut table = actions.lock();
        look(&mut table)
    }

    /// The process's timer for ALARM events.
    pub fn alarm(&self) -> &ProcessAlarm {
        &self.alarm
    }

    /// What it is told of the processor time that it uses.
    pub fn processor_timers(&self) -> &ProcessorTimers {
        &self.processor
    }

    /// Whether executing a program gives it no rights that it does not have (`PR_SET_NO_NEW_PRIVS`).
    pub fn has_no_new_privileges(&self) -> bool {
        self.no_new_privileges.load(Ordering::Relaxed)
    }

    /// From now on executing a program gives it, and its children, no rights. There is no way back.
    pub fn set_no_new_privileges(&self) {
        self.no_new_privileges.store(true, Ordering::Relaxed);
    }

    /// How large a file it may make, in bytes.
    #[inline]
    pub fn file_size_limit(&self) -> u64 {
        self.file_size_limit.load(Ordering::Relaxed)
    }

    /// Raises the soft limit of processor time, after the process was told that it reached it.
    pub(crate) fn raise_processor_limit(&self, seconds: u64) {
        let mut limits = Limits::clone(&self.limits());
        limits.raise_soft(Resource::ProcessorTime, seconds);
        let old = core::mem::replace(&mut *self.limits.lock(), Arc::new(limits));
        drop(old);
    }

    /// Its limits: a snapshot.
    pub fn limits(&self) -> Arc<Limits> {
        self.limits.lock().clone()
    }

    /// Who it is to those who count pipes.
    pub fn pipe_maker(&self) -> ipc::allowance::PipeMaker {
        let fs = self.fs();
        ipc::allowance::PipeMaker {
            user: fs.credentials.uid,
            privileged: fs.credentials.is_superuser(),
            exceeds_size: fs.credentials.has(Capabilities::RESOURCES),
        }
    }

    /// Sets one limit by the rules of setrlimit(2), and lets those who enforce it know.
    pub fn set_limit(&self, resource: Resource, limit: crate::limits::Limit) -> base::Result<()> {
        let privileged = self.credentials().has(Capabilities::RESOURCES);
        let mut limits = Limits::clone(&self.limits());
        limits.set(resource, limit, privileged)?;
        let limits = Arc::new(limits);
        let old = core::mem::replace(&mut *self.limits.lock(), limits);
        drop(old);
        self.apply_limit(resource, limit.soft);
        Ok(())
    }

    fn apply_limit(&self, resource: Resource, soft: u64) {
        let value = usize::try_from(soft).unwrap_or(usize::MAX);
        match resource {
            Resource::Handles => self.handles().set_limit(value),
            Resource::FileSize => self.file_size_limit.store(soft, Ordering::Relaxed),
            Resource::AddressSpace => {
                if let Some(space) = self.space() {
                    space.set_limit(value);
                }
            }
            _ => {}
        }
    }

    /// Its short name: the last part of the executed path unless it was renamed.
    pub fn name(&self) -> String {
        self.name.lock().clone()
    }

    /// Renames it.
    pub fn set_name(&self, name: String) {
        let old = core::mem::replace(&mut *self.name.lock(), name);
        drop(old);
    }

    /// Its parent, while that lives.
    pub fn parent(&self) -> Option<Arc<Process>> {
        self.relations.lock().parent.upgrade()
    }

    /// Its parent's id as it sees it: 0 for the first process, and where the parent is out of sight.
    #[inline]
    pub fn parent_id(&self) -> u32 {
        self.parent_number.load(Ordering::Relaxed)
    }

    /// Gives it to another parent, or to none.
    pub(crate) fn set_parent(&self, parent: Option<&Arc<Process>>) {
        let mut relations = self.relations.lock();
        relations.parent = parent.map_or_else(Weak::new, Arc::downgrade);
        let number = parent.map_or(0, |parent| parent.identity.number_in(self.namespace()));
        self.parent_number.store(number, Ordering::Relaxed);
    }

    /// Its children, zombies included.
    pub fn children(&self) -> Vec<Arc<Process>> {
        self.relations.lock().children.clone()
    }

    pub(crate) fn first_child(&self) -> Option<Arc<Process>> {
        self.relations.lock().children.first().cloned()
    }

    /// Whether it is a child of that process.
    pub fn is_child_of(&self, parent: &Process) -> bool {
        core::ptr::eq(self.relations.lock().parent.as_ptr(), parent)
    }

    /// Its group.
    pub fn group(&self) -> Arc<ProcessGroup> {
        self.relations.lock().group.clone()
    }

    /// Its session.
    pub fn session(&self) -> Arc<Session> {
        self.group().session().clone()
    }

    /// Whether it adopts orphans among its descendants.
    pub fn is_subreaper(&self) -> bool {
        self.relations.lock().subreaper
    }

    /// Lets it adopt orphans among its descendants (prctl PR_SET_CHILD_SUBREAPER).
    pub fn set_subreaper(&self, subreaper: bool) {
        self.relations.lock().subreaper = subreaper;
    }

    /// Whether it has executed a program since it was forked.
    pub fn has_executed(&self) -> bool {
        self.relations.lock().executed
    }

    /// Whether a group goes by its number.
    pub(crate) fn identity_names_group(&self) -> bool {
        self.namespace().group(self.id()).is_some()
    }

    /// Moves it to another group, under the tree's lock; returns the old one, to be dropped outside.
    pub(crate) fn move_to_group(self: &Arc<Self>, group: &Arc<ProcessGroup>) -> Arc<ProcessGroup> {
        let old = core::mem::replace(&mut self.relations.lock().group, group.clone());
        old.leave(self);
        group.join(self);
        old
    }

    /// Its threads.
    pub fn tasks(&self) -> Vec<Arc<Task>> {
        self.shared.lock().tasks.clone()
    }

    /// How many threads it has.
    pub fn task_count(&self) -> usize {
        self.shared.lock().tasks.len()
    }

    /// Whether it has ended and waits for its parent.
    pub fn is_zombie(&self) -> bool {
        self.shared.lock().ended.is_some()
    }

    /// How it ended.
    pub fn exit_status(&self) -> Option<ExitStatus> {
        self.shared.lock().ended
    }

    /// Whether all its threads stand in a job-control stop.
    pub fn is_stopped(&self) -> bool {
        self.shared.lock().stop.complete
    }

    /// Events that are pending for the process as a whole.
    pub fn pending(&self) -> EventSet {
        self.shared.lock().pending.set()
    }

    /// What it used, all its threads together.
    pub fn usage(&self) -> ResourceUsage {
        let (mut usage, tasks) = {
            let shared = self.shared.lock();
            (shared.usage, shared.tasks.clone())
        };
        for task in tasks {
            usage.add(&task.usage());
        }
        usage
    }

    /// What its waited-for children used, and theirs.
    pub fn children_usage(&self) -> ResourceUsage {
        self.shared.lock().children_usage
    }

    /// Whether it has been asked to end.
    pub fn is_ending(&self) -> bool {
        let shared = self.shared.lock();
        shared.ending.is_some() || shared.ended.is_some()
    }

    /// Whether a thread has to look at what the process decided: it is stopping or ending.
    pub(crate) fn wants_attention(&self) -> bool {
        let shared = self.shared.lock();
        shared.ending.is_some() || shared.stop.requested.is_some()
    }

    /// Waits until it has ended; not interruptible. For the kernel itself: programs use [`crate::wait()`].
    pub fn wait_ended(&self) -> ExitStatus {
        self.ended.wait_until(|| self.exit_status())
    }

    /// The queue that wakes when a child ends, stops or continues.
    pub fn child_changed_queue(&self) -> &WaitQueue {
        &self.child_changed
    }

    /// The queue that wakes when an event becomes pending for it: for handles that read events.
    pub fn event_queue(&self) -> &WaitQueue {
        &self.event_arrived
    }

    /// Whether it was chosen to end because memory ran out.
    pub fn is_out_of_memory_victim(&self) -> bool {
        self.out_of_memory_victim.load(Ordering::Relaxed)
    }
}

impl core::fmt::Debug for Process {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "process {} ({})", self.id(), self.name())
    }
}
