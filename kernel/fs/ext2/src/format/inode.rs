//! Inodes: 128 bytes that every revision has, and more behind them where inodes are larger.

use object::{FileKind, Timestamp};
use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// Bytes that every inode has.
pub const SIZE: usize = 128;
/// A flag of directories: there is a hash index.
pub const FLAG_INDEX: u32 = 0x1000;
/// Flag: nothing may be changed.
pub const FLAG_IMMUTABLE: u32 = 0x10;
/// Flag of ext4: the map is a tree of extents.
pub const FLAG_EXTENTS: u32 = 0x8_0000;
/// Flag: bytes may only be appended.
pub const FLAG_APPEND: u32 = 0x20;

/// The bytes that every inode has, as they lie on the disk.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
#[allow(missing_docs, reason = "the names are the format's own")]
pub struct Raw {
    pub mode: U16,
    pub uid: U16,
    pub size: U32,
    pub access_time: U32,
    pub change_time: U32,
    pub modification_time: U32,
    pub deletion_time: U32,
    pub gid: U16,
    pub links: U16,
    pub sectors: U32,
    pub flags: U32,
    pub version: U32,
    pub map: [U32; 15],
    pub generation: U32,
    pub attributes: U32,
    pub size_high: U32,
    pub fragment: U32,
    pub sectors_high: U16,
    pub attributes_high: U16,
    pub uid_high: U16,
    pub gid_high: U16,
    pub checksum: U16,
    pub reserved: U16,
}

/// What follows them: times to the nanosecond, and when the inode was made.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Extra {
    size: U16,
    checksum_high: U16,
    change: U32,
    modification: U32,
    access: U32,
    birth_time: U32,
    birth: U32,
}

/// How many bytes of [`Extra`] have to be in use for each time to have its nanoseconds.
const EXTRA_CHANGE: u16 = 8;
const EXTRA_MODIFICATION: u16 = 12;
const EXTRA_ACCESS: u16 = 16;
const EXTRA_BIRTH: u16 = 24;

/// An inode, understood.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Kind and permissions, as on the disk.
    pub mode: u16,
    /// The owner.
    pub uid: u32,
    /// The owning group.
    pub gid: u32,
    /// Bytes.
    pub size: u64,
    /// Names; 0 for an inode that is dead.
    pub links: u16,
    /// Sectors of 512 bytes that it takes, those of its map included.
    pub sectors: u32,
    /// Flags.
    pub flags: u32,
    /// Its map; of a link, the body if it is short; of a device, its number.
    pub map: [u32; 15],
    /// Counts the files that had this number.
    pub generation: u32,
    /// The block of its extended attributes, or 0.
    pub attributes: u32,
    /// When it died; while it is in the list of orphans, the next one's number.
    pub deletion_time: u32,
    /// Last read.
    pub access_time: Timestamp,
    /// Last change of bytes.
    pub modification_time: Timestamp,
    /// Last change of attributes.
    pub change_time: Timestamp,
    /// When it was made; zero where the inode has no room for it.
    pub birth_time: Timestamp,
    /// How many bytes behind the first 128 are in use.
    pub extra_size: u16,
    /// What the checksums of its blocks begin with, where there are any; not part of the record.
    pub checksum_seed: u32,
}

/// The kind that a mode says; [`None`] if it says nothing.
pub fn kind_of(mode: u16) -> Option<FileKind> {
    Some(match mode >> 12 {
        1 => FileKind::Fifo,
        2 => FileKind::CharacterDevice,
        4 => FileKind::Directory,
        6 => FileKind::BlockDevice,
        8 => FileKind::Regular,
        10 => FileKind::SymbolicLink,
        12 => FileKind::Socket,
        _ => return None,
    })
}

/// The upper bits of a mode.
pub fn mode_of(kind: FileKind) -> u16 {
    let code: u16 = match kind {
        FileKind::Fifo => 1,
        FileKind::CharacterDevice => 2,
        FileKind::Directory => 4,
        FileKind::BlockDevice => 6,
        FileKind::Regular | FileKind::Anonymous => 8,
        FileKind::SymbolicLink => 10,
        FileKind::Socket => 12,
    };
    code << 12
}

fn time(seconds: U32, extra: u32) -> Timestamp {
    let seconds = i64::from(seconds.get().cast_signed()) + (i64::from(extra & 3) << 32);
    let nanoseconds = (extra >> 2).min(999_999_999);
    Timestamp {
        seconds,
        nanoseconds,
    }
}

