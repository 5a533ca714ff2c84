//! From numbers to objects, with the rights that a call needs.

use alloc::sync::Arc;

use base::{Error, Result};
use object::{File, Handle, KernelObject, Rights};
use scarlet_abi::CURRENT_DIRECTORY;
use vfs::{OpenFile, Path};

use crate::arguments::HandleNumber;
use crate::invocation::Invocation;

/// The handle with this number. It must have the rights.
pub(crate) fn handle(
    invocation: &Invocation<'_>,
    number: HandleNumber,
    rights: Rights,
) -> Result<Handle> {
    let handle = invocation.handles().get(number.0)?;
    if handle.rights.contains(rights) {
        Ok(handle)
    } else {
        Err(Error::NotPermitted)
    }
}

/// The file with this number. The handle must have the rights.
pub(crate) fn file(
    invocation: &Invocation<'_>,
    number: HandleNumber,
    rights: Rights,
) -> Result<Arc<dyn File>> {
    let handle = handle(invocation, number, rights)?;
    Ok(handle.object.file().ok_or(Error::BadHandle)?.clone())
}

/// The object with this number, if it is of this kind. The handle must have the rights.
pub(crate) fn object<T: KernelObject>(
    invocation: &Invocation<'_>,
    number: HandleNumber,
    rights: Rights,
) -> Result<Arc<T>> {
    handle(invocation, number, rights)?
        .object
        .downcast::<T>()
        .ok_or(Error::BadHandle)
}

/// The place of a directory handle from which a path starts; `None` for the working directory.
pub(crate) fn directory(
    invocation: &Invocation<'_>,
    number: usize,
    changes_names: bool,
) -> Result<Option<Path>> {
    if number == CURRENT_DIRECTORY {
        return Ok(None);
    }
    let mut rights = Rights::EXECUTE;
    rights.set(Rights::CONTROL, changes_names);
    let file = file(invocation, HandleNumber(number), rights)?;
    let place = file
        .downcast::<OpenFile>()
        .ok_or(Error::NotDirectory)?
        .path()
        .clone();
    if place.inode().is_directory() {
        Ok(Some(place))
    } else {
        Err(Error::NotDirectory)
    }
}
