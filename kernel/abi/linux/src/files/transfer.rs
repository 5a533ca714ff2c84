//! Bytes from one file to another without the program: sendfile, copy_file_range, splice.
//!
//! All three go through a page of kernel memory at a time. What was taken from the input and could
//! not be put into the output is put back by position where the input has one; a pipe's bytes are
//! taken only when the output can take them.

use alloc::sync::Arc;
use alloc::vec;
use base::{Error, Result};
use mem::transfer::{Sink, Source};
use mem::user::UserPtr;
use object::{File, FileKind, Ready, Rights, SeekFrom, StatusFlags};

use super::read_write::{MOST, finish_write, position};
use crate::arguments::{Fd, flags_argument};
use crate::call::Call;

flags_argument! {
    /// `SPLICE_F_*`.
    pub struct SpliceFlags: u32 {
        /// Move pages instead of copying: a hint.
        const MOVE = 1;
        /// Do not wait for a pipe.
        const NONBLOCK = 2;
        /// More will follow: a hint.
        const MORE = 4;
        /// Unused by splice.
        const GIFT = 8;
    }
}

/// How much is in flight at once.
const CHUNK: usize = 16 * 1024;

/// One side: a file, at an explicit offset or at its own position.
struct Side {
    file: Arc<dyn File>,
    offset: Option<u64>,
    pointer: UserPtr<i64>,
}

impl Side {
    fn new(file: Arc<dyn File>, pointer: UserPtr<i64>) -> Result<Side> {
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

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        match self.offset {
            None => self.file.read(&mut Sink::kernel(buffer)),
            Some(offset) => {
                let count = self.file.read_at(offset, &mut Sink::kernel(buffer))?;
                self.offset = Some(offset + count as u64);
                Ok(count)
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
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
    fn unread(&mut self, count: usize) {
        match &mut self.offset {
            Some(offset) => *offset -= count as u64,
            // A file without a position has lost them; its kind is kept out by the callers.
            None => drop(self.file.seek(SeekFrom::Current(-(count as i64)))),
        }
    }

    /// Tells the program where an explicit offset ended up.
    fn finish(&self) -> Result<()> {
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
    let kind = input.status()?.kind;
    if !matches!(kind, FileKind::Regular | FileKind::BlockDevice) {
        return Err(Error::InvalidArgument);
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
    let input = call.file(input, Rights::READ)?;
    let output = call.file(output, Rights::WRITE)?;
    let (from, to) = (input.status()?, output.status()?);
    if from.kind == FileKind::Directory || to.kind == FileKind::Directory {
        return Err(Error::IsDirectory);
    }
    if from.kind != FileKind::Regular || to.kind != FileKind::Regular {
        return Err(Error::InvalidArgument);
    }
    if output.status_flags().contains(StatusFlags::APPEND) {
        return Err(Error::BadHandle);
    }
    let count = count.min(MOST);
    let same = from.device == to.device && from.inode == to.inode;
    let mut input = Side::new(input, input_offset)?;
    let mut output = Side::new(output, output_offset)?;
    if same {
        let start = |side: &Side| match side.offset {
            Some(offset) => Ok(offset),
            None => side.file.seek(SeekFrom::Current(0)),
        };
        if start(&input)?.abs_diff(start(&output)?) < count as u64 {
            return Err(Error::InvalidArgument);
        }
    }
    let moved = copy(&mut input, &mut output, count)?;
    input.finish()?;
    output.finish()?;
    Ok(moved)
}

/// splice(2): one side at least is a pipe.
pub(crate) fn splice(
    call: &mut Call<'_>,
    input: Fd,
    input_offset: UserPtr<i64>,
    output: Fd,
    output_offset: UserPtr<i64>,
    count: usize,
    flags: SpliceFlags,
) -> Result<usize> {
    let input = call.file(input, Rights::READ)?;
    let output = call.file(output, Rights::WRITE)?;
    let from_pipe = input.status()?.kind == FileKind::Fifo;
    let to_pipe = output.status()?.kind == FileKind::Fifo;
    if !from_pipe && !to_pipe {
        return Err(Error::InvalidArgument);
    }
    if (from_pipe && !input_offset.is_null()) || (to_pipe && !output_offset.is_null()) {
        return Err(Error::IllegalSeek);
    }
    if count == 0 {
        return Ok(0);
    }
    let nonblocking = flags.contains(SpliceFlags::NONBLOCK);
    let would_wait =
        |file: &Arc<dyn File>, ready| !file.poll(ready, None).intersects(ready | Ready::ALWAYS);
    if nonblocking
        && ((from_pipe && would_wait(&input, Ready::READ))
            || (to_pipe && would_wait(&output, Ready::WRITE)))
    {
        return Err(Error::WouldBlock);
    }
    let mut input = Side::new(input, input_offset)?;
    let mut output = Side::new(output, output_offset)?;
    // One turn: what a pipe holds now, or what it takes now. A second read could wait for ever.
    let mut buffer = vec![0; CHUNK.min(count)];
    let moved = step(&mut input, &mut output, &mut buffer).map(|(moved, _)| moved);
    let moved = finish_write(call, moved)?;
    input.finish()?;
    output.finish()?;
    Ok(moved)
}
