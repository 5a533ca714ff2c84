//! read, write and their positioned forms; lseek.

use alloc::sync::Arc;

use base::{Error, Result};
use mem::transfer::{Sink, Source};
use mem::user::UserSlice;
use object::{File, Rights, SeekFrom};

use super::limit::room;
use crate::arguments::Fd;
use crate::call::Call;

/// The most that one call moves (`MAX_RW_COUNT`): the largest whole number of pages in an `int`.
pub(crate) const MOST: usize = 0x7fff_f000;

/// Refuses a buffer that no program can have, before any byte moves; cuts what is too long.
#[inline]
pub(super) fn checked(buffer: UserSlice) -> Result<UserSlice> {
    if buffer.length > isize::MAX as usize {
        return Err(Error::InvalidArgument);
    }
    match buffer.address.checked_add(buffer.length) {
        Some(end) if end <= hal::USER_END => Ok(UserSlice {
            address: buffer.address,
            length: buffer.length.min(MOST),
        }),
        _ => Err(Error::BadAddress),
    }
}

/// read(2).
pub(crate) fn read(call: &mut Call<'_>, file: Fd, buffer: UserSlice) -> Result<usize> {
    let file = call.file(file, Rights::READ)?;
    let buffer = checked(buffer)?;
    file.read(&mut Sink::user(buffer.address, buffer.length))
}

/// write(2).
pub(crate) fn write(call: &mut Call<'_>, file: Fd, buffer: UserSlice) -> Result<usize> {
    let file = call.file(file, Rights::WRITE)?;
    let buffer = checked(buffer)?;
    let length = room(call, &*file, None, buffer.length)?;
    finish_write(call, file.write(&mut Source::user(buffer.address, length)))
}

/// A write to a pipe without readers also raises SIGPIPE (pipe(7)).
#[inline]
pub(crate) fn finish_write(call: &Call<'_>, result: Result<usize>) -> Result<usize> {
    if result == Err(Error::BrokenPipe) {
        crate::signal::send::raise(call.task, proc::Event::BROKEN_PIPE);
    }
    result
}

/// An offset must not be negative.
pub(super) fn position(offset: i64) -> Result<u64> {
    u64::try_from(offset).map_err(|_| Error::InvalidArgument)
}

/// The file for a transfer at an offset: one that has no offsets says so before it says that it was opened for the other
/// direction.
pub(super) fn file_at(call: &Call<'_>, file: Fd, rights: Rights) -> Result<Arc<dyn File>> {
    match call.file(file, rights) {
        Err(Error::BadHandle) => {
            let opened = call.file(file, Rights::empty())?;
            match opened.seek(SeekFrom::Current(0)) {
                Err(Error::IllegalSeek) => Err(Error::IllegalSeek),
                _ => Err(Error::BadHandle),
            }
        }
        other => other,
    }
}

/// pread64(2).
pub(crate) fn pread64(
    call: &mut Call<'_>,
    file: Fd,
    buffer: UserSlice,
    offset: i64,
) -> Result<usize> {
    let offset = position(offset)?;
    let file = file_at(call, file, Rights::READ)?;
    let buffer = checked(buffer)?;
    file.read_at(offset, &mut Sink::user(buffer.address, buffer.length))
}

/// pwrite64(2).
pub(crate) fn pwrite64(
    call: &mut Call<'_>,
    file: Fd,
    buffer: UserSlice,
    offset: i64,
) -> Result<usize> {
    let offset = position(offset)?;
    let file = file_at(call, file, Rights::WRITE)?;
    let buffer = checked(buffer)?;
    let length = room(call, &*file, Some(offset), buffer.length)?;
    finish_write(
        call,
        file.write_at(offset, &mut Source::user(buffer.address, length)),
    )
}

/// lseek(2).
pub(crate) fn lseek(call: &mut Call<'_>, file: Fd, offset: i64, whence: u32) -> Result<usize> {
    let file = call.file(file, Rights::empty())?;
    let target = match whence {
        0 => SeekFrom::Start(position(offset)?),
        1 => SeekFrom::Current(offset),
        2 => SeekFrom::End(offset),
        // A negative offset is beyond the end of nothing: ENXIO (lseek(2)).
        3 => SeekFrom::Data(u64::try_from(offset).map_err(|_| Error::NoSuchDevice)?),
        4 => SeekFrom::Hole(u64::try_from(offset).map_err(|_| Error::NoSuchDevice)?),
        _ => return Err(Error::InvalidArgument),
    };
    Ok(file.seek(target)? as usize)
}
