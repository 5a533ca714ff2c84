//! Who is told of a file by a signal: `F_SETOWN`, `F_SETSIG`, `O_ASYNC` (fcntl(2), "Managing signals").
//!
//! Hardly any open file has an owner, so an [`Owner`] does not lie in the file: it lies beside it in a table, found by
//! the file, and is forgotten some time after the file is gone. It hears of the file as its [`Listener`] and sends
//! what the program asked for: `SIGIO`, or a signal of its choice that says which descriptor is ready for what.

use alloc::collections::BTreeMap;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;

use base::sync::SpinLock;
use base::{Error, Result, rank, room};
use hal::Global;
use mem::user::UserPtr;
use object::{File, Listener, Ready, StatusFlags};
use proc::{Cause, Event, EventInfo, Process, ProcessGroup, Task, send_to_process, send_to_task};

use crate::arguments::Fd;
use crate::call::Call;
use crate::layout::FileOwner;

/// Why a signal is sent: `si_code`, and `si_band` with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// There is something to read.
    Input,
    /// There is room to write.
    Output,
    /// Something happened to the file itself.
    Message,
}

impl Reason {
    fn code(self) -> i32 {
        match self {
            Reason::Input => 1,
            Reason::Output => 2,
            Reason::Message => 3,
        }
    }

    /// `POLL*` bits.
    fn band(self) -> u64 {
        match self {
            Reason::Input => 0x041,
            Reason::Output => 0x304,
            Reason::Message => 0x441,
        }
    }
}

/// `SI_SIGIO`: the code with signals whose own codes mean something else.
const SI_SIGIO: i32 = -5;

/// Signals with codes of their own: ILL, TRAP, BUS, FPE, SEGV, CHLD, SYS.
const WITH_OWN_CODES: [u8; 7] = [4, 5, 7, 8, 11, 17, 31];

/// Who is told.
#[derive(Clone, Default)]
enum Target {
    /// Nobody (any more).
    #[default]
    Nobody,
    Thread(Weak<Task>),
    Process(Weak<Process>),
    Group(Weak<ProcessGroup>),
}

/// `F_OWNER_*`.
const OWNER_THREAD: i32 = 0;
const OWNER_PROCESS: i32 = 1;
const OWNER_GROUP: i32 = 2;

#[derive(Clone, Default)]
struct State {
    target: Target,
    /// `F_OWNER_*`, also where the target is gone.
    kind: i32,
    /// The user and the effective user who chose the target.
    users: (u32, u32),
    /// The signal; 0 for `SIGIO` without particulars.
    signal: u8,
    /// The descriptor by which `O_ASYNC` was set.
    descriptor: i32,
}

/// What a program asked for of an open file.
pub(super) struct Owner {
    file: Weak<dyn File>,
    state: SpinLock<State>,
}

#[derive(Default)]
struct Table {
    owners: BTreeMap<usize, Arc<Owner>>,
    /// At this size those whose files are gone are looked for.
    sweep_at: usize,
}

static OWNERS: Global<SpinLock<Table>> =
    Global::new(|| SpinLock::new(rank::FILE, Table::default()));

fn key(file: &Arc<dyn File>) -> usize {
    Arc::as_ptr(file).cast::<()>().addr()
}

impl Owner {
    /// What was asked for of this file, if anything was.
    pub(super) fn of(file: &Arc<dyn File>) -> Option<Arc<Owner>> {
        OWNERS.lock().owners.get(&key(file)).cloned()
    }

    /// The same; a fresh one if nothing was asked for yet.
    pub(super) fn of_or_new(file: &Arc<dyn File>) -> Result<Arc<Owner>> {
        if let Some(owner) = Self::of(file) {
            return Ok(owner);
        }
        room::for_one_more()?;
        let made = Arc::new(Owner {
            file: Arc::downgrade(file),
            state: SpinLock::new(rank::LEAF, State::default()),
        });
        let mut gone = Vec::new();
        let mut table = OWNERS.lock();
        // An owner keeps the place of its file, so no other file is found by the same key.
        let owner = table.owners.entry(key(file)).or_insert(made).clone();
        if table.owners.len() >= table.sweep_at {
            table.owners.retain(|_, owner| {
                let lives = owner.file.strong_count() > 0;
                if !lives {
                    gone.push(owner.clone());
                }
                lives
            });
            table.sweep_at = (table.owners.len() * 2).max(64);
        }
        drop(table);
        Ok(owner)
    }

