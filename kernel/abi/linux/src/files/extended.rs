//! Extended attributes: setxattr(2), getxattr(2), listxattr(2), removexattr(2) and their kin.
//!
//! Each exists three times: by a path, by a path whose last link is not followed, and by a
//! descriptor. A buffer of no bytes asks how large one would have to be.

use alloc::sync::Arc;
use alloc::vec::Vec;
use base::{Error, Result};
use mem::user::{UserSlice, UserText};
use object::Rights;
use vfs::{EXTENDED_NAME_MAX, EXTENDED_VALUE_MAX, FsContext, Path, SetExtended};

use super::paths::{Named, open_file};
use crate::arguments::{AtFlags, DirectoryFd, Fd, UserPath};
use crate::call::Call;

/// Whose attributes, and who asks.
type Target = (Arc<FsContext>, Path);

fn named(call: &Call<'_>, path: UserPath, flags: AtFlags) -> Result<Target> {
    let mut room = UserText::new();
    let named = Named::read(call, DirectoryFd::WORKING_DIRECTORY, path, &mut room)?;
    let place = named.resolve_at(flags)?;
    Ok((named.context, place))
}

/// The place of a descriptor. One that only names a place is none here (open(2), O_PATH); what has no
/// place (`None`) has no attributes either.
fn opened(call: &Call<'_>, file: Fd) -> Result<Option<Target>> {
    let file = call.file(file, Rights::empty())?;
    match open_file(&file) {
        Some(file) if file.is_path_only() => Err(Error::BadHandle),
        Some(file) => Ok(Some((call.process().fs(), file.path().clone()))),
        None => Ok(None),
    }
}

/// What a file without a place says of an attribute: those of the name space `user.` are for regular
/// files and directories only, and of others there are none.
fn placeless(name: &[u8], otherwise: Error) -> Error {
    if name.starts_with(b"user.") {
        otherwise
    } else {
        Error::Unsupported
    }
}

fn name(pointer: UserPath) -> Result<Vec<u8>> {
    match mem::user::read_c_string(pointer.0, EXTENDED_NAME_MAX + 1) {
        Ok(name) if name.is_empty() => Err(Error::OutOfRange),
        Err(Error::NameTooLong) => Err(Error::OutOfRange),
        other => other,
    }
}

/// What is to be set: name, value, and whether it may or must be there already.
fn new(
    attribute: UserPath,
    value: UserSlice,
    flags: u32,
) -> Result<(Vec<u8>, Vec<u8>, SetExtended)> {
    let how = SetExtended::from_bits(flags).ok_or(Error::InvalidArgument)?;
    let name = name(attribute)?;
    let value = value.read_all(EXTENDED_VALUE_MAX, Error::ArgumentListTooLong)?;
    Ok((name, value, how))
}

/// Hands bytes out; a buffer of no bytes only learns how many they are.
fn give(bytes: &[u8], into: UserSlice) -> Result<usize> {
    if into.length == 0 {
        return Ok(bytes.len());
    }
    if bytes.len() > into.length {
        return Err(Error::OutOfRange);
    }
    into.write_from(bytes)
}

fn set(target: Target, (name, value, how): (Vec<u8>, Vec<u8>, SetExtended)) -> Result<usize> {
    let (context, place) = target;
    context.set_extended_attribute(&place, &name, &value, how)?;
    Ok(0)
}

fn get((context, place): Target, name: &[u8], into: UserSlice) -> Result<usize> {
    give(&context.extended_attribute(&place, name)?, into)
}

fn list((context, place): Target, into: UserSlice) -> Result<usize> {
    give(&context.list_extended_attributes(&place)?, into)
}

fn remove((context, place): Target, name: &[u8]) -> Result<usize> {
    context.remove_extended_attribute(&place, name)?;
    Ok(0)
}

macro_rules! by_path {
    ($($set:ident, $get:ident, $list:ident, $remove:ident: $flags:expr;)*) => { $(
        /// setxattr(2) and lsetxattr(2).
        pub(crate) fn $set(
            call: &mut Call<'_>, path: UserPath, attribute: UserPath, value: UserSlice, flags: u32,
        ) -> Result<usize> {
            let new = new(attribute, value, flags)?;
            set(named(call, path, $flags)?, new)
        }

        /// getxattr(2) and lgetxattr(2).
        pub(crate) fn $get(
            call: &mut Call<'_>, path: UserPath, attribute: UserPath, value: UserSlice,
        ) -> Result<usize> {
            let name = name(attribute)?;
            get(named(call, path, $flags)?, &name, value)
        }

        /// removexattr(2) and lremovexattr(2).
        pub(crate) fn $remove(
            call: &mut Call<'_>, path: UserPath, attribute: UserPath,
        ) -> Result<usize> {
            let name = name(attribute)?;
            remove(named(call, path, $flags)?, &name)
        }

        /// listxattr(2) and llistxattr(2).
        pub(crate) fn $list(call: &mut Call<'_>, path: UserPath, into: UserSlice) -> Result<usize> {
            list(named(call, path, $flags)?, into)
        }
    )* };
}

by_path! {
    setxattr, getxattr, listxattr, removexattr: AtFlags::empty();
    lsetxattr, lgetxattr, llistxattr, lremovexattr: AtFlags::SYMLINK_NOFOLLOW;
}

/// fsetxattr(2).
pub(crate) fn fsetxattr(
    call: &mut Call<'_>,
    file: Fd,
    attribute: UserPath,
    value: UserSlice,
    flags: u32,
) -> Result<usize> {
    let target = opened(call, file)?;
    let new = new(attribute, value, flags)?;
    let target = target.ok_or_else(|| placeless(&new.0, Error::NotPermitted))?;
    set(target, new)
}

/// fgetxattr(2).
pub(crate) fn fgetxattr(
    call: &mut Call<'_>,
    file: Fd,
    attribute: UserPath,
    value: UserSlice,
) -> Result<usize> {
    let target = opened(call, file)?;
    let name = name(attribute)?;
    let target = target.ok_or_else(|| placeless(&name, Error::NoData))?;
    get(target, &name, value)
}

/// fremovexattr(2).
pub(crate) fn fremovexattr(call: &mut Call<'_>, file: Fd, attribute: UserPath) -> Result<usize> {
    let target = opened(call, file)?;
    let name = name(attribute)?;
    let target = target.ok_or_else(|| placeless(&name, Error::NotPermitted))?;
    remove(target, &name)
}

/// flistxattr(2). What has no place has an empty list.
pub(crate) fn flistxattr(call: &mut Call<'_>, file: Fd, into: UserSlice) -> Result<usize> {
    match opened(call, file)? {
        Some(target) => list(target, into),
        None => Ok(0),
    }
}
