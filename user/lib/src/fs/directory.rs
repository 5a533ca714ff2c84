//! What is in a directory.

use super::{FileType, Metadata, symlink_metadata};
use crate::io;
use crate::os::{AsHandle, OwnedHandle};
use crate::sys;
use alloc::string::String;
use alloc::vec::Vec;
use scarlet_abi::file::{DirectoryEntry, OpenFlags};
use zerocopy::FromBytes;

const BUFFER: usize = 8 * 1024;

/// One name in a directory.
#[derive(Clone, Debug)]
pub struct DirEntry {
    directory: Vec<u8>,
    name: Vec<u8>,
    kind: FileType,
    inode: u64,
}

impl DirEntry {
    /// The name.
    pub fn file_name(&self) -> &[u8] {
        &self.name
    }

    /// The name as text.
    pub fn name_text(&self) -> String {
        String::from_utf8_lossy(&self.name).into_owned()
    }

    /// The directory's path with the name.
    pub fn path(&self) -> Vec<u8> {
        crate::path::join(&self.directory, &self.name)
    }

    /// Its kind, a symbolic link being itself.
    pub fn file_type(&self) -> FileType {
        self.kind
    }

    /// Its number within its file system.
    pub fn inode(&self) -> u64 {
        self.inode
    }

    /// What is known of it, a symbolic link being itself.
    pub fn metadata(&self) -> io::Result<Metadata> {
        symlink_metadata(self.path())
    }
}

/// The names of a directory, without `.` and `..`.
pub struct ReadDir {
    handle: OwnedHandle,
    directory: Vec<u8>,
    buffer: Vec<u8>,
    position: usize,
    filled: usize,
}

/// Reads a directory.
pub fn read_dir(path: impl AsRef<[u8]>) -> io::Result<ReadDir> {
    let flags = OpenFlags::READ | OpenFlags::DIRECTORY | OpenFlags::CLOSE_ON_EXECUTE;
    let handle = OwnedHandle::open(path.as_ref(), flags, 0)?;
    let buffer = alloc::vec![0; BUFFER];
    Ok(ReadDir {
        handle,
        directory: path.as_ref().to_vec(),
        buffer,
        position: 0,
        filled: 0,
    })
}

impl ReadDir {
    fn step(&mut self) -> io::Result<Option<DirEntry>> {
        loop {
            if self.position >= self.filled {
                self.position = 0;
                self.filled = sys::read_directory(self.handle.handle(), &mut self.buffer)?;
                if self.filled == 0 {
                    return Ok(None);
                }
            }
            let rest = &self.buffer[self.position..self.filled];
            let bad = || io::Error::other("the directory's records are damaged");
            let (head, names) = DirectoryEntry::read_from_prefix(rest).map_err(|_| bad())?;
            let name = names.get(..head.name_length as usize).ok_or_else(bad)?;
            if head.length == 0 {
                return Err(bad());
            }
            self.position += head.length as usize;
            if name != b"." && name != b".." {
                return Ok(Some(DirEntry {
                    directory: self.directory.clone(),
                    name: name.to_vec(),
                    kind: FileType::from_number(head.kind),
                    inode: head.inode,
                }));
            }
        }
    }
}

impl Iterator for ReadDir {
    type Item = io::Result<DirEntry>;
    fn next(&mut self) -> Option<io::Result<DirEntry>> {
        self.step().transpose()
    }
}
