//! mmap, munmap, mprotect.

use base::{Error, Result};
use hal::PAGE_SIZE;
use mem::{AreaKind, Backing, MapRequest, Placement, Protection, Sharing};
use object::{FileAccess, Rights};

use super::{page_aligned, page_length, space};
use crate::arguments::Fd;
use crate::call::Call;
use crate::files::paths::open_file;
use crate::state::ProcessState;
use vfs::OpenFile;

const MAP_SHARED: u32 = 0x01;
const MAP_PRIVATE: u32 = 0x02;
const MAP_SHARED_VALIDATE: u32 = 0x03;
const MAP_TYPE: u32 = 0x0f;
const MAP_FIXED: u32 = 0x10;
const MAP_ANONYMOUS: u32 = 0x20;
const MAP_GROWSDOWN: u32 = 0x0100;
const MAP_DENYWRITE: u32 = 0x0800;
const MAP_EXECUTABLE: u32 = 0x1000;
const MAP_LOCKED: u32 = 0x2000;
const MAP_NORESERVE: u32 = 0x4000;
const MAP_POPULATE: u32 = 0x8000;
const MAP_NONBLOCK: u32 = 0x10000;
const MAP_STACK: u32 = 0x20000;
const MAP_HUGETLB: u32 = 0x40000;
const MAP_SYNC: u32 = 0x80000;
const MAP_FIXED_NOREPLACE: u32 = 0x100000;

/// Flags that `MAP_SHARED_VALIDATE` accepts; the older types ignore what they do not know.
const KNOWN: u32 = MAP_TYPE
    | MAP_FIXED
    | MAP_ANONYMOUS
    | MAP_GROWSDOWN
    | MAP_DENYWRITE
    | MAP_EXECUTABLE
    | MAP_LOCKED
    | MAP_NORESERVE
    | MAP_POPULATE
    | MAP_NONBLOCK
    | MAP_STACK
    | MAP_FIXED_NOREPLACE;

/// `PROT_*`: read, write and execute are the kernel's own bits.
pub(crate) fn protection(bits: u32) -> Result<Protection> {
    u8::try_from(bits)
        .ok()
        .and_then(Protection::from_bits)
        .ok_or(Error::InvalidArgument)
}

/// mmap(2).
pub(crate) fn mmap(
    call: &mut Call<'_>,
    address: usize,
    length: usize,
    protection_bits: u32,
    flags: u32,
    file: Fd,
    offset: u64,
) -> Result<usize> {
    if !offset.is_multiple_of(PAGE_SIZE as u64) {
        return Err(Error::InvalidArgument);
    }
    let sharing = match flags & MAP_TYPE {
        MAP_PRIVATE => Sharing::Private,
        MAP_SHARED => Sharing::Shared,
        MAP_SHARED_VALIDATE if flags & !KNOWN != 0 => return Err(Error::Unsupported),
        MAP_SHARED_VALIDATE => Sharing::Shared,
        _ => return Err(Error::InvalidArgument),
    };
    if flags & (MAP_HUGETLB | MAP_SYNC) != 0 {
        // No huge pages are set aside, and no file system is memory that survives power.
        return Err(if flags & MAP_HUGETLB != 0 {
            Error::OutOfMemory
        } else {
            Error::InvalidArgument
        });
    }
    // Linux ignores bits beyond the three here (PROT_SEM and the grow flags among them).
    let protection = Protection::from_bits_truncate(protection_bits as u8);
    let backing = if flags & MAP_ANONYMOUS != 0 {
        Backing::Anonymous
    } else {
        file_backing(call, file, offset, length, sharing, protection)?
    };
    let length = page_length(length)?;
    let placement = placement(address, flags)?;
    let kind = if flags & MAP_GROWSDOWN != 0 {
        AreaKind::Stack {
            limit: crate::start::stack_limit(call.process()),
        }
    } else {
        AreaKind::Normal
    };
    let space = space(call)?;
    let start = space.map(MapRequest {
        placement,
        length,
        protection,
        sharing,
        backing,
        kind,
    })?;
    let at_once = flags & (MAP_POPULATE | MAP_LOCKED) != 0
        || ProcessState::of(call.process()).is_ok_and(|state| state.maps_at_once());
    if flags & MAP_LOCKED != 0 {
        space.set_locked(start, length, true)?;
    }
    if at_once {
        // Only a wish: what cannot be brought in now comes, or fails, when it is touched.
        super::advice::populate(&space, start, length);
    }
    Ok(start)
}

fn placement(address: usize, flags: u32) -> Result<Placement> {
    if flags & (MAP_FIXED | MAP_FIXED_NOREPLACE) == 0 {
        return Ok(Placement::Anywhere(address));
    }
    page_aligned(address)?;
    Ok(if flags & MAP_FIXED_NOREPLACE != 0 {
        Placement::FixedNoReplace(address)
    } else {
        Placement::Fixed(address)
    })
}

fn file_backing(
    call: &Call<'_>,
    file: Fd,
    offset: u64,
    length: usize,
    sharing: Sharing,
    protection: Protection,
) -> Result<Backing> {
    let handle = call.handle(file)?;
    let file = handle.file(Rights::MAP)?;
    if open_file(file).is_some_and(|file| file.is_path_only()) {
        return Err(Error::BadHandle);
    }
    if length == 0 {
        return Err(Error::InvalidArgument);
    }
    let access = file.access();
    if !access.contains(FileAccess::READ) {
        return Err(Error::AccessDenied);
    }
    let mut maximum = Protection::all();
    if sharing == Sharing::Shared && !access.contains(FileAccess::WRITE) {
        maximum.remove(Protection::WRITE);
    }
    if !maximum.contains(protection) {
        return Err(Error::AccessDenied);
    }
    if !open_file(file).is_none_or(OpenFile::may_map_executable) {
        maximum.remove(Protection::EXECUTE);
        if protection.contains(Protection::EXECUTE) {
            return Err(Error::NotPermitted);
        }
    }
    let pages = page_length(length)? as u64;
    if offset
        .checked_add(pages)
        .is_none_or(|end| end > i64::MAX as u64)
    {
        return Err(Error::Overflow);
    }
    let writable = sharing == Sharing::Shared && maximum.contains(Protection::WRITE);
    let object = if writable {
        file.writable_memory_object()
    } else {
        file.memory_object()
    };
    let object = match object {
        // What is sealed may still be looked at.
        Err(Error::NotPermitted) if writable && !protection.contains(Protection::WRITE) => {
            maximum.remove(Protection::WRITE);
            file.memory_object()?
        }
        object => object?,
    };
    Ok(Backing::Object {
        object,
        offset,
        maximum,
    })
}

/// munmap(2).
pub(crate) fn munmap(call: &mut Call<'_>, address: usize, length: usize) -> Result<usize> {
    space(call)?.unmap(address, length)?;
    Ok(0)
}

/// mprotect(2).
pub(crate) fn mprotect(
    call: &mut Call<'_>,
    address: usize,
    length: usize,
    bits: u32,
) -> Result<usize> {
    page_aligned(address)?;
    let protection = protection(bits)?;
    if length == 0 {
        return Ok(0);
    }
    space(call)?.protect(address, length, protection)?;
    Ok(0)
}
