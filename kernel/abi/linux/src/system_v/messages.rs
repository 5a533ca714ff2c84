//! msgget, msgsnd, msgrcv, msgctl.

use base::{Error, Result};
use ipc::system_v::messages::{
    LONGEST_MESSAGE, MOST_QUEUES, QUEUE_BYTES, QueueChange, QueueStatus, Reception, Wanted,
};
use ipc::system_v::{Access, Namespace};
use mem::user::{UserPtr, UserSlice};

use super::layout::{QueueLimits, QueueRecord};
use super::{IPC_INFO, IPC_NOWAIT, IPC_RMID, IPC_SET, IPC_STAT, caller, namespace};
use super::{not_negative, owner, permission_record, request};
use crate::call::Call;

const MSG_NOERROR: u32 = 0o10000;
const MSG_EXCEPT: u32 = 0o20000;
const MSG_COPY: u32 = 0o40000;

const MSG_STAT: i32 = 11;
const MSG_INFO: i32 = 12;
const MSG_STAT_ANY: i32 = 13;

/// msgget(2).
pub(crate) fn msgget(call: &mut Call<'_>, key: i32, flags: u32) -> Result<usize> {
    let id = namespace(call).queue(&caller(call), request(key, flags))?;
    Ok(id as usize)
}

/// Where the text of a message lies, behind its type.
fn text(message: usize, size: usize) -> Result<UserSlice> {
    let address = message.checked_add(8).ok_or(Error::BadAddress)?;
    Ok(UserSlice::new(address, size))
}

/// msgsnd(2).
pub(crate) fn msgsnd(
    call: &mut Call<'_>,
    id: i32,
    message: usize,
    size: usize,
    flags: u32,
) -> Result<usize> {
    let kind = UserPtr::<i64>::from(message).read()?;
    if size > LONGEST_MESSAGE || id < 0 || kind < 1 {
        return Err(Error::InvalidArgument);
    }
    let bytes = text(message, size)?.read_all(LONGEST_MESSAGE, Error::InvalidArgument)?;
    let namespace = namespace(call);
    let message = namespace.message(kind, bytes)?;
    let queue = namespace.queues().find(id)?;
    queue.send(&caller(call), message, flags & IPC_NOWAIT == 0)?;
    Ok(0)
}

/// msgrcv(2).
pub(crate) fn msgrcv(
    call: &mut Call<'_>,
    id: i32,
    message: usize,
    size: usize,
    kind: i64,
    flags: u32,
) -> Result<usize> {
    if id < 0 || size > isize::MAX as usize {
        return Err(Error::InvalidArgument);
    }
    if flags & MSG_COPY != 0 {
        // Only for who writes down a process to start it again elsewhere.
        return Err(Error::NotImplemented);
    }
    let wanted = match kind {
        0 => Wanted::Any,
        ..0 => Wanted::UpTo(kind.checked_neg().unwrap_or(i64::MAX)),
        _ if flags & MSG_EXCEPT != 0 => Wanted::Except(kind),
        _ => Wanted::Kind(kind),
    };
    let reception = Reception {
        wanted,
        room: size,
        truncate: flags & MSG_NOERROR != 0,
    };
    let queue = namespace(call).queues().find(id)?;
    let received = queue.receive(&caller(call), reception, flags & IPC_NOWAIT == 0)?;
    // A message that cannot be written is lost, as on Linux.
    UserPtr::<i64>::from(message).write(&received.kind)?;
    text(message, size)?.write_from(&received.bytes)
}

/// msgctl(2).
pub(crate) fn msgctl(call: &mut Call<'_>, id: i32, command: i32, buffer: usize) -> Result<usize> {
    not_negative(id, command)?;
    let (namespace, caller) = (namespace(call), caller(call));
    let queues = namespace.queues();
    let output = UserPtr::<QueueRecord>::from(buffer);
    match command {
        IPC_INFO | MSG_INFO => {
            let limits = if command == MSG_INFO {
                usage(&namespace)
            } else {
                limits()
            };
            UserPtr::from(buffer).write(&limits)?;
            Ok(queues.highest_place())
        }
        IPC_STAT => {
            let status = queues.find(id)?.status();
            status.permission.check(&caller, Access::READ)?;
            output.write(&record(&status, id))?;
            Ok(0)
        }
        MSG_STAT | MSG_STAT_ANY => {
            let (id, queue) = queues.at_place(id)?;
            let status = queue.status();
            if command == MSG_STAT {
                status.permission.check(&caller, Access::READ)?;
            }
            output.write(&record(&status, id))?;
            Ok(id as usize)
        }
        IPC_SET => {
            let wanted = output.read()?;
            let (user, group, mode) = owner(&wanted.permission)?;
            let limit = wanted.limit;
            queues.find(id)?.change(
                &caller,
                QueueChange {
                    user,
                    group,
                    mode,
                    limit,
                },
            )?;
            Ok(0)
        }
        IPC_RMID => {
            let queue = queues.find(id)?;
            namespace.remove_queue(&caller, &queue)?;
            Ok(0)
        }
        _ => Err(Error::InvalidArgument),
    }
}

fn record(status: &QueueStatus, id: i32) -> QueueRecord {
    QueueRecord {
        permission: permission_record(&status.permission, id, 0),
        send_time: status.send_time,
        receive_time: status.receive_time,
        change_time: status.change_time,
        bytes: status.bytes,
        messages: status.messages as u64,
        limit: status.limit,
        last_sender: status.last_sender as i32,
        last_receiver: status.last_receiver as i32,
        unused: [0; 2],
    }
}

/// What holds, and what Linux says beside it without keeping to it.
fn limits() -> QueueLimits {
    QueueLimits {
        pool: (MOST_QUEUES as u64 * QUEUE_BYTES / 1024) as i32,
        map: QUEUE_BYTES as i32,
        longest: LONGEST_MESSAGE as i32,
        queue_bytes: QUEUE_BYTES as i32,
        most_queues: MOST_QUEUES as i32,
        segment_size: 16,
        most_messages: QUEUE_BYTES as i32,
        segments: 0xffff,
        pad: 0,
    }
}

/// What there is.
fn usage(namespace: &Namespace) -> QueueLimits {
    let mut usage = QueueLimits {
        pool: namespace.queues().count() as i32,
        map: 0,
        most_messages: 0,
        ..limits()
    };
    for (_, queue) in namespace.queues().iter() {
        let status = queue.status();
        usage.map = usage.map.saturating_add(status.messages as i32);
        usage.most_messages = usage.most_messages.saturating_add(status.bytes as i32);
    }
    usage
}
