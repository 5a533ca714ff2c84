//! The room files take: statfs, truncate, fallocate, and advice about what will be read.

use base::{Error, Result};
use mem::Pattern;
use mem::user::{UserPtr, UserText};
use object::{FileAdvice, FileKind, Rights, SpaceChange};
use vfs::{MountFlags, Path, Prompt};

use super::limit::check_length;
use super::paths::{Named, open_file};
use super::read_write::position;
use crate::arguments::{AtFlags, DirectoryFd, Fd, UserPath};
use crate::call::Call;
use crate::layout::Statfs;

/// The magic number of files that have no place in a tree (`ANON_INODE_FS_MAGIC`, pipes).
const PIPEFS_MAGIC: i64 = 0x5049_5045;

/// `f_flags`: `ST_VALID` and what the mount restricts.
fn flags(mount: MountFlags) -> i64 {
    const LINUX: [(MountFlags, i64); 8] = [
        (MountFlags::READ_ONLY, 1),
        (MountFlags::NO_SET_ID, 2),
        (MountFlags::NO_DEVICES, 4),
        (MountFlags::NO_EXECUTE, 8),
        (MountFlags::NO_ACCESS_TIME, 1024),
        (MountFlags::NO_DIRECTORY_ACCESS_TIME, 2048),
        (MountFlags::STRICT_ACCESS_TIME, 0),
        (MountFlags::NO_SYMLINK_FOLLOW, 0x2000),
    ];
    let relative = !mount.intersects(MountFlags::NO_ACCESS_TIME | MountFlags::STRICT_ACCESS_TIME);
    let set = LINUX.iter().filter(|(flag, _)| mount.contains(*flag));
    set.fold(0x20 | if relative { 4096 } else { 0 }, |bits, (_, bit)| {
        bits | bit
    })
}

fn of_place(place: &Path) -> Statfs {
    let filesystem = place.mount().volume().filesystem();
    let prompt = match place.mount().volume().prompt().contains(Prompt::ALL) {
        true => 16,
        false => 0,
    };
    let statistics = filesystem.statistics();
    let device = filesystem.device();
    Statfs {
        kind: statistics.magic as i64,
        block_size: statistics.block_size as i64,
        blocks: statistics.blocks,
        blocks_free: statistics.blocks_free,
        blocks_available: statistics.blocks_available,
        files: statistics.inodes,
        files_free: statistics.inodes_free,
        identifier: [device as i32, (device >> 32) as i32],
        name_length: statistics.name_length as i64,
        fragment_size: statistics.block_size as i64,
        flags: flags(place.mount().flags()) | prompt,
        spare: [0; 4],
    }
}

/// statfs(2).
pub(crate) fn statfs(
    call: &mut Call<'_>,
    path: UserPath,
    result: UserPtr<Statfs>,
) -> Result<usize> {
    let place = Named::read(
        call,
        DirectoryFd::WORKING_DIRECTORY,
        path,
        &mut UserText::new(),
    )?
    .resolve_at(AtFlags::empty())?;
    result.write(&of_place(&place))?;
    Ok(0)
}

/// fstatfs(2).
pub(crate) fn fstatfs(call: &mut Call<'_>, file: Fd, result: UserPtr<Statfs>) -> Result<usize> {
    let file = call.file(file, Rights::empty())?;
    let record = match open_file(&file) {
        Some(file) => of_place(file.path()),
        None => Statfs {
            kind: PIPEFS_MAGIC,
            block_size: 4096,
            fragment_size: 4096,
            name_length: 255,
            flags: 0x20,
            ..Statfs::default()
        },
    };
    result.write(&record)?;
    Ok(0)
}

/// truncate(2).
pub(crate) fn truncate(call: &mut Call<'_>, path: UserPath, length: i64) -> Result<usize> {
    let length = position(length)?;
    check_length(call, length)?;
    let mut room = UserText::new();
    let named = Named::read(call, DirectoryFd::WORKING_DIRECTORY, path, &mut room)?;
    named.context.truncate(named.path, length)?;
    Ok(0)
}

