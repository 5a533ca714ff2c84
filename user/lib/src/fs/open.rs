//! Open files.

use super::Metadata;
use crate::io::{self, Read, Seek, SeekFrom, Write};
use crate::os::{AsHandle, OwnedHandle};
use crate::sys;
use scarlet_abi::file::{FileStatus, OpenFlags, SEEK_CURRENT, SEEK_END, SEEK_START};

/// An open file; closed when dropped.
#[derive(Debug)]
pub struct File(OwnedHandle);

impl File {
    /// Opens for reading.
    pub fn open(path: impl AsRef<[u8]>) -> io::Result<File> {
        OpenOptions::new().read(true).open(path)
    }

    /// Opens for writing, emptied or new.
    pub fn create(path: impl AsRef<[u8]>) -> io::Result<File> {
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)
    }

    /// A file from its handle.
    pub fn from_handle(handle: OwnedHandle) -> File {
        File(handle)
    }

    /// The handle inside.
    pub fn into_handle(self) -> OwnedHandle {
        self.0
    }

    /// What is known of it.
    pub fn metadata(&self) -> io::Result<Metadata> {
        let mut record = FileStatus::default();
        sys::handle_status(self.0.handle(), &mut record)?;
        Ok(Metadata::from_record(record))
    }

    /// Reads at an offset, without moving the position.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        Ok(sys::read_at(self.0.handle(), buffer, offset)?)
    }

    /// Writes at an offset, without moving the position.
    pub fn write_at(&self, buffer: &[u8], offset: u64) -> io::Result<usize> {
        Ok(sys::write_at(self.0.handle(), buffer, offset)?)
    }

    /// Sets the length.
    pub fn set_len(&self, length: u64) -> io::Result<()> {
        sys::truncate(self.0.handle(), length)?;
        Ok(())
    }

    /// Waits until the data is safe.
    pub fn sync_all(&self) -> io::Result<()> {
        sys::sync(self.0.handle())?;
        Ok(())
    }
}

impl AsHandle for File {
    fn handle(&self) -> usize {
        self.0.handle()
    }
}

impl Read for File {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for File {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.0.write(buffer)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for File {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        let (offset, origin) = match position {
            SeekFrom::Start(offset) => (offset as i64, SEEK_START),
            SeekFrom::Current(offset) => (offset, SEEK_CURRENT),
            SeekFrom::End(offset) => (offset, SEEK_END),
        };
        Ok(sys::seek(self.0.handle(), offset, origin)? as u64)
    }
}

/// How to open a file.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    flags: OpenFlags,
    mode: u32,
}

impl OpenOptions {
    /// Nothing chosen yet. What is opened is closed when another program starts.
    pub fn new() -> OpenOptions {
        OpenOptions {
            flags: OpenFlags::CLOSE_ON_EXECUTE,
            mode: 0o666,
        }
    }

    /// For reading.
    pub fn read(&mut self, yes: bool) -> &mut OpenOptions {
        self.flags.set(OpenFlags::READ, yes);
        self
    }

    /// For writing.
    pub fn write(&mut self, yes: bool) -> &mut OpenOptions {
        self.flags.set(OpenFlags::WRITE, yes);
        self
    }

    /// For writing at the end.
    pub fn append(&mut self, yes: bool) -> &mut OpenOptions {
        self.flags.set(OpenFlags::WRITE | OpenFlags::APPEND, yes);
        self
    }

    /// Emptied.
    pub fn truncate(&mut self, yes: bool) -> &mut OpenOptions {
        self.flags.set(OpenFlags::TRUNCATE, yes);
        self
    }

    /// Created if it is not there.
    pub fn create(&mut self, yes: bool) -> &mut OpenOptions {
        self.flags.set(OpenFlags::CREATE, yes);
        self
    }

    /// Created, failing if it is there.
    pub fn create_new(&mut self, yes: bool) -> &mut OpenOptions {
        self.flags
            .set(OpenFlags::CREATE | OpenFlags::EXCLUSIVE, yes);
        self
    }

    /// Permission bits of a new file.
    pub fn mode(&mut self, mode: u32) -> &mut OpenOptions {
        self.mode = mode;
        self
    }

    /// Flags of the contract, as they are.
    pub fn flags(&mut self, flags: OpenFlags) -> &mut OpenOptions {
        self.flags |= flags;
        self
    }

    /// Opens.
    pub fn open(&self, path: impl AsRef<[u8]>) -> io::Result<File> {
        Ok(File(OwnedHandle::open(path, self.flags, self.mode)?))
    }
}

impl Default for OpenOptions {
    fn default() -> OpenOptions {
        OpenOptions::new()
    }
}