    fn set(&self, call: &Call<'_>, target: Target, kind: i32) {
        let credentials = call.process().credentials();
        let mut state = self.state.lock();
        let old = core::mem::replace(&mut state.target, target);
        state.kind = kind;
        state.users = (credentials.uid, credentials.euid);
        drop(state);
        drop(old);
    }

    /// The calling process, if nobody was chosen yet.
    pub(super) fn default_to_caller(&self, call: &Call<'_>) {
        let chosen = !matches!(self.state.lock().target, Target::Nobody);
        if !chosen {
            let process = Arc::downgrade(call.process());
            self.set(call, Target::Process(process), OWNER_PROCESS);
        }
    }

    /// Forgets target and signal.
    pub(super) fn clear(&self) {
        let mut state = self.state.lock();
        let old = core::mem::take(&mut state.target);
        state.signal = 0;
        drop(state);
        drop(old);
    }

    /// Sends the signal, naming the descriptor.
    pub(super) fn send(&self, descriptor: i32, reason: Reason) {
        if self.file.strong_count() == 0 {
            return;
        }
        let state = self.state.lock().clone();
        let plain = EventInfo::kernel(Event::IO_READY);
        let particular = Event::new(state.signal.into()).map(|event| EventInfo {
            cause: Cause::File {
                code: match WITH_OWN_CODES.contains(&state.signal) {
                    true => SI_SIGIO,
                    false => reason.code(),
                },
                handle: descriptor,
            },
            value: reason.band(),
            ..EventInfo::kernel(event)
        });
        let send = |process: &Arc<Process>, task: Option<&Arc<Task>>| {
            if !may_tell(state.users, process) {
                return;
            }
            let to = |info| match task {
                Some(task) => send_to_task(task, info),
                None => send_to_process(process, info),
            };
            // Where no more can be queued, the plain signal says that something is to be looked at.
            if particular.is_none_or(|info| to(info).is_err()) {
                let _ = to(plain);
            }
        };
        match &state.target {
            Target::Nobody => {}
            Target::Thread(task) => {
                if let Some(task) = task.upgrade() {
                    send(task.process(), Some(&task));
                }
            }
            Target::Process(process) => {
                if let Some(process) = process.upgrade() {
                    send(&process, None);
                }
            }
            Target::Group(group) => {
                let members = group.upgrade().map(|group| group.members());
                for member in members.unwrap_or_default() {
                    send(&member, None);
                }
            }
        }
    }

    /// Its target as the caller numbers it (0: out of sight, or gone), and `F_OWNER_*`.
    fn number(&self, call: &Call<'_>) -> (i32, i32) {
        let state = self.state.lock().clone();
        let namespace = call.process().namespace();
        let number = match &state.target {
            Target::Nobody => 0,
            Target::Thread(task) => task
                .upgrade()
                .map_or(0, |task| task.identity().number_in(namespace)),
            Target::Process(process) => process
                .upgrade()
                .map_or(0, |process| process.identity().number_in(namespace)),
            Target::Group(group) => group
                .upgrade()
                .map_or(0, |group| group.identity().number_in(namespace)),
        };
        (number as i32, state.kind)
    }
}

impl Listener for Owner {
    fn ready(&self, what: Ready) {
        let descriptor = self.state.lock().descriptor;
        match what.contains(Ready::READ) {
            true => self.send(descriptor, Reason::Input),
            false => self.send(descriptor, Reason::Output),
        }
    }
}

/// Whether those who chose a process may have it told (as for kill).
fn may_tell(users: (u32, u32), target: &Arc<Process>) -> bool {
    let theirs = target.fs();
    let theirs = &theirs.credentials;
    let (uid, euid) = users;
    euid == 0
        || [uid, euid]
            .iter()
            .any(|user| *user == theirs.uid || *user == theirs.suid)
}

