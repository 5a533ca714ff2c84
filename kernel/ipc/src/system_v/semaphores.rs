//! Sets of semaphores, changed several at once.
//!
//! What a thread asks for is a list of operations that happen all together or not at all (semop(2)). Where they
//! cannot happen now, the list waits in the set. Whoever changes a value then carries out what has become possible, in
//! the order in which it came: a list that could go is passed only while it still cannot.
//!
//! What was done with `undo` is remembered as the opposite, by process, and done at the process's end
//! ([`Namespace::undo_adjustments`]).

use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;

use base::sync::Mutex;
use base::time::Instant;
use base::{Error, Result, Room, room};

use super::permission::{Access, Caller, Permission};
use super::sleeper::Sleeper;
use super::table::{Keyed, Request};
use super::usage::Charge;
use super::{Namespace, OBJECT, now};

/// The most sets of a namespace (`SEMMNI`).
pub const MOST_SETS: usize = 32_000;
/// The most semaphores of one set (`SEMMSL`).
pub const MOST_OF_A_SET: usize = 32_000;
/// The most operations of one call (`SEMOPM`).
pub const MOST_OPERATIONS: usize = 500;
/// The highest value (`SEMVMX`), and the most that can be undone (`SEMAEM`).
pub const HIGHEST_VALUE: i32 = 32_767;

/// One operation on one semaphore of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Which semaphore.
    pub semaphore: u16,
    /// What is added to it; it waits where the sum would be negative. 0 waits for the value 0.
    pub change: i16,
    /// It fails with `Error::WouldBlock` where it would wait.
    pub no_wait: bool,
    /// It is undone at the process's end.
    pub undo: bool,
}

/// A set of semaphores.
pub struct Set {
    id: i32,
    length: usize,
    namespace: alloc::sync::Weak<Namespace>,
    state: Mutex<State>,
    _charge: Charge,
}

#[derive(Clone, Copy, Default)]
struct Semaphore {
    value: i32,
    /// The process that changed it last.
    process: u32,
}

/// What one process did to the semaphores of a set, turned round.
struct Adjustments {
    by_semaphore: Vec<i16>,
    _charge: Charge,
}

/// A list of operations that waits.
struct Waiting {
    sleeper: Arc<Sleeper<()>>,
    operations: Arc<[Operation]>,
    process: u32,
    /// Which operation cannot happen.
    blocking: usize,
}

struct State {
    permission: Permission,
    semaphores: Vec<Semaphore>,
    operation_time: i64,
    change_time: i64,
    adjustments: BTreeMap<u32, Adjustments>,
    waiting: VecDeque<Waiting>,
    removed: bool,
}

/// What is told of a set.
#[derive(Clone, Copy, Debug)]
pub struct SetStatus {
    /// Whose it is.
    pub permission: Permission,
    /// How many semaphores it has.
    pub length: usize,
    /// When an operation last happened; times are seconds since 1970, 0 for never.
    pub operation_time: i64,
    /// When it was made or changed last.
    pub change_time: i64,
}

/// What is told of one semaphore.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SemaphoreStatus {
    /// Its value.
    pub value: i32,
    /// The process that changed it last.
    pub process: u32,
    /// How many wait for it to rise.
    pub waiting_for_more: usize,
    /// How many wait for it to be 0.
    pub waiting_for_zero: usize,
}

/// Why a list of operations did not happen.
enum Refusal {
    /// The one of this number would wait.
    Blocked(usize),
    Failed(Error),
}

impl Keyed for Set {
    fn permission(&self) -> Permission {
        self.state.lock().permission
    }
}

