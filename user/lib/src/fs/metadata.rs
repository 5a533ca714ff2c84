//! What a file is.

use crate::time::SystemTime;
use scarlet_abi::file::{FileKind, FileStatus};

/// Permission bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Permissions(u32);

impl Permissions {
    /// From the bits.
    pub fn from_mode(mode: u32) -> Permissions {
        Permissions(mode)
    }

    /// The bits.
    pub fn mode(&self) -> u32 {
        self.0
    }
}

/// What kind of file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FileType(FileKind);

impl FileType {
    pub(super) fn from_number(number: u32) -> FileType {
        FileType(FileKind::from_number(number))
    }

    /// The kind itself.
    pub fn kind(&self) -> FileKind {
        self.0
    }

    /// Whether it is a directory.
    pub fn is_dir(&self) -> bool {
        self.0 == FileKind::Directory
    }

    /// Whether it holds bytes.
    pub fn is_file(&self) -> bool {
        self.0 == FileKind::Regular
    }

    /// Whether it is a symbolic link.
    pub fn is_symlink(&self) -> bool {
        self.0 == FileKind::SymbolicLink
    }

    /// The letter with which long listings begin.
    pub fn letter(&self) -> char {
        match self.0 {
            FileKind::Directory => 'd',
            FileKind::SymbolicLink => 'l',
            FileKind::CharacterDevice => 'c',
            FileKind::BlockDevice => 'b',
            FileKind::Fifo => 'p',
            FileKind::Socket => 's',
            FileKind::Regular => '-',
            FileKind::Unknown => '?',
        }
    }
}

/// What is known of a file.
#[derive(Clone, Copy, Debug)]
pub struct Metadata(FileStatus);

impl Metadata {
    pub(super) fn from_record(record: FileStatus) -> Metadata {
        Metadata(record)
    }

    /// Its kind.
    pub fn file_type(&self) -> FileType {
        FileType::from_number(self.0.kind)
    }

    /// Whether it is a directory.
    pub fn is_dir(&self) -> bool {
        self.file_type().is_dir()
    }

    /// Whether it holds bytes.
    pub fn is_file(&self) -> bool {
        self.file_type().is_file()
    }

    /// Whether it is a symbolic link.
    pub fn is_symlink(&self) -> bool {
        self.file_type().is_symlink()
    }

    /// Its length in bytes.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> u64 {
        self.0.length
    }

    /// Its permission bits.
    pub fn permissions(&self) -> Permissions {
        Permissions(self.0.mode & 0o7777)
    }

    /// When it was last written.
    pub fn modified(&self) -> SystemTime {
        SystemTime::from_nanos(self.0.modified_ns)
    }

    /// Whether it is the same file as another.
    pub fn is_same_file(&self, other: &Metadata) -> bool {
        self.0.inode == other.0.inode && self.0.device == other.0.device
    }

    /// Everything, as the kernel told it.
    pub fn record(&self) -> &FileStatus {
        &self.0
    }
}