fn target(call: &Call<'_>, kind: i32, number: i32) -> Result<Target> {
    if number == 0 {
        return Ok(Target::Nobody);
    }
    let number = u32::try_from(number).map_err(|_| Error::NoSuchProcess)?;
    let namespace = call.process().namespace();
    let target = match kind {
        OWNER_THREAD => namespace
            .task(number)
            .map(|task| Target::Thread(Arc::downgrade(&task))),
        OWNER_PROCESS => namespace
            .process(number)
            .map(|process| Target::Process(Arc::downgrade(&process))),
        OWNER_GROUP => namespace
            .group(number)
            .map(|group| Target::Group(Arc::downgrade(&group))),
        _ => return Err(Error::InvalidArgument),
    };
    match target {
        Some(target) => Ok(target),
        // The number of something of another kind: it can be chosen, but is never told.
        None if namespace.task(number).is_some() || namespace.group(number).is_some() => {
            Ok(Target::Nobody)
        }
        None => Err(Error::NoSuchProcess),
    }
}

/// `F_SETOWN`: a process, or, negative, a group.
pub(super) fn set(call: &Call<'_>, file: &Arc<dyn File>, number: i32) -> Result<usize> {
    let (kind, number) = match number {
        0.. => (OWNER_PROCESS, number),
        _ => (
            OWNER_GROUP,
            number.checked_neg().ok_or(Error::InvalidArgument)?,
        ),
    };
    let target = target(call, kind, number)?;
    Owner::of_or_new(file)?.set(call, target, kind);
    Ok(0)
}

/// `F_GETOWN`.
pub(super) fn get(call: &Call<'_>, file: &Arc<dyn File>) -> usize {
    let (number, kind) = Owner::of(file).map_or((0, 0), |owner| owner.number(call));
    let number = match kind {
        OWNER_GROUP => -number,
        _ => number,
    };
    number as isize as usize
}

/// `F_SETOWN_EX`.
pub(super) fn set_extended(
    call: &Call<'_>,
    file: &Arc<dyn File>,
    record: UserPtr<FileOwner>,
) -> Result<usize> {
    let record = record.read()?;
    if !(OWNER_THREAD..=OWNER_GROUP).contains(&record.kind) {
        return Err(Error::InvalidArgument);
    }
    let target = target(call, record.kind, record.number)?;
    Owner::of_or_new(file)?.set(call, target, record.kind);
    Ok(0)
}

/// `F_GETOWN_EX`.
pub(super) fn get_extended(
    call: &Call<'_>,
    file: &Arc<dyn File>,
    record: UserPtr<FileOwner>,
) -> Result<usize> {
    let (number, kind) = Owner::of(file).map_or((0, 0), |owner| owner.number(call));
    record.write(&FileOwner { kind, number })?;
    Ok(0)
}

/// `F_SETSIG`.
pub(super) fn set_signal(file: &Arc<dyn File>, signal: usize) -> Result<usize> {
    if signal > Event::MAX.into() {
        return Err(Error::InvalidArgument);
    }
    Owner::of_or_new(file)?.state.lock().signal = signal as u8;
    Ok(0)
}

/// `F_GETSIG`.
pub(super) fn signal(file: &Arc<dyn File>) -> usize {
    Owner::of(file).map_or(0, |owner| owner.state.lock().signal.into())
}

/// Sets how a file behaves, and who hears of it with `O_ASYNC`.
pub(super) fn set_flags(file: &Arc<dyn File>, descriptor: Fd, flags: StatusFlags) -> Result<()> {
    let before = file.status_flags();
    file.set_status_flags(flags)?;
    if !(before ^ file.status_flags()).contains(StatusFlags::ASYNC) {
        return Ok(());
    }
    let begin = || {
        let owner = Owner::of_or_new(file)?;
        owner.state.lock().descriptor = descriptor.slot()? as i32;
        let listener: Arc<dyn Listener> = owner;
        file.report_to(&listener, flags.contains(StatusFlags::ASYNC))
    };
    let outcome = begin();
    if outcome.is_err() {
        file.set_status_flags(before)?;
    }
    outcome
}
