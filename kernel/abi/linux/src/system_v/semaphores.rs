//! semget, semop, semtimedop, semctl.

use alloc::sync::Arc;
use alloc::vec::Vec;

use base::time::Instant;
use base::{Error, Result, Room};
use ipc::system_v::semaphores::{
    HIGHEST_VALUE, MOST_OF_A_SET, MOST_OPERATIONS, MOST_SETS, Operation, SetStatus,
};
use ipc::system_v::{Access, Caller, Namespace, Set};
use mem::user::{UserPtr, UserSlice};

use super::layout::{SemaphoreLimits, SemaphoreOperation, SetRecord};
use super::{IPC_INFO, IPC_NOWAIT, IPC_RMID, IPC_SET, IPC_STAT, caller, namespace};
use super::{not_negative, owner, permission_record, request};
use crate::call::Call;
use crate::layout::TimeSpecification;

const SEM_UNDO: u32 = 0x1000;

const GETPID: i32 = 11;
const GETVAL: i32 = 12;
const GETALL: i32 = 13;
const GETNCNT: i32 = 14;
const GETZCNT: i32 = 15;
const SETVAL: i32 = 16;
const SETALL: i32 = 17;
const SEM_STAT: i32 = 18;
const SEM_INFO: i32 = 19;
const SEM_STAT_ANY: i32 = 20;

/// semget(2).
pub(crate) fn semget(call: &mut Call<'_>, key: i32, count: i32, flags: u32) -> Result<usize> {
    let count = usize::try_from(count).map_err(|_| Error::InvalidArgument)?;
    let id = namespace(call).set(&caller(call), request(key, flags), count)?;
    Ok(id as usize)
}

/// semop(2).
pub(crate) fn semop(
    call: &mut Call<'_>,
    id: i32,
    operations: UserPtr<SemaphoreOperation>,
    count: u32,
) -> Result<usize> {
    operate(call, id, operations, count, None)
}

/// semtimedop(2).
pub(crate) fn semtimedop(
    call: &mut Call<'_>,
    id: i32,
    operations: UserPtr<SemaphoreOperation>,
    count: u32,
    timeout: UserPtr<TimeSpecification>,
) -> Result<usize> {
    let deadline = match timeout.non_null() {
        Some(timeout) => Some(base::time::now() + timeout.read()?.to_duration()?),
        None => None,
    };
    operate(call, id, operations, count, deadline)
}

fn operate(
    call: &Call<'_>,
    id: i32,
    operations: UserPtr<SemaphoreOperation>,
    count: u32,
    deadline: Option<Instant>,
) -> Result<usize> {
    if count == 0 {
        return Err(Error::InvalidArgument);
    }
    let count = count as usize;
    if count > MOST_OPERATIONS {
        return Err(Error::ArgumentListTooLong);
    }
    let bytes = UserSlice::new(
        operations.address(),
        count * size_of::<SemaphoreOperation>(),
    )
    .read_all(hal::PAGE_SIZE, Error::ArgumentListTooLong)?;
    let mut wanted = Vec::new();
    wanted.make_room(count)?;
    for record in bytes.as_chunks::<{ size_of::<SemaphoreOperation>() }>().0 {
        let [semaphore0, semaphore1, change0, change1, flags0, flags1] = *record;
        let flags = u32::from(u16::from_le_bytes([flags0, flags1]));
        wanted.push(Operation {
            semaphore: u16::from_le_bytes([semaphore0, semaphore1]),
            change: i16::from_le_bytes([change0, change1]),
            no_wait: flags & IPC_NOWAIT != 0,
            undo: flags & SEM_UNDO != 0,
        });
    }
    let wanted: Arc<[Operation]> = wanted.into();
    // A negative identifier is found to be wrong only here, as on Linux.
    let set = namespace(call).sets().find(id)?;
    set.operate(&caller(call), &wanted, deadline)?;
    Ok(0)
}

