//! The records that programs and the kernel exchange, as they lie in memory.

use object::{FileKind, FileStatus};
use zerocopy::{Immutable, IntoBytes};

use crate::limits::NAME;

/// What `fstat` fills in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoBytes, Immutable)]
#[repr(C)]
pub(crate) struct Status {
    device: i32,
    inode: u32,
    kind: i16,
    links: i16,
    padding: u32,
    size: u64,
}

/// One entry of a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoBytes, Immutable)]
#[repr(C)]
pub(crate) struct DirectoryRecord {
    inode: u16,
    name: [u8; NAME],
}

const KIND_DIRECTORY: i16 = 1;
const KIND_FILE: i16 = 2;
const KIND_DEVICE: i16 = 3;

impl Status {
    /// The record of a file; `entries` counts a directory's.
    pub(crate) fn new(status: &FileStatus, entries: u64) -> Self {
        let (kind, links, size) = match status.kind {
            // xv6 does not count a directory's own ".".
            FileKind::Directory => (
                KIND_DIRECTORY,
                status.links.saturating_sub(1),
                entries * size_of::<DirectoryRecord>() as u64,
            ),
            FileKind::CharacterDevice | FileKind::BlockDevice => {
                (KIND_DEVICE, status.links, status.size)
            }
            _ => (KIND_FILE, status.links, status.size),
        };
        Self {
            device: status.device as i32,
            inode: u32::from(short_inode(status.inode)),
            kind,
            links: i16::try_from(links).unwrap_or(i16::MAX),
            padding: 0,
            size,
        }
    }
}

impl DirectoryRecord {
    /// The record of a name; a longer one is cut, as every use of it will be.
    pub(crate) fn new(inode: u64, name: &[u8]) -> Self {
        let mut record = Self {
            inode: short_inode(inode),
            name: [0; NAME],
        };
        let length = name.len().min(NAME);
        record.name[..length].copy_from_slice(&name[..length]);
        record
    }
}

/// An inode number in sixteen bits that is never 0, which would mean an empty record. Two files
/// may share one: programs only compare it with 0.
fn short_inode(inode: u64) -> u16 {
    (inode.wrapping_sub(1) % u64::from(u16::MAX)) as u16 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_have_xv6s_sizes() {
        assert_eq!(size_of::<Status>(), 24);
        assert_eq!(size_of::<DirectoryRecord>(), 16);
    }

    #[test]
    fn no_inode_number_looks_like_an_empty_record() {
        for inode in [0, 1, 65_534, 65_535, 65_536, 131_070, u64::MAX] {
            assert_ne!(short_inode(inode), 0, "{inode}");
        }
        assert_eq!(short_inode(7), 7);
    }

    #[test]
    fn long_names_are_cut() {
        let record = DirectoryRecord::new(3, b"0123456789abcdefgh");
        assert_eq!(&record.as_bytes()[2..], b"0123456789abcd");
        let record = DirectoryRecord::new(3, b"cat");
        assert_eq!(&record.as_bytes()[..6], &[3, 0, b'c', b'a', b't', 0]);
    }

    #[test]
    fn a_directory_counts_as_xv6_counts() {
        let status = FileStatus {
            kind: FileKind::Directory,
            links: 3,
            inode: 9,
            ..FileStatus::default()
        };
        let record = Status::new(&status, 5);
        assert_eq!((record.kind, record.links, record.size), (1, 2, 80));
    }
}
