//! Bytes from one file to another without the program: sendfile, copy_file_range.
//!
//! Both go through kernel memory a piece at a time. What was taken from the input and could
//! not be put into the output is put back by position where the input has one.

use alloc::sync::Arc;
use alloc::vec;
use base::{Error, Result};
use mem::transfer::{Sink, Source};
use mem::user::UserPtr;
use object::{File, FileKind, Rights, SeekFrom, StatusFlags};

use super::read_write::{MOST, finish_write, position};
use crate::arguments::Fd;
use crate::call::Call;

/// How much is in flight at once.
const CHUNK: usize = 16 * 1024;

/// One side: a file, at an explicit offset or at its own position.
pub(super) struct Side {
    pub(super) file: Arc<dyn File>,
    offset: Option<u64>,
    pointer: UserPtr<i64>,
}

impl Side {
    pub(super) fn new(file: Arc<dyn File>, pointer: UserPtr<i64>) -> Result<Side> {
        let offset = match pointer.non_null() {
            Some(pointer) => Some(position(pointer.read()?)?),
            None => None,
        };
        Ok(Side {
            file,
            offset,
            pointer,
        })
    }

    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        match self.offset {
            None => self.file.read(&mut Sink::kernel(buffer)),
            Some(offset) => {
                let count = self.file.read_at(offset, &mut Sink::kernel(buffer))?;
                self.offset = Some(offset + count as u64);
                Ok(count)
            }
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        match self.offset {
            None => self.file.write(&mut Source::kernel(bytes)),
            Some(offset) => {
                let count = self.file.write_at(offset, &mut Source::kernel(bytes))?;
                self.offset = Some(offset + count as u64);
                Ok(count)
            }
        }
    }

    /// Gives back bytes that were read and not used.
    pub(super) fn unread(&mut self, count: usize) {
        match &mut self.offset {
            Some(offset) => *offset -= count as u64,
            // A file without a position has lost them; its kind is kept out by the callers.
            None => drop(self.file.seek(SeekFrom::Current(-(count as i64)))),
        }
    }

    /// Where it is.
    fn place(&self) -> Result<u64> {
        match self.offset {
            Some(offset) => Ok(offset),
            None => self.file.seek(SeekFrom::Current(0)),
        }
    }

    /// Tells the program where an explicit offset ended up.
    pub(super) fn finish(&self) -> Result<()> {
        match self.offset {
            Some(offset) => self.pointer.write(&(offset as i64)),
            None => Ok(()),
        }
    }
}

/// Moves up to `buffer`'s length once; how many bytes went over, and whether all that was read did.
fn step(input: &mut Side, output: &mut Side, buffer: &mut [u8]) -> Result<(usize, bool)> {
    let read = input.read(buffer)?;
    if read == 0 {
        return Ok((0, false));
    }
    let written = output
        .write(&buffer[..read])
        .inspect_err(|_| input.unread(read))?;
    if written < read {
        input.unread(read - written);
    }
    Ok((written, written == read))
}

/// Moves up to `count` bytes; stops early at the end of the input or when the output takes less.
fn copy(input: &mut Side, output: &mut Side, count: usize) -> Result<usize> {
    let mut buffer = vec![0; CHUNK.min(count)];
    let mut moved = 0;
    while moved < count {
        let wanted = buffer.len().min(count - moved);
        match step(input, output, &mut buffer[..wanted]) {
            Ok((part, whole)) => {
                moved += part;
                if !whole {
                    break;
                }
            }
            Err(_) if moved > 0 => break,
            Err(error) => return Err(error),
        }
        base::thread::yield_if_needed();
    }
    Ok(moved)
}

/// sendfile(2): the input must be something with positions.
pub(crate) fn sendfile(
    call: &mut Call<'_>,
    output: Fd,
    input: Fd,
    offset: UserPtr<i64>,
    count: usize,
) -> Result<usize> {
    let input = call.file(input, Rights::READ)?;
    let output = call.file(output, Rights::WRITE)?;
    match input.status()?.kind {
        FileKind::Regular | FileKind::BlockDevice | FileKind::CharacterDevice => {}
        FileKind::Fifo | FileKind::Socket if !offset.is_null() => return Err(Error::IllegalSeek),
        _ => return Err(Error::InvalidArgument),
    }
    if output.status_flags().contains(StatusFlags::APPEND) {
        return Err(Error::InvalidArgument);
    }
    let mut input = Side::new(input, offset)?;
    let mut output = Side::new(output, UserPtr::from(0))?;
    let moved = copy(&mut input, &mut output, count.min(MOST));
    let moved = finish_write(call, moved)?;
    input.finish()?;
    Ok(moved)
}

/// copy_file_range(2): between regular files.
pub(crate) fn copy_file_range(
    call: &mut Call<'_>,
    input: Fd,
    input_offset: UserPtr<i64>,
    output: Fd,
    output_offset: UserPtr<i64>,
    count: usize,
    flags: u32,
) -> Result<usize> {
    if flags != 0 {
        return Err(Error::InvalidArgument);
    }
    let (input, output) = (call.handle(input)?, call.handle(output)?);
    let (from, to) = (
        input.file(Rights::empty())?.status()?,
        output.file(Rights::empty())?.status()?,
    );
    if from.kind == FileKind::Directory || to.kind == FileKind::Directory {
        return Err(Error::IsDirectory);
    }
    if from.kind != FileKind::Regular || to.kind != FileKind::Regular {
        return Err(Error::InvalidArgument);
    }
    let input = input.file(Rights::READ)?.clone();
    let output = output.file(Rights::WRITE)?.clone();
    if output.status_flags().contains(StatusFlags::APPEND) {
        return Err(Error::BadHandle);
    }
    if from.device != to.device {
        return Err(Error::CrossDevice);
    }
    // Linux looks whether the sums overflow before it looks whether the offsets are negative.
    for offset in [input_offset, output_offset] {
        if let Some(offset) = offset.non_null()
            && (offset.read()? as u64).checked_add(count as u64).is_none()
        {
            return Err(Error::Overflow);
        }
    }
    let mut input = Side::new(input, input_offset)?;
    let mut output = Side::new(output, output_offset)?;
    let (first, target) = (input.place()?, output.place()?);
    let count = (count as u64).min(from.size.saturating_sub(first));
    if from.inode == to.inode && first.abs_diff(target) < count {
        return Err(Error::InvalidArgument);
    }
    let count = (count as usize).min(MOST);
    let moved = copy(&mut input, &mut output, count)?;
    input.finish()?;
    output.finish()?;
    Ok(moved)
}
