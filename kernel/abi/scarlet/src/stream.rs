//! Streams and handles.

use alloc::vec::Vec;

use base::{Error, Result, Room};
use mem::transfer::{Sink, Source};
use mem::user::{UserPtr, UserSlice, zero_bytes};
use object::{Handle, Rights, SeekFrom, StatusFlags};
use proc::{Event, EventInfo, send_to_task};
use scarlet_abi::file::{DirectoryEntry, SEEK_CURRENT, SEEK_END, SEEK_START};
use scarlet_abi::handle::{HandleFlags, HandleInfo, SAME_RIGHTS};
use zerocopy::IntoBytes;

use crate::arguments::HandleNumber;
use crate::handles::{file, handle};
use crate::invocation::Invocation;
use crate::names::kind_number;
use crate::records;

/// More bytes of directory entries are not given at once.
const LARGEST_LISTING: usize = 64 * 1024;

pub(crate) fn read(
    call: &mut Invocation<'_>,
    from: HandleNumber,
    into: UserSlice,
) -> Result<usize> {
    file(call, from, Rights::READ)?.read(&mut Sink::user(into.address, into.length))
}

pub(crate) fn write(call: &mut Invocation<'_>, to: HandleNumber, from: UserSlice) -> Result<usize> {
    let file = file(call, to, Rights::WRITE)?;
    file.write(&mut Source::user(from.address, from.length))
        .inspect_err(|error| tell_of_broken_pipe(call, *error))
}

/// A program that writes where nobody reads is told by an event, too, whose default ends it.
fn tell_of_broken_pipe(call: &Invocation<'_>, error: Error) {
    if error == Error::BrokenPipe {
        // The event needs no memory of its own; a full queue cannot refuse it.
        let _ = send_to_task(call.task, EventInfo::kernel(Event::BROKEN_PIPE));
    }
}

pub(crate) fn read_at(
    call: &mut Invocation<'_>,
    from: HandleNumber,
    into: UserSlice,
    offset: u64,
) -> Result<usize> {
    let file = file(call, from, Rights::READ | Rights::SEEK)?;
    file.read_at(checked(offset)?, &mut Sink::user(into.address, into.length))
}

pub(crate) fn write_at(
    call: &mut Invocation<'_>,
    to: HandleNumber,
    from: UserSlice,
    offset: u64,
) -> Result<usize> {
    let file = file(call, to, Rights::WRITE | Rights::SEEK)?;
    file.write_at(
        checked(offset)?,
        &mut Source::user(from.address, from.length),
    )
}

/// Offsets and lengths are positive also as signed numbers.
fn checked(offset: u64) -> Result<u64> {
    if i64::try_from(offset).is_ok() {
        Ok(offset)
    } else {
        Err(Error::InvalidArgument)
    }
}

pub(crate) fn seek(
    call: &mut Invocation<'_>,
    of: HandleNumber,
    offset: i64,
    origin: usize,
) -> Result<usize> {
    let to = match origin {
        SEEK_START => SeekFrom::Start(u64::try_from(offset).map_err(|_| Error::InvalidArgument)?),
        SEEK_CURRENT => SeekFrom::Current(offset),
        SEEK_END => SeekFrom::End(offset),
        _ => return Err(Error::InvalidArgument),
    };
    Ok(file(call, of, Rights::SEEK)?.seek(to)? as usize)
}

pub(crate) fn close(call: &mut Invocation<'_>, number: HandleNumber) -> Result<usize> {
    drop(call.handles().remove(number.0)?);
    Ok(0)
}

/// A second handle of the same object with at most the same rights.
fn copy(
    call: &Invocation<'_>,
    number: HandleNumber,
    rights: usize,
    flags: HandleFlags,
) -> Result<Handle> {
    if !HandleFlags::CLOSE_ON_EXECUTE.contains(flags) {
        return Err(Error::InvalidArgument);
    }
    let mut copy = handle(call, number, Rights::DUPLICATE)?;
    if rights != SAME_RIGHTS {
        let wanted = u32::try_from(rights).ok().and_then(Rights::from_bits);
        let wanted = wanted.ok_or(Error::InvalidArgument)?;
        if !copy.rights.contains(wanted) {
            return Err(Error::NotPermitted);
        }
        copy.rights = wanted;
    }
    copy.close_on_exec = flags.contains(HandleFlags::CLOSE_ON_EXECUTE);
    Ok(copy)
}

pub(crate) fn duplicate(
    call: &mut Invocation<'_>,
    number: HandleNumber,
    minimum: usize,
    rights: usize,
    flags: HandleFlags,
) -> Result<usize> {
    let copy = copy(call, number, rights, flags)?;
    call.handles().insert(copy, minimum)
}

