//! System V's shared memory, semaphores and messages, as Linux spells them.
//!
//! The objects and all that happens to them are [`ipc::system_v`]'s; here are the numbers of flags and
//! commands, the records, and the order in which arguments are looked at (shmget(2), semop(2), msgop(2) and the pages
//! beside them).

mod layout;
pub mod memory;
pub mod messages;
pub mod semaphores;

use alloc::sync::Arc;

use base::{Error, Result};
use ipc::system_v::{Caller, Namespace, Permission, Request};

use crate::call::Call;

pub use layout::*;

const IPC_CREAT: u32 = 0o1000;
const IPC_EXCL: u32 = 0o2000;
const IPC_NOWAIT: u32 = 0o4000;

const IPC_RMID: i32 = 0;
const IPC_SET: i32 = 1;
const IPC_STAT: i32 = 2;
const IPC_INFO: i32 = 3;

fn namespace(call: &Call<'_>) -> Arc<Namespace> {
    call.process().environment().system_v().clone()
}

fn caller(call: &Call<'_>) -> Caller {
    let credentials = call.process().credentials();
    Caller {
        process: call.process().id(),
        user: credentials.euid,
        group: credentials.egid,
        groups: credentials.groups,
        superuser: credentials.euid == 0,
    }
}

fn request(key: i32, flags: u32) -> Request {
    Request {
        key,
        create: flags & IPC_CREAT != 0,
        exclusive: flags & IPC_EXCL != 0,
        mode: flags & 0o777,
    }
}

/// No command and no identifier is below 0.
fn not_negative(id: i32, command: i32) -> Result<()> {
    if id < 0 || command < 0 {
        Err(Error::InvalidArgument)
    } else {
        Ok(())
    }
}

/// The owner that a record asks for: -1 is no user.
fn owner(record: &PermissionRecord) -> Result<(u32, u32, u32)> {
    if record.user == u32::MAX || record.group == u32::MAX {
        return Err(Error::InvalidArgument);
    }
    Ok((record.user, record.group, record.mode))
}

fn permission_record(permission: &Permission, id: i32, more_mode: u32) -> PermissionRecord {
    PermissionRecord {
        key: permission.key,
        user: permission.user,
        group: permission.group,
        creator: permission.creator,
        creator_group: permission.creator_group,
        mode: permission.mode | more_mode,
        sequence: (id as u32 >> 15) as u16,
        ..PermissionRecord::default()
    }
}
