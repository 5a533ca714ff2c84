//! Extended attributes: no file system here keeps any, and the calls say so as Linux does.
//!
//! A file system without them answers `EOPNOTSUPP`, after everything else about the call has been
//! found in order; listing them gives an empty list.

use alloc::vec::Vec;
use base::{Error, Result};
use mem::user::UserSlice;
use object::Rights;

use super::paths::Named;
use crate::arguments::{AtFlags, DirectoryFd, Fd, UserPath};
use crate::call::Call;

/// Longest name of an attribute (`XATTR_NAME_MAX`), with its NUL.
const NAME_MAX: usize = 256;

fn name(pointer: UserPath) -> Result<Vec<u8>> {
    match mem::user::read_c_string(pointer.0, NAME_MAX) {
        Ok(name) if name.is_empty() => Err(Error::OutOfRange),
        Err(Error::NameTooLong) => Err(Error::OutOfRange),
        other => other,
    }
}

/// The longest value (`XATTR_SIZE_MAX`).
const VALUE_MAX: usize = 65536;

/// What is to be set: looked at, although nothing can keep it.
fn check_value(value: UserSlice, flags: u32) -> Result<()> {
    if flags & !3 != 0 {
        return Err(Error::InvalidArgument);
    }
    value
        .read_all(VALUE_MAX, Error::ArgumentListTooLong)
        .map(drop)
}

fn find(call: &Call<'_>, path: UserPath, flags: AtFlags) -> Result<()> {
    Named::read(call, DirectoryFd::WORKING_DIRECTORY, path)?
        .resolve_at(flags)
        .map(drop)
}

fn opened(call: &Call<'_>, file: Fd) -> Result<()> {
    call.file(file, Rights::empty()).map(drop)
}

macro_rules! by_path {
    ($($name:ident, $get:ident, $list:ident, $remove:ident: $flags:expr;)*) => { $(
        /// setxattr(2) and its kin.
        pub(crate) fn $name(
            call: &mut Call<'_>, path: UserPath, attribute: UserPath, value: UserSlice, flags: u32,
        ) -> Result<usize> {
            name(attribute)?;
            check_value(value, flags)?;
            find(call, path, $flags)?;
            Err(Error::Unsupported)
        }

        /// getxattr(2) and its kin.
        pub(crate) fn $get(
            call: &mut Call<'_>, path: UserPath, attribute: UserPath, _value: UserSlice,
        ) -> Result<usize> {
            name(attribute)?;
            find(call, path, $flags)?;
            Err(Error::Unsupported)
        }

        /// removexattr(2) and its kin.
        pub(crate) fn $remove(
            call: &mut Call<'_>, path: UserPath, attribute: UserPath,
        ) -> Result<usize> {
            name(attribute)?;
            find(call, path, $flags)?;
            Err(Error::Unsupported)
        }

        /// listxattr(2) and its kin.
        pub(crate) fn $list(call: &mut Call<'_>, path: UserPath, _list: UserSlice) -> Result<usize> {
            find(call, path, $flags)?;
            Ok(0)
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
    opened(call, file)?;
    name(attribute)?;
    check_value(value, flags)?;
    Err(Error::Unsupported)
}

/// fgetxattr(2).
pub(crate) fn fgetxattr(
    call: &mut Call<'_>,
    file: Fd,
    attribute: UserPath,
    _value: UserSlice,
) -> Result<usize> {
    opened(call, file)?;
    name(attribute)?;
    Err(Error::Unsupported)
}

/// fremovexattr(2).
pub(crate) fn fremovexattr(call: &mut Call<'_>, file: Fd, attribute: UserPath) -> Result<usize> {
    opened(call, file)?;
    name(attribute)?;
    Err(Error::Unsupported)
}

/// flistxattr(2).
pub(crate) fn flistxattr(call: &mut Call<'_>, file: Fd, _list: UserSlice) -> Result<usize> {
    opened(call, file)?;
    Ok(0)
}