pub(crate) fn replace(
    call: &mut Invocation<'_>,
    number: HandleNumber,
    target: usize,
    rights: usize,
    flags: HandleFlags,
) -> Result<usize> {
    let copy = copy(call, number, rights, flags)?;
    drop(call.handles().insert_at(target, copy)?);
    Ok(target)
}

pub(crate) fn handle_info(
    call: &mut Invocation<'_>,
    number: HandleNumber,
    record: UserPtr<HandleInfo>,
    size: usize,
) -> Result<usize> {
    let handle = handle(call, number, Rights::empty())?;
    let mut flags = HandleFlags::empty();
    flags.set(HandleFlags::CLOSE_ON_EXECUTE, handle.close_on_exec);
    if let Some(file) = handle.object.file() {
        let status = file.status_flags();
        flags.set(
            HandleFlags::NONBLOCKING,
            status.contains(StatusFlags::NONBLOCK),
        );
        flags.set(HandleFlags::APPEND, status.contains(StatusFlags::APPEND));
    }
    let info = HandleInfo {
        size: size_of::<HandleInfo>() as u32,
        rights: handle.rights.bits(),
        flags: flags.bits(),
        reserved: 0,
    };
    records::write(record, size, &info)
}

pub(crate) fn set_flags(
    call: &mut Invocation<'_>,
    number: HandleNumber,
    flags: HandleFlags,
) -> Result<usize> {
    let handle = handle(call, number, Rights::empty())?;
    if let Some(file) = handle.object.file() {
        let before = file.status_flags();
        let mut after = before;
        after.set(
            StatusFlags::NONBLOCK,
            flags.contains(HandleFlags::NONBLOCKING),
        );
        after.set(StatusFlags::APPEND, flags.contains(HandleFlags::APPEND));
        if after != before {
            if !handle.rights.contains(Rights::CONTROL) {
                return Err(Error::NotPermitted);
            }
            file.set_status_flags(after)?;
        }
    }
    let close = flags.contains(HandleFlags::CLOSE_ON_EXECUTE);
    call.handles().set_close_on_exec(number.0, close)?;
    Ok(0)
}

pub(crate) fn pipe(
    call: &mut Invocation<'_>,
    target: UserPtr<u32>,
    flags: HandleFlags,
) -> Result<usize> {
    if flags.contains(HandleFlags::APPEND) {
        return Err(Error::InvalidArgument);
    }
    let mut status = StatusFlags::empty();
    status.set(
        StatusFlags::NONBLOCK,
        flags.contains(HandleFlags::NONBLOCKING),
    );
    let close = flags.contains(HandleFlags::CLOSE_ON_EXECUTE);
    let (reading, writing) = ipc::pipe::charged_pipe(status, call.process().pipe_maker())?;
    let reading = Handle::from_file(reading).with_close_on_exec(close);
    let writing = Handle::from_file(writing).with_close_on_exec(close);
    let table = call.handles();
    let (first, second) = table.insert_pair(reading, writing)?;
    let written = target.write_many(&[first as u32, second as u32]);
    if written.is_err() {
        // Nobody knows the numbers, so nobody could close them.
        drop((table.remove(first), table.remove(second)));
    }
    written.map(|()| 0)
}

pub(crate) fn sync(call: &mut Invocation<'_>, number: HandleNumber) -> Result<usize> {
    file(call, number, Rights::empty())?.sync(true)?;
    Ok(0)
}

pub(crate) fn truncate(
    call: &mut Invocation<'_>,
    number: HandleNumber,
    length: u64,
) -> Result<usize> {
    file(call, number, Rights::WRITE | Rights::CONTROL)?.truncate(checked(length)?)?;
    Ok(0)
}

pub(crate) fn read_directory(
    call: &mut Invocation<'_>,
    number: HandleNumber,
    into: UserSlice,
) -> Result<usize> {
    let file = file(call, number, Rights::READ)?;
    let room = into.length.min(LARGEST_LISTING);
    // Seen first, so that a bad address does not make entries vanish that were passed already.
    zero_bytes(into.address, room)?;
    let mut listing: Vec<u8> = Vec::new();
    let mut too_small = false;
    file.read_directory(&mut |entry| {
        let length = (size_of::<DirectoryEntry>() + entry.name.len()).next_multiple_of(8);
        if listing.len() + length > room || listing.make_room(length).is_err() {
            too_small = listing.is_empty();
            return false;
        }
        let head = DirectoryEntry {
            length: length as u32,
            kind: kind_number(entry.kind),
            inode: entry.inode,
            name_length: entry.name.len() as u32,
            reserved: 0,
        };
        let end = listing.len() + length;
        listing.extend_from_slice(head.as_bytes());
        listing.extend_from_slice(entry.name);
        listing.resize(end, 0);
        true
    })?;
    if too_small {
        return Err(Error::InvalidArgument);
    }
    into.write_from(&listing)
}