impl Namespace {
    /// The set of that key, of at least so many semaphores; or a new one of that length (semget(2)).
    pub fn set(self: &Arc<Self>, caller: &Caller, request: Request, length: usize) -> Result<i32> {
        if length > MOST_OF_A_SET {
            return Err(Error::InvalidArgument);
        }
        let accept = |set: &Set| {
            if length > set.length {
                Err(Error::InvalidArgument)
            } else {
                Ok(())
            }
        };
        let prepare = || {
            if length == 0 {
                return Err(Error::InvalidArgument);
            }
            let bytes = size_of::<Set>() + length * size_of::<Semaphore>();
            let charge = Charge::kernel_bytes(&self.totals, bytes)?;
            let mut semaphores = Vec::new();
            semaphores.make_room(length)?;
            semaphores.resize(length, Semaphore::default());
            Ok((semaphores, charge))
        };
        let make = |id, (semaphores, charge)| {
            let state = State {
                permission: Permission::new(caller, request.key, request.mode),
                semaphores,
                operation_time: 0,
                change_time: now(),
                adjustments: BTreeMap::new(),
                waiting: VecDeque::new(),
                removed: false,
            };
            Arc::new(Set {
                id,
                length,
                namespace: Arc::downgrade(self),
                state: Mutex::new(OBJECT, state),
                _charge: charge,
            })
        };
        self.sets.get(caller, request, accept, prepare, make)
    }

    /// Removes a set; who waits for it gets `Error::IdentifierRemoved`.
    pub fn remove_set(&self, caller: &Caller, set: &Set) -> Result<()> {
        let mut state = set.state()?;
        state.permission.check_owner(caller)?;
        state.removed = true;
        drop(self.sets.remove(state.permission.key, set.id));
        for process in state.adjustments.keys() {
            self.undoers.remove(*process, set.id);
        }
        state.adjustments.clear();
        for waiting in core::mem::take(&mut state.waiting) {
            waiting.sleeper.finish(Err(Error::IdentifierRemoved));
        }
        Ok(())
    }
}

