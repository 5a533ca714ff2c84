//! fstat, newfstatat, statx: the kernel's attributes in Linux's records.

use base::{Error, Result};
use device::block::SECTOR;
use device::{DeviceNumber, registry};
use mem::user::UserPtr;
use object::{FileKind, FileStatus, Rights, Timestamp};
use vfs::{FileMarks, Inode};

use crate::arguments::{AtFlags, DirectoryFd, Fd, UserPath};
use crate::call::Call;
use crate::layout::{Stat, Statx, StatxTime, encode_device};
use crate::mounting::status::unique_number;

/// The type bits of a mode (`S_IFMT`).
pub(crate) fn type_bits(kind: FileKind) -> u32 {
    match kind {
        FileKind::Fifo => 0o010000,
        FileKind::CharacterDevice => 0o020000,
        FileKind::Directory => 0o040000,
        FileKind::BlockDevice => 0o060000,
        FileKind::Regular => 0o100000,
        FileKind::SymbolicLink => 0o120000,
        FileKind::Socket => 0o140000,
        // Anonymous inodes (events, timers) have no type at all on Linux.
        FileKind::Anonymous => 0,
    }
}

/// The type of a directory entry (`DT_*`): the mode's type bits, shifted.
pub(crate) fn entry_type(kind: FileKind) -> u8 {
    (type_bits(kind) >> 12) as u8
}

impl Stat {
    /// The record of a file.
    // Every field by name: a record that is first filled with defaults is written twice.
    #[inline]
    pub fn of(status: &FileStatus) -> Stat {
        Stat {
            device: status.device,
            inode: status.inode,
            mode: type_bits(status.kind) | status.mode,
            links: status.links,
            uid: status.uid,
            gid: status.gid,
            device_number: encode_device(status.device_major, status.device_minor),
            size: status.size as i64,
            block_size: status.block_size as i32,
            blocks: status.blocks as i64,
            access_seconds: status.access_time.seconds,
            access_nanoseconds: status.access_time.nanoseconds.into(),
            modify_seconds: status.modification_time.seconds,
            modify_nanoseconds: status.modification_time.nanoseconds.into(),
            change_seconds: status.change_time.seconds,
            change_nanoseconds: status.change_time.nanoseconds.into(),
            pad1: 0,
            pad2: 0,
            unused: [0; 2],
        }
    }
}

impl StatxTime {
    fn of(time: Timestamp) -> StatxTime {
        StatxTime {
            seconds: time.seconds,
            nanoseconds: time.nanoseconds,
            reserved: 0,
        }
    }
}

/// `STATX_BASIC_STATS`.
const BASIC: u32 = 0x7ff;
/// `STATX_BTIME`.
const BIRTH: u32 = 0x800;
/// `STATX_MNT_ID`.
const MOUNT: u32 = 0x1000;
/// `STATX_MNT_ID_UNIQUE`.
const UNIQUE_MOUNT: u32 = 0x4000;
/// `STATX_DIOALIGN`.
const DIRECT_ALIGNMENT: u32 = 0x2000;
/// `STATX_ATTR_MOUNT_ROOT`.
const ATTRIBUTE_MOUNT_ROOT: u64 = 0x2000;
/// `STATX__RESERVED`.
const RESERVED: u32 = 0x8000_0000;

impl Statx {
    /// The record of a file.
    pub fn of(status: &FileStatus) -> Statx {
        let device = DeviceNumber::from_linux(status.device);
        let known_birth = status.birth_time != Timestamp::default();
        Statx {
            mask: BASIC | if known_birth { BIRTH } else { 0 },
            block_size: status.block_size,
            links: status.links,
            uid: status.uid,
            gid: status.gid,
            mode: (type_bits(status.kind) | status.mode) as u16,
            inode: status.inode,
            size: status.size,
            blocks: status.blocks,
            access: StatxTime::of(status.access_time),
            birth: StatxTime::of(status.birth_time),
            change: StatxTime::of(status.change_time),
            modify: StatxTime::of(status.modification_time),
            device_number_major: status.device_major,
            device_number_minor: status.device_minor,
            device_major: device.major,
            device_minor: device.minor,
            ..Statx::default()
        }
    }
}

