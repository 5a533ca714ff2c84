//! shmget, shmat, shmdt, shmctl.

use base::{Error, Result};
use hal::PAGE_SIZE;
use ipc::system_v::shared_memory::{MOST_BYTES, MOST_SEGMENTS, SegmentStatus};
use ipc::system_v::{Access, Namespace};
use mem::user::UserPtr;
use mem::{AreaKind, Backing, MapRequest, Placement, Protection, Sharing};
use proc::Resource;

use super::layout::{SegmentLimits, SegmentRecord, SegmentUsage};
use super::{IPC_INFO, IPC_RMID, IPC_SET, IPC_STAT, caller, namespace, not_negative, owner};
use super::{permission_record, request};
use crate::call::Call;
use crate::memory::space;

const SHM_HUGETLB: u32 = 0o4000;
const SHM_RDONLY: u32 = 0o10000;
const SHM_RND: u32 = 0o20000;
const SHM_REMAP: u32 = 0o40000;
const SHM_EXEC: u32 = 0o100000;

const SHM_LOCK: i32 = 11;
const SHM_UNLOCK: i32 = 12;
const SHM_STAT: i32 = 13;
const SHM_INFO: i32 = 14;
const SHM_STAT_ANY: i32 = 15;

/// Flags beside the mode.
const SHM_DEST: u32 = 0o1000;
const SHM_LOCKED: u32 = 0o2000;

/// shmget(2).
pub(crate) fn shmget(call: &mut Call<'_>, key: i32, size: usize, flags: u32) -> Result<usize> {
    if flags & SHM_HUGETLB != 0 {
        // No huge pages are set aside.
        return Err(Error::OutOfMemory);
    }
    let id = namespace(call).segment(&caller(call), request(key, flags), size as u64)?;
    Ok(id as usize)
}

/// shmat(2).
pub(crate) fn shmat(call: &mut Call<'_>, id: i32, address: usize, flags: u32) -> Result<usize> {
    if id < 0 {
        return Err(Error::InvalidArgument);
    }
    let start = address - address % PAGE_SIZE;
    let rounded = flags & SHM_RND != 0;
    if (start != address && !rounded) || (start == 0 && flags & SHM_REMAP != 0) {
        return Err(Error::InvalidArgument);
    }
    let (mut protection, mut access) = if flags & SHM_RDONLY != 0 {
        (Protection::READ, Access::READ)
    } else {
        (Protection::READ | Protection::WRITE, Access::READ_WRITE)
    };
    let mut maximum = protection | Protection::EXECUTE;
    if flags & SHM_EXEC != 0 {
        protection |= Protection::EXECUTE;
        access = access.and_execute();
    }
    maximum |= protection;
    let segment = namespace(call).segments().find(id)?;
    let length = usize::try_from(segment.bytes()).map_err(|_| Error::OutOfMemory)?;
    let object = segment.attach(&caller(call), access)?;
    let placement = match start {
        0 => Placement::Anywhere(0),
        start if flags & SHM_REMAP != 0 => Placement::Fixed(start),
        start => Placement::FixedNoReplace(start),
    };
    let mapped = space(call)?.map(MapRequest {
        placement,
        length,
        protection,
        sharing: Sharing::Shared,
        backing: Backing::Object {
            object,
            offset: 0,
            maximum,
        },
        kind: AreaKind::Normal,
    });
    match mapped {
        // Something is there already.
        Err(Error::Exists) => Err(Error::InvalidArgument),
        mapped => mapped,
    }
}

/// shmdt(2).
pub(crate) fn shmdt(call: &mut Call<'_>, address: usize) -> Result<usize> {
    space(call)?.detach_object(address)?;
    Ok(0)
}

/// shmctl(2).
pub(crate) fn shmctl(call: &mut Call<'_>, id: i32, command: i32, buffer: usize) -> Result<usize> {
    not_negative(id, command)?;
    let (namespace, caller) = (namespace(call), caller(call));
    let segments = namespace.segments();
    let output = UserPtr::<SegmentRecord>::from(buffer);
    match command {
        IPC_INFO => {
            UserPtr::from(buffer).write(&SegmentLimits {
                most_bytes: MOST_BYTES,
                fewest_bytes: 1,
                most_segments: MOST_SEGMENTS as u64,
                most_attached: MOST_SEGMENTS as u64,
                most_pages: MOST_BYTES,
                unused: [0; 4],
            })?;
            Ok(segments.highest_place())
        }
        SHM_INFO => {
            UserPtr::from(buffer).write(&usage(&namespace))?;
            Ok(segments.highest_place())
        }
        IPC_STAT => {
            let status = segments.find(id)?.status();
            status.permission.check(&caller, Access::READ)?;
            output.write(&record(&status, id))?;
            Ok(0)
        }
        SHM_STAT | SHM_STAT_ANY => {
            let (id, segment) = segments.at_place(id)?;
            let status = segment.status();
            if command == SHM_STAT {
                status.permission.check(&caller, Access::READ)?;
            }
            output.write(&record(&status, id))?;
            Ok(id as usize)
        }
        IPC_SET => {
            let (user, group, mode) = owner(&output.read()?.permission)?;
            segments.find(id)?.change(&caller, user, group, mode)?;
            Ok(0)
        }
        IPC_RMID => {
            let segment = segments.find(id)?;
            namespace.remove_segment(&caller, &segment)?;
            Ok(0)
        }
        SHM_LOCK | SHM_UNLOCK => {
            let segment = segments.find(id)?;
            let limit = call.process().limits().soft(Resource::LockedMemory);
            segment.status().permission.check_owner(&caller)?;
            if command == SHM_LOCK && limit == 0 && !caller.superuser {
                return Err(Error::NotPermitted);
            }
            segment.set_locked(&caller, command == SHM_LOCK)?;
            Ok(0)
        }
        _ => Err(Error::InvalidArgument),
    }
}

fn record(status: &SegmentStatus, id: i32) -> SegmentRecord {
    let removed = if status.removed { SHM_DEST } else { 0 };
    let locked = if status.locked { SHM_LOCKED } else { 0 };
    SegmentRecord {
        permission: permission_record(&status.permission, id, removed | locked),
        bytes: status.bytes,
        attach_time: status.attach_time,
        detach_time: status.detach_time,
        change_time: status.change_time,
        creator: status.creator as i32,
        last: status.last as i32,
        attached: status.attached as u64,
        unused: [0; 2],
    }
}

fn usage(namespace: &Namespace) -> SegmentUsage {
    let all = namespace.segments().iter();
    let resident = all.map(|(_, segment)| segment.status().resident_pages as u64);
    SegmentUsage {
        segments: namespace.segments().count() as i32,
        pages: namespace.reserved_pages() as u64,
        resident: resident.sum(),
        ..SegmentUsage::default()
    }
}
