//! splice, tee and vmsplice: bytes through pipes without going through the program.
//!
//! One call moves what a pipe holds now, or what it has room for now: a second turn could wait for
//! ever. Bytes are copied, whatever the hints say; what the output does not take stays in the pipe.

use alloc::sync::Arc;
use alloc::vec;
use base::{Error, Result};
use ipc::channel::Channel;
use ipc::pipe::PipeFile;
use mem::transfer::{Sink, Source};
use mem::user::UserPtr;
use object::{File, FileAccess, FileKind, Rights, StatusFlags};

use super::read_write::finish_write;
use super::transfer::Side;
use super::vectors::segments;
use crate::arguments::{Fd, flags_argument};
use crate::call::Call;
use crate::layout::IoVector;

flags_argument! {
    /// `SPLICE_F_*`.
    pub struct SpliceFlags: u32 {
        /// Move pages instead of copying: a hint.
        const MOVE = 1;
        /// Do not wait for a pipe.
        const NONBLOCK = 2;
        /// More will follow: a hint.
        const MORE = 4;
        /// The pages are a gift: a hint.
        const GIFT = 8;
    }
}

/// The channel of a pipe.
fn channel(file: &Arc<dyn File>) -> Option<Arc<Channel>> {
    file.downcast::<PipeFile>()
        .map(|pipe| pipe.channel().clone())
}

fn is_nonblocking(file: &Arc<dyn File>) -> bool {
    file.status_flags().contains(StatusFlags::NONBLOCK)
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
    if count == 0 {
        return Ok(0);
    }
    let input = call.file(input, Rights::READ)?;
    let output = call.file(output, Rights::WRITE)?;
    let (from, to) = (channel(&input), channel(&output));
    if (from.is_some() && !input_offset.is_null()) || (to.is_some() && !output_offset.is_null()) {
        return Err(Error::IllegalSeek);
    }
    let never_waits = flags.contains(SpliceFlags::NONBLOCK);
    match (from, to) {
        (None, None) => Err(Error::InvalidArgument),
        (Some(from), Some(to)) => {
            let never_waits = never_waits || is_nonblocking(&input) || is_nonblocking(&output);
            let moved = between(&from, &to, count, never_waits);
            finish_write(call, moved)
        }
        (Some(from), None) => {
            check_offset(&output, output_offset)?;
            if output.status_flags().contains(StatusFlags::APPEND) {
                return Err(Error::InvalidArgument);
            }
            let mut output = Side::new(output, output_offset)?;
            if !from.wait_for_bytes(never_waits || is_nonblocking(&input))? {
                return Ok(0);
            }
            let moved = move_on(&from, count, |bytes| output.write(bytes));
            let moved = finish_write(call, moved)?;
            output.finish()?;
            Ok(moved)
        }
        (None, Some(to)) => {
            check_offset(&input, input_offset)?;
            if input.status()?.kind == FileKind::Directory {
                return Err(Error::InvalidArgument);
            }
            let never_waits = never_waits || is_nonblocking(&output);
            let mut input = Side::new(input, input_offset)?;
            let moved = match to.wait_for_room(never_waits) {
                Ok(room) => fill(&mut input, &to, count.min(room), never_waits),
                Err(error) => Err(error),
            };
            let moved = finish_write(call, moved)?;
            input.finish()?;
            Ok(moved)
        }
    }
}

/// An offset is for files that have positions.
fn check_offset(file: &Arc<dyn File>, offset: UserPtr<i64>) -> Result<()> {
    match file.status()?.kind {
        FileKind::Socket | FileKind::Anonymous if !offset.is_null() => Err(Error::InvalidArgument),
        _ => Ok(()),
    }
}

/// Moves what a pipe holds, up to `count` bytes, as far as `put` takes it.
fn move_on(
    from: &Channel,
    count: usize,
    put: impl FnOnce(&[u8]) -> Result<usize>,
) -> Result<usize> {
    let mut buffer = vec![0; count.min(from.length())];
    let held = from.hold(&mut buffer)?;
    let bytes = &buffer[..held];
    if held == 0 {
        return Ok(0);
    }
    let outcome = put(bytes);
    from.settle(bytes, *outcome.as_ref().unwrap_or(&0))?;
    outcome
}