/// ftruncate(2).
pub(crate) fn ftruncate(call: &mut Call<'_>, file: Fd, length: i64) -> Result<usize> {
    let length = position(length)?;
    // Not open for writing is EINVAL here, not EBADF.
    let handle = call.handle(file)?;
    let file = handle
        .file(Rights::WRITE)
        .map_err(|_| Error::InvalidArgument)?;
    check_length(call, length)?;
    file.truncate(length)?;
    Ok(0)
}

/// `FALLOC_FL_*`: what fallocate(2) is to do.
mod allocation {
    pub(super) const KEEP_SIZE: u32 = 0x01;
    pub(super) const PUNCH_HOLE: u32 = 0x02;
    pub(super) const COLLAPSE_RANGE: u32 = 0x08;
    pub(super) const ZERO_RANGE: u32 = 0x10;
    pub(super) const INSERT_RANGE: u32 = 0x20;
    pub(super) const UNSHARE_RANGE: u32 = 0x40;
}

/// fallocate(2). Zeroing, collapsing and inserting ranges take extents, which no file system here has.
pub(crate) fn fallocate(
    call: &mut Call<'_>,
    file: Fd,
    mode: u32,
    offset: i64,
    length: i64,
) -> Result<usize> {
    use allocation::*;
    let handle = call.handle(file)?;
    if offset < 0 || length <= 0 {
        return Err(Error::InvalidArgument);
    }
    let keep_size = mode & KEEP_SIZE != 0;
    let change = match mode & !KEEP_SIZE {
        0 => Some(SpaceChange::Allocate { keep_size }),
        PUNCH_HOLE if keep_size => Some(SpaceChange::Punch),
        ZERO_RANGE | UNSHARE_RANGE => None,
        COLLAPSE_RANGE | INSERT_RANGE if !keep_size => None,
        _ => return Err(Error::Unsupported),
    };
    let file = handle.file(Rights::WRITE)?;
    let status = file.status()?;
    match status.kind {
        FileKind::Regular | FileKind::BlockDevice => {}
        FileKind::Fifo => return Err(Error::IllegalSeek),
        FileKind::Directory => return Err(Error::IsDirectory),
        _ => return Err(Error::NotSupportedByDevice),
    }
    let end = (offset as u64)
        .checked_add(length as u64)
        .filter(|end| *end <= i64::MAX as u64);
    let end = end.ok_or(Error::FileTooLarge)?;
    let change = change.ok_or(Error::Unsupported)?;
    file.check_space(change)?;
    if matches!(change, SpaceChange::Allocate { .. }) && end > status.size {
        check_length(call, end)?;
    }
    file.change_space(offset as u64, length as u64, change)?;
    Ok(0)
}

/// fadvise64(2). A length of 0 means up to the end; `NOREUSE` changes nothing.
pub(crate) fn fadvise64(
    call: &mut Call<'_>,
    file: Fd,
    offset: i64,
    length: i64,
    advice: i32,
) -> Result<usize> {
    let file = call.file(file, Rights::empty())?;
    if file.status()?.kind == FileKind::Fifo {
        return Err(Error::IllegalSeek);
    }
    if length < 0 {
        return Err(Error::InvalidArgument);
    }
    let advice = match advice {
        0 => FileAdvice::Expect(Pattern::Normal),
        1 => FileAdvice::Expect(Pattern::Random),
        2 => FileAdvice::Expect(Pattern::Sequential),
        3 => FileAdvice::WillNeed,
        4 => FileAdvice::DontNeed,
        5 => return Ok(0),
        _ => return Err(Error::InvalidArgument),
    };
    let length = if length == 0 { i64::MAX } else { length };
    file.advise(offset.max(0) as u64, length as u64, advice)?;
    Ok(0)
}

/// readahead(2).
pub(crate) fn readahead(call: &mut Call<'_>, file: Fd, offset: i64, count: usize) -> Result<usize> {
    let file = call.file(file, Rights::READ)?;
    match file.status()?.kind {
        FileKind::Regular | FileKind::BlockDevice => {
            if let Ok(offset) = u64::try_from(offset) {
                file.advise(offset, count as u64, FileAdvice::WillNeed)?;
            }
            Ok(0)
        }
        _ => Err(Error::InvalidArgument),
    }
}
