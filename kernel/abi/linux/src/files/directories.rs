//! Directories: reading them, making them, and being in one.

use alloc::vec::Vec;
use base::{Error, Result, Room};
use mem::user::{UserSlice, UserText};
use object::Rights;

use super::paths::{Named, place_of};
use super::status::entry_type;
use crate::arguments::{DirectoryFd, Fd, UserPath};
use crate::call::Call;
use crate::layout::directory_entry;

/// More than this is never gathered at once, however large the program's buffer is.
const MOST: usize = 64 * 1024;

/// getdents64(2): as many whole records as fit.
pub(crate) fn getdents64(call: &mut Call<'_>, file: Fd, buffer: usize, size: u32) -> Result<usize> {
    let file = call.file(file, Rights::READ)?;
    let room = (size as usize).min(MOST);
    let mut records: Vec<u8> = Vec::new();
    records.make_room(room.min(4096))?;
    let mut cut = false;
    file.read_directory(&mut |entry| {
        let kind = entry_type(entry.kind);
        let record = directory_entry(entry.inode, entry.next_position, kind, entry.name);
        if records.len() + record.len() > room {
            cut = true;
            return false;
        }
        records.extend_from_slice(&record);
        true
    })?;
    if cut && records.is_empty() {
        return Err(Error::InvalidArgument);
    }
    UserSlice::new(buffer, records.len()).write_from(&records)
}

/// mkdirat(2).
pub(crate) fn mkdirat(
    call: &mut Call<'_>,
    directory: DirectoryFd,
    path: UserPath,
    mode: u32,
) -> Result<usize> {
    let mut room = UserText::new();
    let named = Named::read(call, directory, path, &mut room)?;
    named.context.mkdir(named.at.as_ref(), named.path, mode)?;
    Ok(0)
}

/// chdir(2).
pub(crate) fn chdir(call: &mut Call<'_>, path: UserPath) -> Result<usize> {
    let mut room = UserText::new();
    let path = path.read(&mut room)?;
    // The walk may sleep, so the place is found first and only then put in place.
    let place = call.process().fs().resolve_directory(None, path)?;
    call.process()
        .update_fs(|context| context.working_directory = place);
    Ok(0)
}

/// fchdir(2).
pub(crate) fn fchdir(call: &mut Call<'_>, file: Fd) -> Result<usize> {
    let place = place_of(call, file)?;
    if !place.inode().is_directory() {
        return Err(Error::NotDirectory);
    }
    call.process()
        .update_fs(|context| context.enter_directory(&place))?;
    Ok(0)
}

/// chroot(2).
pub(crate) fn chroot(call: &mut Call<'_>, path: UserPath) -> Result<usize> {
    let mut room = UserText::new();
    let path = path.read(&mut room)?;
    let context = call.process().fs();
    // Who may not enter it is told that first.
    let place = context.resolve_directory(None, path)?;
    context.check_superuser()?;
    call.process().update_fs(|context| context.root = place);
    Ok(0)
}

/// getcwd(2): the length counts the NUL.
pub(crate) fn getcwd(call: &mut Call<'_>, buffer: UserSlice) -> Result<usize> {
    let mut text = call.process().fs().working_directory_text()?;
    text.push(0);
    if text.len() > buffer.length {
        return Err(Error::OutOfRange);
    }
    buffer.write_from(&text)
}

/// umask(2).
pub(crate) fn umask(call: &mut Call<'_>, mask: u32) -> Result<usize> {
    let old = call
        .process()
        .update_fs(|context| core::mem::replace(&mut context.umask, mask & 0o777));
    Ok(old as usize)
}