fn between(
    from: &Arc<Channel>,
    to: &Arc<Channel>,
    count: usize,
    never_waits: bool,
) -> Result<usize> {
    if Arc::ptr_eq(from, to) {
        return Err(Error::InvalidArgument);
    }
    loop {
        if !from.wait_for_bytes(never_waits)? {
            return Ok(0);
        }
        let room = to.wait_for_room(never_waits)?;
        let moved = move_on(from, count.min(room), |bytes| {
            to.write(&mut Source::kernel(bytes), true)
        });
        match moved {
            // Somebody else was there first.
            Err(Error::WouldBlock) | Ok(0) if !never_waits => {}
            moved => return moved,
        }
    }
}

fn fill(input: &mut Side, to: &Channel, count: usize, never_waits: bool) -> Result<usize> {
    let mut buffer = vec![0; count];
    let read = input.read(&mut buffer)?;
    if read == 0 {
        return Ok(0);
    }
    let written = to
        .write(&mut Source::kernel(&buffer[..read]), never_waits)
        .inspect_err(|_| input.unread(read))?;
    if written < read {
        input.unread(read - written);
    }
    Ok(written)
}

/// tee(2): copies from one pipe to another; the bytes stay in the first.
pub(crate) fn tee(
    call: &mut Call<'_>,
    input: Fd,
    output: Fd,
    count: u64,
    flags: SpliceFlags,
) -> Result<usize> {
    if count == 0 {
        return Ok(0);
    }
    let input = call.file(input, Rights::READ)?;
    let output = call.file(output, Rights::WRITE)?;
    let (Some(from), Some(to)) = (channel(&input), channel(&output)) else {
        return Err(Error::InvalidArgument);
    };
    if Arc::ptr_eq(&from, &to) {
        return Err(Error::InvalidArgument);
    }
    let never_waits =
        flags.contains(SpliceFlags::NONBLOCK) || is_nonblocking(&input) || is_nonblocking(&output);
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let copied = copy_between(&from, &to, count, never_waits);
    finish_write(call, copied)
}

fn copy_between(from: &Channel, to: &Channel, count: usize, never_waits: bool) -> Result<usize> {
    loop {
        if !from.wait_for_bytes(never_waits)? {
            return Ok(0);
        }
        let room = to.wait_for_room(never_waits)?;
        let mut buffer = vec![0; count.min(room).min(from.length())];
        let seen = from.look_at(&mut buffer)?;
        match to.write(&mut Source::kernel(&buffer[..seen]), true) {
            // Somebody else was there first.
            Err(Error::WouldBlock) | Ok(0) if !never_waits => {}
            copied => return copied,
        }
    }
}

/// vmsplice(2): a program's memory into a pipe, or what a pipe holds into memory.
pub(crate) fn vmsplice(
    call: &mut Call<'_>,
    pipe: Fd,
    vectors: UserPtr<IoVector>,
    count: usize,
    flags: SpliceFlags,
) -> Result<usize> {
    let file = call.file(pipe, Rights::empty())?;
    let writes = file.access().contains(FileAccess::WRITE);
    let pieces = segments(vectors, count)?;
    if pieces.iter().all(|(_, length)| *length == 0) {
        return Ok(0);
    }
    let channel = channel(&file).ok_or(Error::BadHandle)?;
    // Unlike elsewhere, the pipe's own flag does not matter.
    let never_waits = flags.contains(SpliceFlags::NONBLOCK);
    if !writes {
        return channel.read(&mut Sink::user_segments(pieces), never_waits);
    }
    let moved = match channel.wait_for_room(never_waits) {
        Ok(room) => {
            let mut source = Source::user_segments(pieces);
            source.limit(room);
            channel.write(&mut source, never_waits)
        }
        Err(error) => Err(error),
    };
    finish_write(call, moved)
}