/// The nearest moment that a record can say: 32 signed bits of seconds; behind them, where there is room, two more bits
/// and the nanoseconds.
#[inline]
fn nearest(time: Timestamp, has_extra: bool) -> Timestamp {
    let low = i64::from(i32::MIN);
    let high = match has_extra {
        true => i64::from(i32::MAX) + (3 << 32),
        false => i64::from(i32::MAX),
    };
    let seconds = time.seconds.clamp(low, high);
    // The first and the last second have no parts, as on Linux.
    let nanoseconds = match has_extra && seconds != low && seconds != high {
        true => time.nanoseconds,
        false => 0,
    };
    Timestamp {
        seconds,
        nanoseconds,
    }
}

/// A moment's place in the record.
fn split(time: Timestamp, has_extra: bool) -> (U32, U32) {
    let time = nearest(time, has_extra);
    let seconds = time.seconds;
    let below = i64::from(seconds as i32);
    let epoch = ((seconds - below) >> 32) as u32 & 3;
    (
        U32::new(seconds as u32),
        U32::new(time.nanoseconds << 2 | epoch),
    )
}

impl Record {
    /// A moment as this inode will have it when it has been stored and read again, which is what it shows from the start.
    #[inline]
    pub fn kept(&self, moment: Timestamp) -> Timestamp {
        nearest(moment, self.extra_size >= EXTRA_ACCESS)
    }

    /// All its times, when it is made.
    pub fn set_born(&mut self, now: Timestamp) {
        let now = self.kept(now);
        self.access_time = now;
        self.modification_time = now;
        self.change_time = now;
        // Where there is no room for it, it is not known later either.
        if self.extra_size >= EXTRA_BIRTH {
            self.birth_time = now;
        }
    }

    /// The inode in its bytes, all that the table has for it.
    pub fn read(bytes: &[u8]) -> Option<Record> {
        let (raw, rest) = Raw::read_from_prefix(bytes).ok()?;
        let mut extra = Extra::read_from_prefix(rest).ok().map(|(extra, _)| extra);
        let extra_size = extra.map_or(0, |extra| extra.size.get());
        if usize::from(extra_size) > rest.len() {
            extra = None;
        }
        let part = |needed: u16, of: fn(&Extra) -> U32| match &extra {
            Some(extra) if extra_size >= needed => of(extra).get(),
            _ => 0,
        };
        let join = |low: U16, high: U16| u32::from(low.get()) | u32::from(high.get()) << 16;
        let mode = raw.mode.get();
        let mut size = u64::from(raw.size.get());
        if kind_of(mode) == Some(FileKind::Regular) {
            size |= u64::from(raw.size_high.get()) << 32;
        }
        let birth_time = match &extra {
            Some(extra) if extra_size >= EXTRA_BIRTH => time(extra.birth_time, extra.birth.get()),
            _ => Timestamp::default(),
        };
        Some(Record {
            mode,
            uid: join(raw.uid, raw.uid_high),
            gid: join(raw.gid, raw.gid_high),
            size,
            links: raw.links.get(),
            sectors: raw.sectors.get(),
            flags: raw.flags.get(),
            map: raw.map.map(|number| number.get()),
            generation: raw.generation.get(),
            attributes: raw.attributes.get(),
            deletion_time: raw.deletion_time.get(),
            access_time: time(raw.access_time, part(EXTRA_ACCESS, |extra| extra.access)),
            modification_time: time(
                raw.modification_time,
                part(EXTRA_MODIFICATION, |extra| extra.modification),
            ),
            change_time: time(raw.change_time, part(EXTRA_CHANGE, |extra| extra.change)),
            birth_time,
            extra_size: if extra.is_some() { extra_size } else { 0 },
            checksum_seed: 0,
        })
    }