impl Set {
    fn state(&self) -> Result<base::sync::MutexGuard<'_, State>> {
        let state = self.state.lock();
        if state.removed {
            return Err(Error::IdentifierRemoved);
        }
        Ok(state)
    }

    /// How many semaphores it has.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Carries out operations, all together, or waits until that is possible or `deadline` has passed
    /// (`Error::WouldBlock`).
    pub fn operate(
        &self,
        caller: &Caller,
        operations: &Arc<[Operation]>,
        deadline: Option<Instant>,
    ) -> Result<()> {
        let changes = operations.iter().any(|operation| operation.change != 0);
        let access = if changes { Access::WRITE } else { Access::READ };
        let sleeper = {
            let mut state = self.state()?;
            let beyond = |operation: &Operation| usize::from(operation.semaphore) >= self.length;
            if operations.iter().any(beyond) {
                return Err(Error::FileTooLarge);
            }
            state.permission.check(caller, access)?;
            if operations.iter().any(|operation| operation.undo) {
                self.prepare_undo(&mut state, caller.process)?;
            }
            let blocking = match state.attempt(operations, caller.process) {
                Ok(()) => {
                    if changes {
                        state.go_on();
                    }
                    return Ok(());
                }
                Err(Refusal::Failed(error)) => return Err(error),
                Err(Refusal::Blocked(at)) if operations[at].no_wait => {
                    return Err(Error::WouldBlock);
                }
                Err(Refusal::Blocked(at)) => at,
            };
            room::for_one_more()?;
            state.waiting.make_room(1)?;
            let sleeper = Arc::new(Sleeper::new());
            state.waiting.push_back(Waiting {
                sleeper: sleeper.clone(),
                operations: operations.clone(),
                process: caller.process,
                blocking,
            });
            sleeper
        };
        let outcome = sleeper.sleep(deadline, || {
            let mut state = self.state.lock();
            state
                .waiting
                .retain(|waiting| !Arc::ptr_eq(&waiting.sleeper, &sleeper));
        });
        match outcome {
            Err(Error::TimedOut) => Err(Error::WouldBlock),
            outcome => outcome,
        }
    }

    /// Makes sure that there is a place for what is to be undone: nothing may fail once operations happen.
    fn prepare_undo(&self, state: &mut State, process: u32) -> Result<()> {
        if state.adjustments.contains_key(&process) {
            return Ok(());
        }
        let namespace = self.namespace.upgrade().ok_or(Error::IdentifierRemoved)?;
        let bytes = 64 + self.length * size_of::<i16>();
        let charge = Charge::kernel_bytes(&namespace.totals, bytes)?;
        let mut by_semaphore = Vec::new();
        by_semaphore.make_room(self.length)?;
        by_semaphore.resize(self.length, 0);
        let adjustments = Adjustments {
            by_semaphore,
            _charge: charge,
        };
        state.adjustments.insert(process, adjustments);
        namespace.undoers.add(process, self.id);
        Ok(())
    }

    /// Undoes what a process did that has ended. A value stays within its bounds.
    pub(super) fn undo(&self, process: u32) {
        let Ok(mut state) = self.state() else { return };
        let Some(adjustments) = state.adjustments.remove(&process) else {
            return;
        };
        for (semaphore, adjustment) in state.semaphores.iter_mut().zip(adjustments.by_semaphore) {
            if adjustment != 0 {
                let value = semaphore.value + i32::from(adjustment);
                semaphore.value = value.clamp(0, HIGHEST_VALUE);
                semaphore.process = process;
            }
        }
        state.operation_time = now();
        state.go_on();
    }

    /// Sets one semaphore; nobody undoes anything of it any more. `Error::OutOfRange` for a value that it cannot
    /// have, `Error::InvalidArgument` for a number that it does not have.
    pub fn set_value(&self, caller: &Caller, semaphore: usize, value: i32) -> Result<()> {
        if !(0..=HIGHEST_VALUE).contains(&value) {
            return Err(Error::OutOfRange);
        }
        let mut state = self.state()?;
        if semaphore >= self.length {
            return Err(Error::InvalidArgument);
        }
        state.permission.check(caller, Access::WRITE)?;
        state.set(semaphore, value, caller.process);
        state.change_time = now();
        state.go_on();
        Ok(())
    }

    /// Whether a caller may set all values: asked before they are read.
    pub fn may_set(&self, caller: &Caller) -> Result<()> {
        self.state()?.permission.check(caller, Access::WRITE)
    }

    /// Sets all semaphores, as [`Set::set_value`].
    pub fn set_all(&self, caller: &Caller, values: &[u16]) -> Result<()> {
        let mut state = self.state()?;
        state.permission.check(caller, Access::WRITE)?;
        if values.iter().any(|&value| i32::from(value) > HIGHEST_VALUE) {
            return Err(Error::OutOfRange);
        }
        for (semaphore, &value) in values.iter().enumerate().take(self.length) {
            state.set(semaphore, value.into(), caller.process);
        }
        state.change_time = now();
        state.go_on();
        Ok(())
    }

    /// All values.
    pub fn values(&self, caller: &Caller) -> Result<Vec<u16>> {
        let state = self.state()?;
        state.permission.check(caller, Access::READ)?;
        let mut values = Vec::new();
        values.make_room(self.length)?;
        let all = state.semaphores.iter();
        values.extend(all.map(|semaphore| semaphore.value as u16));
        Ok(values)
    }

    /// What is told of one semaphore.
    pub fn semaphore(&self, caller: &Caller, number: usize) -> Result<SemaphoreStatus> {
        let state = self.state()?;
        state.permission.check(caller, Access::READ)?;
        let semaphore = state.semaphores.get(number).ok_or(Error::InvalidArgument)?;
        let mut status = SemaphoreStatus {
            value: semaphore.value,
            process: semaphore.process,
            ..SemaphoreStatus::default()
        };
        for waiting in &state.waiting {
            let operation = waiting.operations[waiting.blocking];
            if usize::from(operation.semaphore) == number {
                let zero = operation.change == 0;
                status.waiting_for_zero += usize::from(zero);
                status.waiting_for_more += usize::from(!zero);
            }
        }
        Ok(status)
    }

    /// What is told of it.
    pub fn status(&self) -> SetStatus {
        let state = self.state.lock();
        SetStatus {
            permission: state.permission,
            length: self.length,
            operation_time: state.operation_time,
            change_time: state.change_time,
        }
    }

    /// Gives it to another owner with another mode.
    pub fn change(&self, caller: &Caller, user: u32, group: u32, mode: u32) -> Result<()> {
        let mut state = self.state()?;
        state.permission.change(caller, user, group, mode)?;
        state.change_time = now();
        Ok(())
    }
}