/// fstat(2).
pub(crate) fn fstat(call: &mut Call<'_>, file: Fd, result: UserPtr<Stat>) -> Result<usize> {
    let file = call.file(file, Rights::empty())?;
    match &file.status() {
        Ok(status) => result.write(&Stat::of(status)).map(|()| 0),
        Err(error) => Err(*error),
    }
}

/// What both calls understand.
const FLAGS: AtFlags = AtFlags::SYMLINK_NOFOLLOW
    .union(AtFlags::NO_AUTOMOUNT)
    .union(AtFlags::EMPTY_PATH)
    .union(AtFlags::STATX_FORCE_SYNC)
    .union(AtFlags::STATX_DONT_SYNC);

/// newfstatat(2).
pub(crate) fn newfstatat(
    call: &mut Call<'_>,
    directory: DirectoryFd,
    path: UserPath,
    result: UserPtr<Stat>,
    flags: AtFlags,
) -> Result<usize> {
    // Looked at where it lies: a status is large to move.
    match &super::paths::status_at(call, directory, path, flags.only(FLAGS)?) {
        Ok(status) => result.write(&Stat::of(status)).map(|()| 0),
        Err(error) => Err(*error),
    }
}

/// What memory and offsets of direct transfers are multiples of; a block special file speaks for its device.
fn direct_alignment(status: &FileStatus, inode: &dyn Inode) -> Option<(u32, u32)> {
    if status.kind != FileKind::BlockDevice {
        return inode.direct_alignment().map(|unit| (unit, unit));
    }
    let number = DeviceNumber::new(status.device_major, status.device_minor);
    let device = registry().block(number)?;
    Some((SECTOR as u32, device.geometry().block_size as u32))
}

/// statx(2).
pub(crate) fn statx(
    call: &mut Call<'_>,
    directory: DirectoryFd,
    path: UserPath,
    flags: AtFlags,
    mask: u32,
    result: UserPtr<Statx>,
) -> Result<usize> {
    let both_sync = AtFlags::STATX_FORCE_SYNC | AtFlags::STATX_DONT_SYNC;
    if mask & RESERVED != 0 || flags.contains(both_sync) {
        return Err(Error::InvalidArgument);
    }
    let (status, place) = super::paths::found_at(call, directory, path, flags.only(FLAGS)?)?;
    let mut record = Statx::of(&status);
    record.mask &= mask | !BIRTH;
    if record.mask & BIRTH == 0 {
        record.birth = StatxTime::default();
    }
    if let Some(place) = &place {
        if mask & UNIQUE_MOUNT != 0 {
            record.mask |= UNIQUE_MOUNT;
            record.mount = unique_number(place.mount());
        } else {
            record.mask |= MOUNT;
            record.mount = place.mount().id();
        }
        record.attributes_mask = ATTRIBUTE_MOUNT_ROOT;
        if place.is_mount_root() {
            record.attributes = ATTRIBUTE_MOUNT_ROOT;
        }
        if let Ok(marks) = place.inode().marks() {
            record.attributes_mask |= u64::from(FileMarks::all().bits());
            record.attributes |= u64::from(marks.bits());
        }
        let alignment = match mask & DIRECT_ALIGNMENT {
            0 => None,
            _ => direct_alignment(&status, &**place.inode()),
        };
        if let Some((memory, offset)) = alignment {
            record.mask |= DIRECT_ALIGNMENT;
            record.direct_memory_align = memory;
            record.direct_offset_align = offset;
        }
    }
    result.write(&record)?;
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_their_bits() {
        assert_eq!(type_bits(FileKind::Directory), 0o040000);
        assert_eq!(entry_type(FileKind::Regular), 8);
        assert_eq!(entry_type(FileKind::SymbolicLink), 10);
    }

    #[test]
    fn attributes_arrive_in_both_records() {
        let status = FileStatus {
            kind: FileKind::CharacterDevice,
            mode: 0o666,
            device_major: 5,
            device_minor: 1,
            device: 0xfe10,
            size: 7,
            ..FileStatus::default()
        };
        assert_eq!(Stat::of(&status).mode, 0o020666);
        assert_eq!(Stat::of(&status).device_number, 0x501);
        assert_eq!(Stat::of(&status).device, 0xfe10);
        let extended = Statx::of(&status);
        assert_eq!((extended.device_major, extended.device_minor), (254, 16));
        assert_eq!((extended.mode, extended.device_number_major), (0o020666, 5));
        assert_eq!(extended.mask, BASIC);
    }
}
