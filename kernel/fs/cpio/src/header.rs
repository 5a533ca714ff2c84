//! The newc format: one entry after another.
//!
//! ```text
//! 070701 ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize check
//! name NUL …padding to 4… data …padding to 4…
//! ```
//! Each number is eight hexadecimal digits. The name `TRAILER!!!` ends an archive; zero bytes and
//! further archives may follow it. A name may have more than one NUL behind it: that is how image
//! builders move data to a page boundary. (Linux: Documentation/driver-api/early-userspace/
//! buffer-format.rst.)

use alloc::vec;
use alloc::vec::Vec;

use object::FileKind;

use crate::error::{ArchiveError, Reason};
use crate::source::Source;

/// Bytes of a header.
pub const HEADER_LENGTH: usize = 110;

const MAGIC: &[u8; 6] = b"070701";
/// The same with checksums, which nobody makes; the checksum is not looked at.
const MAGIC_WITH_CHECKSUM: &[u8; 6] = b"070702";
const TRAILER: &[u8] = b"TRAILER!!!";
const FIELDS: usize = 13;

/// The most that a name field may hold: a path, and padding up to a page boundary and one page.
const NAME_FIELD_MAX: usize = vfs::PATH_MAX + 2 * hal::PAGE_SIZE;

/// One entry's header, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where the header begins.
    pub offset: usize,
    /// The name, as it stands in the archive, without NULs.
    pub name: Vec<u8>,
    /// What it is.
    pub kind: FileKind,
    /// Permission bits with set-id and sticky bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Modification time, in seconds since 1970.
    pub modification_time: u32,
    /// How many names the file has in the archive.
    pub links: u32,
    /// Device and inode number in the archive: what tells hard links.
    pub identity: (u32, u32, u32),
    /// Major number of a device node.
    pub device_major: u32,
    /// Minor number of a device node.
    pub device_minor: u32,
    /// Where the data begins.
    pub data: usize,
    /// Bytes of data.
    pub size: usize,
    /// Where the next header begins.
    pub next: usize,
}

/// What stands at an offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// An entry.
    Entry(Entry),
    /// The end of an archive; the next one, if any, begins at or after this offset.
    Trailer(usize),
}

/// Understands what stands at `offset`.
pub fn parse(archive: &(impl Source + ?Sized), offset: usize) -> Result<Parsed, ArchiveError> {
    let fail = |reason| ArchiveError { offset, reason };
    let mut header = [0; HEADER_LENGTH];
    let length = archive.read(offset, &mut header);
    if length == 0 {
        return Err(fail(Reason::NoTrailer));
    }
    check_magic(&header, length).map_err(fail)?;
    if length < HEADER_LENGTH {
        return Err(fail(Reason::TruncatedHeader));
    }
    let fields = numbers(&header).map_err(fail)?;
    let [
        ino,
        mode,
        uid,
        gid,
        links,
        modification_time,
        size,
        major,
        minor,
        device_major,
        device_minor,
        name_length,
        _check,
    ] = fields;
    let name_length = name_length as usize;
    if name_length == 0 || name_length > NAME_FIELD_MAX {
        return Err(fail(Reason::BadNameLength));
    }
    let name_offset = offset
        .checked_add(HEADER_LENGTH)
        .ok_or(fail(Reason::TruncatedName))?;
    let data = padded(name_offset, name_length).ok_or(fail(Reason::TruncatedName))?;
    let name = name(archive, name_offset, name_length).map_err(fail)?;
    let size = size as usize;
    if name == TRAILER {
        return Ok(Parsed::Trailer(
            padded(data, size).ok_or(fail(Reason::TruncatedData))?,
        ));
    }
    let end = data.checked_add(size).ok_or(fail(Reason::TruncatedData))?;
    if end > archive.len() {
        return Err(fail(Reason::TruncatedData));
    }
    let kind = kind_of(mode).ok_or(fail(Reason::BadKind))?;
    let next = padded(data, size).ok_or(fail(Reason::TruncatedData))?;
    Ok(Parsed::Entry(Entry {
        offset,
        name,
        kind,
        mode: mode & vfs::MODE_BITS,
        uid,
        gid,
        modification_time,
        links,
        identity: (major, minor, ino),
        device_major,
        device_minor,
        data,
        size,
        next,
    }))
}

