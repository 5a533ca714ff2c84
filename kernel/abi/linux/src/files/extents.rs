//! Where the bytes of a file lie on its device: `FS_IOC_FIEMAP`, `FIBMAP`, `FIGETBSZ` (`filesystems/fiemap.rst` of Linux).

use base::{Error, Result};
use mem::user::UserPtr;
use object::{File, FileKind};
use vfs::{Extent, Inode, OpenFile};

use crate::call::Call;
use crate::layout::extent_request::*;
use crate::layout::{ExtentMap, ExtentRecord};

/// Does what is asked of a file; `None` if the request is another, or of files in file systems only.
pub(crate) fn ioctl(
    call: &Call<'_>,
    file: &dyn File,
    request: u32,
    argument: usize,
) -> Result<Option<usize>> {
    if !matches!(request, FS_IOC_FIEMAP | FIBMAP | FIGETBSZ) {
        return Ok(None);
    }
    let Some(file) = file.downcast::<OpenFile>() else {
        return match request {
            FS_IOC_FIEMAP => Err(Error::Unsupported),
            _ => Ok(None),
        };
    };
    match request {
        FS_IOC_FIEMAP => list(&**file.path().inode(), UserPtr::from(argument))?,
        FIBMAP => place_of_block(call, file, UserPtr::from(argument))?,
        _ => UserPtr::from(argument).write(&(block_size(file) as i32))?,
    }
    Ok(Some(0))
}

fn block_size(file: &OpenFile) -> u64 {
    let volume = file.path().mount().volume();
    volume.filesystem().statistics().block_size
}

/// Writes the extents of a file behind the request, as many as there is room for.
fn list(inode: &dyn Inode, request: UserPtr<ExtentMap>) -> Result<()> {
    // Whether there is anything to be said of such files at all.
    inode.find_extent(0, 0)?;
    let mut map = request.read()?;
    if map.extent_count > EXTENTS_MAX {
        return Err(Error::InvalidArgument);
    }
    map.mapped_extents = 0;
    let outcome = check(inode, &mut map).and_then(|end| {
        if map.flags & FIEMAP_FLAG_SYNC != 0 {
            inode.sync(false)?;
        }
        fill(inode, &mut map, end, request)
    });
    request.write(&map)?;
    outcome
}

/// Where the range ends that is asked for. Of the flags only those are left that nobody knows.
fn check(inode: &dyn Inode, map: &mut ExtentMap) -> Result<u64> {
    let largest = inode.largest_offset();
    if map.length == 0 {
        return Err(Error::InvalidArgument);
    }
    if map.start >= largest {
        return Err(Error::FileTooLarge);
    }
    let unknown = map.flags & !FIEMAP_FLAG_SYNC;
    if unknown != 0 {
        map.flags = unknown;
        return Err(Error::BadRequest);
    }
    Ok(map.start.saturating_add(map.length).min(largest))
}

fn fill(
    inode: &dyn Inode,
    map: &mut ExtentMap,
    end: u64,
    request: UserPtr<ExtentMap>,
) -> Result<()> {
    let records = UserPtr::<ExtentRecord>::from(request.offset(1).address());
    let mut next = inode.find_extent(map.start, end)?;
    while let Some(extent) = next {
        let counts_only = map.extent_count == 0;
        if !counts_only && map.mapped_extents == map.extent_count {
            break;
        }
        let behind = extent.offset + extent.length;
        next = match behind < end {
            true => inode.find_extent(behind, end)?,
            false => None,
        };
        if !counts_only {
            let record = record_of(&extent, next.is_none());
            records.offset(map.mapped_extents as usize).write(&record)?;
        }
        map.mapped_extents += 1;
    }
    Ok(())
}

fn record_of(extent: &Extent, is_last: bool) -> ExtentRecord {
    let mut flags = 0;
    if extent.by_blocks {
        flags |= FIEMAP_EXTENT_MERGED;
    }
    if is_last {
        flags |= FIEMAP_EXTENT_LAST;
    }
    ExtentRecord {
        logical: extent.offset,
        physical: extent.place,
        length: extent.length,
        flags,
        ..ExtentRecord::default()
    }
}

/// The number of a file's block becomes that of the device's block; 0 is a hole.
fn place_of_block(call: &Call<'_>, file: &OpenFile, number: UserPtr<i32>) -> Result<()> {
    let inode = file.path().inode();
    if inode.kind() != FileKind::Regular {
        return Err(Error::NotTerminal);
    }
    if !call.process().credentials().is_superuser() {
        return Err(Error::NotPermitted);
    }
    let size = block_size(file);
    let block = u64::try_from(number.read()?).map_err(|_| Error::InvalidArgument)?;
    let offset = block.saturating_mul(size);
    let end = match offset < inode.largest_offset() {
        true => offset + size,
        false => 0,
    };
    let found = match inode.find_extent(offset, end) {
        Err(Error::Unsupported) => {
            number.write(&0)?;
            return Err(Error::InvalidArgument);
        }
        found => found?,
    };
    let place = found.map_or(0, |extent| extent.place / size);
    number.write(&i32::try_from(place).map_err(|_| Error::OutOfRange)?)
}
