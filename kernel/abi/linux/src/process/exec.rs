//! execve and execveat.

use alloc::sync::Arc;
use alloc::vec::Vec;
use base::{Error, Result, Room};
use hal::user::UserContext;
use mem::user::{UserPtr, UserText};
use object::Rights;
use proc::ExecRequest;
use vfs::{OpenOptions, Path};

use crate::arguments::{AtFlags, DirectoryFd, Fd, UserPath};
use crate::call::Call;
use crate::files::paths::{Named, open_file};

/// The longest single string (`MAX_ARG_STRLEN`) and the most of all together, so that a list without
/// an end is refused before it has filled the kernel's memory.
const STRING_MAX: usize = 128 * 1024;
const TOTAL_MAX: usize = 2 * 1024 * 1024;

/// Reads a list of strings that ends with a null pointer; a null list is an empty one.
fn read_strings(list: UserPtr<usize>, total: &mut usize) -> Result<Vec<Vec<u8>>> {
    let mut strings = Vec::new();
    if list.is_null() {
        return Ok(strings);
    }
    loop {
        let address = list.offset(strings.len()).read()?;
        if address == 0 {
            return Ok(strings);
        }
        let string = match mem::user::read_c_string(address, STRING_MAX) {
            Err(Error::NameTooLong) => return Err(Error::ArgumentListTooLong),
            other => other?,
        };
        *total += string.len() + 1 + size_of::<usize>();
        if *total > TOTAL_MAX {
            return Err(Error::ArgumentListTooLong);
        }
        strings.make_room(1)?;
        strings.push(string);
    }
}

/// execve(2).
pub(crate) fn execve(
    call: &mut Call<'_>,
    context: &mut UserContext,
    path: UserPath,
    arguments: UserPtr<usize>,
    environment: UserPtr<usize>,
) -> Result<Option<usize>> {
    execveat(
        call,
        context,
        DirectoryFd::WORKING_DIRECTORY,
        path,
        arguments,
        environment,
        AtFlags::empty(),
    )
}

/// execveat(2).
pub(crate) fn execveat(
    call: &mut Call<'_>,
    context: &mut UserContext,
    directory: DirectoryFd,
    path: UserPath,
    arguments: UserPtr<usize>,
    environment: UserPtr<usize>,
    flags: AtFlags,
) -> Result<Option<usize>> {
    let flags = flags.only(AtFlags::SYMLINK_NOFOLLOW | AtFlags::EMPTY_PATH)?;
    let mut request = place(call, directory, path, flags)?;
    let mut total = 0;
    request.arguments = read_strings(arguments, &mut total)?;
    request.environment = read_strings(environment, &mut total)?;
    if request.arguments.is_empty() {
        // A program without arguments gets an empty name (Linux 5.18 and later).
        request.arguments.push(Vec::new());
    }
    proc::exec(call.task, context, request)?;
    Ok(None)
}

/// What is to be executed: a path, or what a descriptor holds open.
fn place(
    call: &Call<'_>,
    directory: DirectoryFd,
    path: UserPath,
    flags: AtFlags,
) -> Result<ExecRequest> {
    let mut room = UserText::new();
    let named = Named::read(call, directory, path, &mut room)?;
    let no_follow = flags.contains(AtFlags::SYMLINK_NOFOLLOW);
    if !named.path.is_empty() || !flags.contains(AtFlags::EMPTY_PATH) {
        let at: Option<Path> = named.at.clone();
        return Ok(ExecRequest {
            path: named.path.to_vec(),
            at,
            no_follow,
            ..ExecRequest::default()
        });
    }
    let file = call.file(Fd(directory.0), Rights::empty())?;
    let held = open_file(&file).ok_or(Error::AccessDenied)?;
    let context = call.process().fs();
    let executable = context.open_place(held.path().clone(), &OpenOptions::executing())?;
    let path = alloc::format!("/dev/fd/{}", directory.0).into_bytes();
    Ok(ExecRequest {
        path,
        file: Some(Arc::clone(&executable)),
        no_follow,
        ..ExecRequest::default()
    })
}