/// Where the next archive begins at or after `offset`, skipping zero bytes; `None` at the end.
pub fn next_archive(archive: &(impl Source + ?Sized), mut offset: usize) -> Option<usize> {
    let mut chunk = [0; 512];
    loop {
        let length = archive.read(offset, &mut chunk);
        if length == 0 {
            return None;
        }
        let found = chunk.iter().take(length).position(|&byte| byte != 0);
        match found {
            Some(at) => return offset.checked_add(at),
            None => offset = offset.checked_add(length)?,
        }
    }
}

fn check_magic(header: &[u8; HEADER_LENGTH], length: usize) -> Result<(), Reason> {
    let begin = header.get(..length.min(MAGIC.len())).unwrap_or_default();
    if begin == MAGIC || begin == MAGIC_WITH_CHECKSUM {
        return Ok(());
    }
    if length < MAGIC.len() && MAGIC.starts_with(begin) {
        return Err(Reason::TruncatedHeader);
    }
    // gzip, xz, zstd, bzip2, lzma, lz4 (legacy): the ones that Linux takes.
    let compressed: [&[u8]; 6] = [
        b"\x1f\x8b",
        b"\xfd7zXZ",
        b"\x28\xb5\x2f\xfd",
        b"BZh",
        b"\x5d\x00\x00",
        b"\x02\x21\x4c\x18",
    ];
    let compressed = compressed.iter().any(|mark| header.starts_with(mark));
    Err(if compressed {
        Reason::Compressed
    } else {
        Reason::BadMagic
    })
}

fn numbers(header: &[u8; HEADER_LENGTH]) -> Result<[u32; FIELDS], Reason> {
    let mut fields = [0; FIELDS];
    let digits = header.get(MAGIC.len()..).unwrap_or_default();
    for (index, (field, digits)) in fields.iter_mut().zip(digits.chunks_exact(8)).enumerate() {
        for &digit in digits {
            // Not `from_str_radix`: that takes a sign.
            let value = char::from(digit)
                .to_digit(16)
                .ok_or(Reason::BadNumber(index as u8))?;
            *field = *field << 4 | value;
        }
    }
    Ok(fields)
}

fn name(archive: &(impl Source + ?Sized), offset: usize, length: usize) -> Result<Vec<u8>, Reason> {
    // The padding is not read: it may be a page long.
    let mut name = vec![0; length.min(vfs::PATH_MAX)];
    if archive.read(offset, &mut name) < name.len() {
        return Err(Reason::TruncatedName);
    }
    let end = offset.checked_add(length).ok_or(Reason::TruncatedName)?;
    if end > archive.len() {
        return Err(Reason::TruncatedName);
    }
    let text = name
        .iter()
        .position(|&byte| byte == 0)
        .ok_or(Reason::BadNameEnd)?;
    if name.iter().skip(text).any(|&byte| byte != 0) {
        return Err(Reason::BadNameEnd);
    }
    if text == 0 {
        return Err(Reason::BadNameLength);
    }
    name.truncate(text);
    Ok(name)
}

/// `offset + length`, up to the next multiple of four.
fn padded(offset: usize, length: usize) -> Option<usize> {
    offset.checked_add(length)?.checked_next_multiple_of(4)
}

fn kind_of(mode: u32) -> Option<FileKind> {
    Some(match mode & 0o170_000 {
        0o100_000 => FileKind::Regular,
        0o040_000 => FileKind::Directory,
        0o120_000 => FileKind::SymbolicLink,
        0o020_000 => FileKind::CharacterDevice,
        0o060_000 => FileKind::BlockDevice,
        0o010_000 => FileKind::Fifo,
        0o140_000 => FileKind::Socket,
        _ => return None,
    })
}
