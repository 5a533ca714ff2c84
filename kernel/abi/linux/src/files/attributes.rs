//! Changing attributes and asking for access: chmod, chown, access, utimens.

use base::{Error, Result};
use mem::user::{UserPtr, UserText};
use object::{Rights, Timestamp};
use vfs::{Path, Permission, ResolveFlags, SetTime};

use super::paths::{Named, open_file, place_of};
use crate::arguments::{AtFlags, DirectoryFd, Fd, UserPath};
use crate::call::Call;
use crate::layout::TimeSpecification;

/// The place a descriptor was opened at, for calls that change its inode; files without a place
/// have nothing that could be changed.
fn place(call: &Call<'_>, file: Fd) -> Result<Path> {
    match place_of(call, file) {
        Err(Error::NotDirectory) => Err(Error::InvalidArgument),
        other => other,
    }
}

/// The place of an `*at` call's path, or of its descriptor for an empty path where that is allowed.
fn place_at(
    call: &Call<'_>,
    directory: DirectoryFd,
    path: UserPath,
    flags: AtFlags,
) -> Result<Path> {
    let mut room = UserText::new();
    let named = Named::read(call, directory, path, &mut room)?;
    if named.path.is_empty() && flags.contains(AtFlags::EMPTY_PATH) && named.at.is_some() {
        return place(call, Fd(directory.0));
    }
    named.resolve_at(flags)
}

/// As [`place`], where a descriptor that only names a place is none (open(2), O_PATH).
fn opened_place(call: &Call<'_>, file: Fd) -> Result<Path> {
    let opened = call.file(file, Rights::empty())?;
    if open_file(&opened).is_some_and(|file| file.is_path_only()) {
        return Err(Error::BadHandle);
    }
    place(call, file)
}

/// fchmod(2).
pub(crate) fn fchmod(call: &mut Call<'_>, file: Fd, mode: u32) -> Result<usize> {
    let place = opened_place(call, file)?;
    call.process().fs().set_mode(&place, mode)?;
    Ok(0)
}

/// fchmodat(2) of the kernel, which has no flags.
pub(crate) fn fchmodat(
    call: &mut Call<'_>,
    directory: DirectoryFd,
    path: UserPath,
    mode: u32,
) -> Result<usize> {
    fchmodat2(call, directory, path, mode, AtFlags::empty())
}

/// fchmodat2(2).
pub(crate) fn fchmodat2(
    call: &mut Call<'_>,
    directory: DirectoryFd,
    path: UserPath,
    mode: u32,
    flags: AtFlags,
) -> Result<usize> {
    let flags = flags.only(AtFlags::SYMLINK_NOFOLLOW | AtFlags::EMPTY_PATH)?;
    let place = place_at(call, directory, path, flags)?;
    call.process().fs().set_mode(&place, mode)?;
    Ok(0)
}

/// An id to change to; -1 leaves it alone.
fn wanted(id: u32) -> Option<u32> {
    (id != u32::MAX).then_some(id)
}

/// fchown(2).
pub(crate) fn fchown(call: &mut Call<'_>, file: Fd, uid: u32, gid: u32) -> Result<usize> {
    let place = opened_place(call, file)?;
    call.process()
        .fs()
        .set_owner(&place, wanted(uid), wanted(gid))?;
    Ok(0)
}

/// fchownat(2).
pub(crate) fn fchownat(
    call: &mut Call<'_>,
    directory: DirectoryFd,
    path: UserPath,
    uid: u32,
    gid: u32,
    flags: AtFlags,
) -> Result<usize> {
    let flags = flags.only(AtFlags::SYMLINK_NOFOLLOW | AtFlags::EMPTY_PATH)?;
    let place = place_at(call, directory, path, flags)?;
    call.process()
        .fs()
        .set_owner(&place, wanted(uid), wanted(gid))?;
    Ok(0)
}

/// faccessat(2) of the kernel, which has no flags.
pub(crate) fn faccessat(
    call: &mut Call<'_>,
    directory: DirectoryFd,
    path: UserPath,
    mode: u32,
) -> Result<usize> {
    faccessat2(call, directory, path, mode, AtFlags::empty())
}

/// faccessat2(2).
pub(crate) fn faccessat2(
    call: &mut Call<'_>,
    directory: DirectoryFd,
    path: UserPath,
    mode: u32,
    flags: AtFlags,
) -> Result<usize> {
    let known = AtFlags::EACCESS | AtFlags::SYMLINK_NOFOLLOW | AtFlags::EMPTY_PATH;
    let flags = flags.only(known)?;
    // R_OK, W_OK and X_OK are the bits of a mode.
    let wanted = Permission::from_bits(mode).ok_or(Error::InvalidArgument)?;
    let mut room = UserText::new();
    let named = Named::read(call, directory, path, &mut room)?;
    let mut resolve = ResolveFlags::empty();
    resolve.set(
        ResolveFlags::NO_FOLLOW,
        flags.contains(AtFlags::SYMLINK_NOFOLLOW),
    );
    resolve.set(
        ResolveFlags::EMPTY_PATH,
        flags.contains(AtFlags::EMPTY_PATH),
    );
    let effective = flags.contains(AtFlags::EACCESS);
    named
        .context
        .access(named.at.as_ref(), named.path, wanted, effective, resolve)?;
    Ok(0)
}

/// `UTIME_NOW` and `UTIME_OMIT`, in place of nanoseconds.
const UTIME_NOW: i64 = 0x3fff_ffff;
const UTIME_OMIT: i64 = 0x3fff_fffe;

fn time(record: TimeSpecification) -> Result<SetTime> {
    match record.nanoseconds {
        UTIME_NOW => Ok(SetTime::Now),
        UTIME_OMIT => Ok(SetTime::Keep),
        0..1_000_000_000 => Ok(SetTime::To(Timestamp {
            seconds: record.seconds,
            nanoseconds: record.nanoseconds as u32,
        })),
        _ => Err(Error::InvalidArgument),
    }
}

/// utimensat(2); without a path it is futimens(3).
pub(crate) fn utimensat(
    call: &mut Call<'_>,
    directory: DirectoryFd,
    path: UserPath,
    times: UserPtr<[TimeSpecification; 2]>,
    flags: AtFlags,
) -> Result<usize> {
    let flags = flags.only(AtFlags::SYMLINK_NOFOLLOW | AtFlags::EMPTY_PATH)?;
    let (access, modification) = match times.non_null() {
        Some(times) => {
            let [access, modification] = times.read()?;
            (time(access)?, time(modification)?)
        }
        None => (SetTime::Now, SetTime::Now),
    };
    if access == SetTime::Keep && modification == SetTime::Keep {
        return Ok(0);
    }
    let place = if path.0 == 0 {
        if directory == DirectoryFd::WORKING_DIRECTORY {
            return Err(Error::BadAddress);
        }
        if !flags.is_empty() {
            return Err(Error::InvalidArgument);
        }
        place(call, Fd(directory.0))?
    } else {
        place_at(call, directory, path, flags)?
    };
    call.process()
        .fs()
        .set_times_of(&place, access, modification)?;
    Ok(0)
}
