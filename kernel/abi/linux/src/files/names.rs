//! Making, taking and reading names: mknodat, unlinkat, symlinkat, linkat, renameat2, readlinkat.

use base::{Error, Result};
use mem::user::{UserSlice, UserText};
use object::FileKind;
use vfs::{NewInode, RenameFlags};

use super::paths::{Named, place_of};
use crate::arguments::{AtFlags, DirectoryFd, Fd, UserPath};
use crate::call::Call;
use crate::layout::decode_device;

/// mknodat(2).
pub(crate) fn mknodat(
    call: &mut Call<'_>,
    directory: DirectoryFd,
    path: UserPath,
    mode: u32,
    device: u32,
) -> Result<usize> {
    let (major, minor) = decode_device(device);
    let new = match mode & 0o170000 {
        0 | 0o100000 => NewInode::File,
        0o010000 => NewInode::Fifo,
        0o140000 => NewInode::Socket,
        0o020000 => NewInode::Device {
            kind: FileKind::CharacterDevice,
            major,
            minor,
        },
        0o060000 => NewInode::Device {
            kind: FileKind::BlockDevice,
            major,
            minor,
        },
        0o040000 => return Err(Error::NotPermitted),
        _ => return Err(Error::InvalidArgument),
    };
    let mut room = UserText::new();
    let named = Named::read(call, directory, path, &mut room)?;
    named
        .context
        .mknod(named.at.as_ref(), named.path, new, mode & 0o7777)?;
    Ok(0)
}

/// unlinkat(2).
pub(crate) fn unlinkat(
    call: &mut Call<'_>,
    directory: DirectoryFd,
    path: UserPath,
    flags: AtFlags,
) -> Result<usize> {
    let flags = flags.only(AtFlags::REMOVEDIR)?;
    let mut room = UserText::new();
    let named = Named::read(call, directory, path, &mut room)?;
    if flags.contains(AtFlags::REMOVEDIR) {
        named.context.rmdir(named.at.as_ref(), named.path)?;
    } else {
        named.context.unlink(named.at.as_ref(), named.path)?;
    }
    Ok(0)
}

/// symlinkat(2).
pub(crate) fn symlinkat(
    call: &mut Call<'_>,
    target: UserPath,
    directory: DirectoryFd,
    path: UserPath,
) -> Result<usize> {
    let mut target_room = UserText::new();
    let target = target.read(&mut target_room)?;
    let mut room = UserText::new();
    let named = Named::read(call, directory, path, &mut room)?;
    named
        .context
        .symlink(target, named.at.as_ref(), named.path)?;
    Ok(0)
}

/// linkat(2): unlike elsewhere, the link at the end is followed only when asked.
pub(crate) fn linkat(
    call: &mut Call<'_>,
    old_directory: DirectoryFd,
    old_path: UserPath,
    new_directory: DirectoryFd,
    new_path: UserPath,
    flags: AtFlags,
) -> Result<usize> {
    let flags = flags.only(AtFlags::SYMLINK_FOLLOW | AtFlags::EMPTY_PATH)?;
    let mut old_room = UserText::new();
    let old = Named::read(call, old_directory, old_path, &mut old_room)?;
    let target = if flags.contains(AtFlags::EMPTY_PATH) && old.path.is_empty() {
        place_of(call, Fd(old_directory.0))?
    } else if flags.contains(AtFlags::SYMLINK_FOLLOW) {
        old.resolve_at(AtFlags::empty())?
    } else {
        old.resolve_at(AtFlags::SYMLINK_NOFOLLOW)?
    };
    let mut new_room = UserText::new();
    let new = Named::read(call, new_directory, new_path, &mut new_room)?;
    new.context.link(&target, new.at.as_ref(), new.path)?;
    Ok(0)
}

/// renameat(2).
pub(crate) fn renameat(
    call: &mut Call<'_>,
    old_directory: DirectoryFd,
    old_path: UserPath,
    new_directory: DirectoryFd,
    new_path: UserPath,
) -> Result<usize> {
    renameat2(call, old_directory, old_path, new_directory, new_path, 0)
}

/// renameat2(2).
pub(crate) fn renameat2(
    call: &mut Call<'_>,
    old_directory: DirectoryFd,
    old_path: UserPath,
    new_directory: DirectoryFd,
    new_path: UserPath,
    flags: u32,
) -> Result<usize> {
    let flags = RenameFlags::from_bits(flags).ok_or(Error::InvalidArgument)?;
    let mut old_room = UserText::new();
    let old = Named::read(call, old_directory, old_path, &mut old_room)?;
    let mut new_room = UserText::new();
    let new = Named::read(call, new_directory, new_path, &mut new_room)?;
    new.context
        .rename(old.at.as_ref(), old.path, new.at.as_ref(), new.path, flags)?;
    Ok(0)
}

/// readlinkat(2): the body, cut to the buffer, without a NUL.
pub(crate) fn readlinkat(
    call: &mut Call<'_>,
    directory: DirectoryFd,
    path: UserPath,
    buffer: UserSlice,
) -> Result<usize> {
    // The size is a C int here.
    let length = buffer.length as i32;
    if length <= 0 {
        return Err(Error::InvalidArgument);
    }
    let mut room = UserText::new();
    let named = Named::read(call, directory, path, &mut room)?;
    let body = named.context.readlink(named.at.as_ref(), named.path)?;
    UserSlice::new(buffer.address, length as usize).write_from(&body)
}
