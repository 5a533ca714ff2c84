//! Directories as xv6 programs read them: a file of records.

use base::{Error, Result};
use mem::transfer::Sink;
use object::{File, FileKind};
use vfs::OpenFile;
use zerocopy::IntoBytes;

use crate::record::DirectoryRecord;

/// Reads as many whole records as fit; returns how many bytes.
pub(crate) fn read(directory: &OpenFile, into: &mut Sink<'_>) -> Result<usize> {
    if into.remaining() < size_of::<DirectoryRecord>() {
        return Err(Error::InvalidArgument);
    }
    let mut done = 0;
    let mut failure = None;
    // A page at a time goes through the kernel: the directory is locked while it is looked at, and
    // the program's memory may have to be brought in.
    loop {
        let room = (into.remaining() / size_of::<DirectoryRecord>()).min(BATCH);
        let mut records = alloc::vec::Vec::with_capacity(room);
        directory.read_directory(&mut |entry| {
            if records.len() == room {
                return false;
            }
            records.push(DirectoryRecord::new(entry.inode, entry.name));
            true
        })?;
        if records.is_empty() {
            break;
        }
        match into.write(records.as_slice().as_bytes()) {
            Ok(moved) => done += moved,
            Err(error) => failure = Some(error),
        }
        if records.len() < room || failure.is_some() {
            break;
        }
    }
    match failure {
        Some(error) if done == 0 => Err(error),
        _ => Ok(done),
    }
}

const BATCH: usize = 256;

/// How many entries a directory has, `.` and `..` included.
pub(crate) fn count(directory: &OpenFile) -> Result<u64> {
    let mut entries = 2;
    directory.inode().read_directory(0, &mut |_| {
        entries += 1;
        true
    })?;
    Ok(entries)
}

/// The open file as a directory, if it is one.
pub(crate) fn of(file: &dyn File) -> Option<&OpenFile> {
    file.downcast::<OpenFile>()
        .filter(|file| file.inode().kind() == FileKind::Directory)
}
