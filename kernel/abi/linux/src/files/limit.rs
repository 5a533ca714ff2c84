//! `RLIMIT_FSIZE`: how far a program may write into a regular file.
//!
//! What lies below the limit is written; a write that begins at or beyond it is `EFBIG`, and the event
//! for it goes to the caller (setrlimit(2)).

use base::{Error, Result};
use object::{File, FileKind, SeekFrom, StatusFlags};

use crate::call::Call;

/// How many of `length` bytes may be written at `offset`, or at the file's own position.
#[inline]
pub(super) fn room(
    call: &Call<'_>,
    file: &dyn File,
    offset: Option<u64>,
    length: usize,
) -> Result<usize> {
    let limit = call.process().file_size_limit();
    if limit == proc::UNLIMITED || length == 0 {
        return Ok(length);
    }
    room_below(limit, call, file, offset, length)
}

/// The same for a process that has a limit.
#[inline(never)]
fn room_below(
    limit: u64,
    call: &Call<'_>,
    file: &dyn File,
    offset: Option<u64>,
    length: usize,
) -> Result<usize> {
    let status = file.status()?;
    if status.kind != FileKind::Regular {
        return Ok(length);
    }
    let start = match offset {
        _ if file.status_flags().contains(StatusFlags::APPEND) => status.size,
        Some(offset) => offset,
        None => file.seek(SeekFrom::Current(0))?,
    };
    if start >= limit {
        return Err(refuse(call));
    }
    Ok(length.min(usize::try_from(limit - start).unwrap_or(usize::MAX)))
}

/// Refuses to make a file longer than it may be.
pub(super) fn check_length(call: &Call<'_>, length: u64) -> Result<()> {
    if length > call.process().file_size_limit() {
        Err(refuse(call))
    } else {
        Ok(())
    }
}

fn refuse(call: &Call<'_>) -> Error {
    crate::signal::send::raise(call.task, proc::Event::FILE_LIMIT);
    Error::FileTooLarge
}