impl State {
    fn set(&mut self, semaphore: usize, value: i32, process: u32) {
        self.semaphores[semaphore] = Semaphore { value, process };
        for adjustments in self.adjustments.values_mut() {
            adjustments.by_semaphore[semaphore] = 0;
        }
    }

    /// Carries out operations, all or none.
    fn attempt(
        &mut self,
        operations: &[Operation],
        process: u32,
    ) -> core::result::Result<(), Refusal> {
        let mut done = 0;
        let mut refusal = None;
        for (at, operation) in operations.iter().enumerate() {
            let number = usize::from(operation.semaphore);
            let value = self.semaphores[number].value;
            let change = i32::from(operation.change);
            if value + change < 0 || (change == 0 && value != 0) {
                refusal = Some(Refusal::Blocked(at));
                break;
            }
            if value + change > HIGHEST_VALUE {
                refusal = Some(Refusal::Failed(Error::OutOfRange));
                break;
            }
            if operation.undo
                && let Some(adjustments) = self.adjustments.get_mut(&process)
            {
                let adjustment = &mut adjustments.by_semaphore[number];
                match adjustment.checked_sub(operation.change) {
                    Some(sum) => *adjustment = sum,
                    None => {
                        refusal = Some(Refusal::Failed(Error::OutOfRange));
                        break;
                    }
                }
            }
            self.semaphores[number].value = value + change;
            done += 1;
        }
        let Some(refusal) = refusal else {
            for operation in operations {
                self.semaphores[usize::from(operation.semaphore)].process = process;
            }
            self.operation_time = now();
            return Ok(());
        };
        for operation in operations[..done].iter().rev() {
            let number = usize::from(operation.semaphore);
            self.semaphores[number].value -= i32::from(operation.change);
            if operation.undo
                && let Some(adjustments) = self.adjustments.get_mut(&process)
            {
                adjustments.by_semaphore[number] += operation.change;
            }
        }
        Err(refusal)
    }

    /// Values have changed: whatever can happen now of what waits happens, the oldest first.
    fn go_on(&mut self) {
        let mut at = 0;
        while at < self.waiting.len() {
            if self.still_blocks(&self.waiting[at]) {
                at += 1;
                continue;
            }
            let (operations, process) = {
                let waiting = &self.waiting[at];
                (waiting.operations.clone(), waiting.process)
            };
            let outcome = match self.attempt(&operations, process) {
                Err(Refusal::Blocked(blocking)) if operations[blocking].no_wait => {
                    Err(Error::WouldBlock)
                }
                Err(Refusal::Blocked(blocking)) => {
                    self.waiting[at].blocking = blocking;
                    at += 1;
                    continue;
                }
                Err(Refusal::Failed(error)) => Err(error),
                Ok(()) => Ok(()),
            };
            let changed = outcome.is_ok() && operations.iter().any(|one| one.change != 0);
            if let Some(waiting) = self.waiting.remove(at) {
                waiting.sleeper.finish(outcome);
            }
            if changed {
                at = 0;
            }
        }
    }

    /// A look that spares an attempt: the operation that could not happen last time still cannot by itself. One
    /// that follows others on the same semaphore is always attempted.
    fn still_blocks(&self, waiting: &Waiting) -> bool {
        let operation = waiting.operations[waiting.blocking];
        let before = &waiting.operations[..waiting.blocking];
        if before
            .iter()
            .any(|other| other.semaphore == operation.semaphore)
        {
            return false;
        }
        let value = self.semaphores[usize::from(operation.semaphore)].value;
        let change = i32::from(operation.change);
        value + change < 0 || (change == 0 && value != 0)
    }
}