    /// Puts it into its bytes; what it does not know of stays as it is. `new` wipes them first.
    pub fn write(&self, bytes: &mut [u8], new: bool) {
        if new {
            bytes.fill(0);
        }
        let has = |needed: u16| self.extra_size >= needed;
        let (access, access_extra) = split(self.access_time, has(EXTRA_ACCESS));
        let (modification, modification_extra) =
            split(self.modification_time, has(EXTRA_MODIFICATION));
        let (change, change_extra) = split(self.change_time, has(EXTRA_CHANGE));
        let Ok((raw, rest)) = Raw::mut_from_prefix(bytes) else {
            return;
        };
        raw.mode = U16::new(self.mode);
        raw.uid = U16::new(self.uid as u16);
        raw.uid_high = U16::new((self.uid >> 16) as u16);
        raw.gid = U16::new(self.gid as u16);
        raw.gid_high = U16::new((self.gid >> 16) as u16);
        raw.size = U32::new(self.size as u32);
        if kind_of(self.mode) == Some(FileKind::Regular) {
            raw.size_high = U32::new((self.size >> 32) as u32);
        }
        raw.links = U16::new(self.links);
        raw.sectors = U32::new(self.sectors);
        raw.flags = U32::new(self.flags);
        raw.map = self.map.map(U32::new);
        raw.generation = U32::new(self.generation);
        raw.attributes = U32::new(self.attributes);
        raw.deletion_time = U32::new(self.deletion_time);
        raw.access_time = access;
        raw.modification_time = modification;
        raw.change_time = change;
        if self.extra_size == 0 || usize::from(self.extra_size) > rest.len() {
            return;
        }
        let Ok((extra, _)) = Extra::mut_from_prefix(rest) else {
            return;
        };
        extra.size = U16::new(self.extra_size);
        if has(EXTRA_CHANGE) {
            extra.change = change_extra;
        }
        if has(EXTRA_MODIFICATION) {
            extra.modification = modification_extra;
        }
        if has(EXTRA_ACCESS) {
            extra.access = access_extra;
        }
        if has(EXTRA_BIRTH) {
            (extra.birth_time, extra.birth) = split(self.birth_time, true);
        }
    }

    /// The kind, if the mode says one.
    pub fn kind(&self) -> Option<FileKind> {
        kind_of(self.mode)
    }

    /// The device that a device node stands for, as major and minor number: eight bits each in the first word of the
    /// map, or more of them in the second.
    pub fn device(&self) -> (u32, u32) {
        let (old, new) = (self.map[0], self.map[1]);
        if old != 0 {
            return (old >> 8 & 0xff, old & 0xff);
        }
        (new >> 8 & 0xfff, (new & 0xff) | (new >> 12 & 0xf_ff00))
    }

    /// Notes the device; whether the numbers have room.
    pub fn set_device(&mut self, major: u32, minor: u32) -> bool {
        if major > 0xfff || minor > 0xf_ffff {
            return false;
        }
        if major < 256 && minor < 256 {
            self.map[0] = major << 8 | minor;
        } else {
            self.map[1] = (minor & 0xff) | major << 8 | (minor & !0xff) << 12;
        }
        true
    }

    /// The map's bytes: of a short link the body, of a file of ext4 the root of its extents.
    pub fn map_bytes(&self) -> [u8; 60] {
        let mut body = [0; 60];
        for (place, number) in body.as_chunks_mut::<4>().0.iter_mut().zip(self.map) {
            *place = number.to_le_bytes();
        }
        body
    }

    /// Puts a link's body of at most 59 bytes into the map.
    pub fn set_fast_body(&mut self, body: &[u8]) {
        let mut bytes = [0; 60];
        for (place, byte) in bytes.iter_mut().zip(body) {
            *place = *byte;
        }
        for (number, place) in self.map.iter_mut().zip(bytes.as_chunks::<4>().0) {
            *number = u32::from_le_bytes(*place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inode_is_read_as_it_was_written() {
        for extra_size in [0, 32] {
            let precise = |seconds| Timestamp {
                seconds,
                nanoseconds: if extra_size == 0 { 0 } else { 123_456_789 },
            };
            let record = Record {
                mode: 0o100_644,
                uid: 70_000,
                gid: 5,
                size: 5 << 32 | 17,
                links: 3,
                map: core::array::from_fn(|index| index as u32),
                access_time: precise(-5),
                modification_time: precise(2_000_000_000),
                change_time: precise(if extra_size == 0 { 7 } else { 8_000_000_000 }),
                birth_time: if extra_size == 0 {
                    Timestamp::default()
                } else {
                    precise(9)
                },
                extra_size,
                ..Record::default()
            };
            let mut bytes = [0xaa; 256];
            let room = if extra_size == 0 { 128 } else { 256 };
            record.write(&mut bytes[..room], true);
            assert_eq!(Record::read(&bytes[..room]), Some(record));
        }
    }

    #[test]
    fn devices_keep_their_numbers() {
        for (major, minor) in [(5, 1), (8, 255), (259, 3), (4, 300), (0xfff, 0xf_ffff)] {
            let mut record = Record::default();
            assert!(record.set_device(major, minor));
            assert_eq!(record.device(), (major, minor));
        }
        assert!(!Record::default().set_device(0x1000, 0));
    }
}
