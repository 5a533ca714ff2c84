//! Memory.

use alloc::sync::Arc;

use base::{Error, Result};
use mem::user::UserPtr;
use mem::{AddressSpace, AreaKind, Backing, Placement, Sharing};
use object::Rights;
use scarlet_abi::NONE;
use scarlet_abi::memory::{MapFlags, MapRequest, Protection};
use vfs::OpenFile;

use crate::arguments::HandleNumber;
use crate::handles::file;
use crate::invocation::Invocation;
use crate::records;

fn space(call: &Invocation<'_>) -> Result<Arc<AddressSpace>> {
    call.process().space().ok_or(Error::NoSuchProcess)
}

fn kernel_protection(protection: Protection) -> mem::Protection {
    let mut kernel = mem::Protection::empty();
    kernel.set(mem::Protection::READ, protection.contains(Protection::READ));
    kernel.set(
        mem::Protection::WRITE,
        protection.contains(Protection::WRITE),
    );
    kernel.set(
        mem::Protection::EXECUTE,
        protection.contains(Protection::EXECUTE),
    );
    kernel
}

pub(crate) fn map(call: &mut Invocation<'_>, record: UserPtr<MapRequest>) -> Result<usize> {
    let request = records::read(record)?;
    let flags = MapFlags::from_bits(request.flags).ok_or(Error::InvalidArgument)?;
    let protection = Protection::from_bits(request.protection).ok_or(Error::InvalidArgument)?;
    let address = request.address as usize;
    let fixed = MapFlags::FIXED | MapFlags::FIXED_NO_REPLACE;
    if request.reserved != 0 || request.length == 0 || flags.contains(fixed) {
        return Err(Error::InvalidArgument);
    }
    if flags.intersects(fixed) && !address.is_multiple_of(hal::PAGE_SIZE) {
        return Err(Error::InvalidArgument);
    }
    let placement = if flags.contains(MapFlags::FIXED) {
        Placement::Fixed(address)
    } else if flags.contains(MapFlags::FIXED_NO_REPLACE) {
        Placement::FixedNoReplace(address)
    } else {
        Placement::Anywhere(address)
    };
    let shared = flags.contains(MapFlags::SHARED);
    let backing = if request.handle == NONE as u64 {
        if request.offset != 0 {
            return Err(Error::InvalidArgument);
        }
        Backing::Anonymous
    } else {
        file_backing(call, &request, protection, shared)?
    };
    space(call)?.map(mem::MapRequest {
        placement,
        length: usize::try_from(request.length).map_err(|_| Error::OutOfMemory)?,
        protection: kernel_protection(protection),
        sharing: if shared {
            Sharing::Shared
        } else {
            Sharing::Private
        },
        backing,
        kind: AreaKind::Normal,
    })
}

/// A file's pages. What the mapping may do is bounded by the handle's rights, now and for ever: a
/// shared mapping without the right to write can never become writable.
fn file_backing(
    call: &Invocation<'_>,
    request: &MapRequest,
    protection: Protection,
    shared: bool,
) -> Result<Backing> {
    let number = HandleNumber(usize::try_from(request.handle).map_err(|_| Error::BadHandle)?);
    let file = file(call, number, Rights::MAP | Rights::READ)?;
    if !request.offset.is_multiple_of(hal::PAGE_SIZE as u64) {
        return Err(Error::InvalidArgument);
    }
    let handle = call.handles().get(number.0)?;
    let mut maximum = mem::Protection::READ;
    maximum.set(
        mem::Protection::WRITE,
        !shared || handle.rights.contains(Rights::WRITE),
    );
    let runs = file
        .downcast::<OpenFile>()
        .is_none_or(OpenFile::may_map_executable);
    let may_run = runs && handle.rights.contains(Rights::EXECUTE);
    maximum.set(mem::Protection::EXECUTE, may_run);
    if !maximum.contains(kernel_protection(protection)) {
        return Err(Error::NotPermitted);
    }
    let object = if shared && maximum.contains(mem::Protection::WRITE) {
        file.writable_memory_object()
    } else {
        file.memory_object()
    };
    let object = match object {
        // What is sealed may still be looked at.
        Err(Error::NotPermitted) if !protection.contains(Protection::WRITE) => {
            maximum.remove(mem::Protection::WRITE);
            file.memory_object()?
        }
        object => object?,
    };
    Ok(Backing::Object {
        object,
        offset: request.offset,
        maximum,
    })
}

pub(crate) fn unmap(call: &mut Invocation<'_>, address: usize, length: usize) -> Result<usize> {
    space(call)?.unmap(address, length)?;
    Ok(0)
}

pub(crate) fn protect(
    call: &mut Invocation<'_>,
    address: usize,
    length: usize,
    protection: Protection,
) -> Result<usize> {
    space(call)?.protect(address, length, kernel_protection(protection))?;
    Ok(0)
}