/// semctl(2).
pub(crate) fn semctl(
    call: &mut Call<'_>,
    id: i32,
    semaphore: i32,
    command: i32,
    argument: usize,
) -> Result<usize> {
    not_negative(id, command)?;
    let (namespace, caller) = (namespace(call), caller(call));
    let sets = namespace.sets();
    let output = UserPtr::<SetRecord>::from(argument);
    match command {
        IPC_INFO | SEM_INFO => {
            let usage = (command == SEM_INFO).then(|| usage(&namespace));
            UserPtr::from(argument).write(&limits(usage))?;
            Ok(sets.highest_place())
        }
        IPC_STAT => {
            let status = sets.find(id)?.status();
            status.permission.check(&caller, Access::READ)?;
            output.write(&record(&status, id))?;
            Ok(0)
        }
        SEM_STAT | SEM_STAT_ANY => {
            let (id, set) = sets.at_place(id)?;
            let status = set.status();
            if command == SEM_STAT {
                status.permission.check(&caller, Access::READ)?;
            }
            output.write(&record(&status, id))?;
            Ok(id as usize)
        }
        IPC_SET => {
            let (user, group, mode) = owner(&output.read()?.permission)?;
            sets.find(id)?.change(&caller, user, group, mode)?;
            Ok(0)
        }
        IPC_RMID => {
            let set = sets.find(id)?;
            namespace.remove_set(&caller, &set)?;
            Ok(0)
        }
        GETALL | SETALL => {
            let set = sets.find(id)?;
            all(&set, &caller, command, argument)
        }
        SETVAL => {
            // The union's `int` is the lower half of the register.
            let value = argument as i32;
            if !(0..=HIGHEST_VALUE).contains(&value) {
                return Err(Error::OutOfRange);
            }
            let set = sets.find(id)?;
            set.set_value(&caller, number(semaphore)?, value)?;
            Ok(0)
        }
        GETVAL | GETPID | GETNCNT | GETZCNT => {
            let set = sets.find(id)?;
            let number = usize::try_from(semaphore).unwrap_or(usize::MAX);
            let status = set.semaphore(&caller, number)?;
            Ok(match command {
                GETVAL => status.value as usize,
                GETPID => status.process as usize,
                GETNCNT => status.waiting_for_more,
                _ => status.waiting_for_zero,
            })
        }
        _ => Err(Error::InvalidArgument),
    }
}

fn number(semaphore: i32) -> Result<usize> {
    usize::try_from(semaphore).map_err(|_| Error::InvalidArgument)
}

/// Reads or sets all values of a set.
fn all(set: &Set, caller: &Caller, command: i32, array: usize) -> Result<usize> {
    if command == GETALL {
        let values = set.values(caller)?;
        let mut bytes = Vec::new();
        bytes.make_room(values.len() * 2)?;
        bytes.extend(values.into_iter().flat_map(u16::to_le_bytes));
        mem::user::write_bytes(array, &bytes)?;
        return Ok(0);
    }
    set.may_set(caller)?;
    let bytes = UserSlice::new(array, set.length() * 2)
        .read_all(MOST_OF_A_SET * 2, Error::InvalidArgument)?;
    let mut values = Vec::new();
    values.make_room(set.length())?;
    let pairs = bytes.as_chunks::<2>().0;
    values.extend(pairs.iter().map(|pair| u16::from_le_bytes(*pair)));
    set.set_all(caller, &values)?;
    Ok(0)
}

fn record(status: &SetStatus, id: i32) -> SetRecord {
    SetRecord {
        permission: permission_record(&status.permission, id, 0),
        operation_time: status.operation_time,
        change_time: status.change_time,
        length: status.length as u64,
        unused: [0; 2],
    }
}

/// How many sets and how many semaphores there are.
fn usage(namespace: &Namespace) -> (usize, usize) {
    let lengths = namespace.sets().iter().map(|(_, set)| set.length());
    (namespace.sets().count(), lengths.sum())
}

/// What holds, and what Linux says beside it without keeping to it.
fn limits(usage: Option<(usize, usize)>) -> SemaphoreLimits {
    let all = (MOST_SETS * MOST_OF_A_SET) as i32;
    let (sets, semaphores) = usage.unwrap_or((20, HIGHEST_VALUE as usize));
    SemaphoreLimits {
        map: all,
        most_sets: MOST_SETS as i32,
        most_semaphores: all,
        most_undo: all,
        most_of_a_set: MOST_OF_A_SET as i32,
        most_operations: MOST_OPERATIONS as i32,
        most_undo_entries: MOST_OPERATIONS as i32,
        undo_size: sets as i32,
        highest_value: HIGHEST_VALUE,
        highest_undo: semaphores as i32,
    }
}
