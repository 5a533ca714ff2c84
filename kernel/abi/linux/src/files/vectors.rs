//! readv, writev and their positioned forms: one transfer over several pieces of memory.

use alloc::sync::Arc;
use alloc::vec::Vec;
use base::{Error, Result, Room};
use mem::transfer::{Sink, Source};
use mem::user::UserPtr;
use object::{File, Rights, WriteMode};

use super::limit::room;
use super::read_write::{MOST, file_at, finish_write, position};
use crate::arguments::Fd;
use crate::call::Call;
use crate::layout::IoVector;

/// The most pieces of one call (`UIO_MAXIOV`).
pub(crate) const MOST_VECTORS: usize = 1024;

bitflags::bitflags! {
    /// `RWF_*`, as far as they can be honoured here.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct TransferFlags: u32 {
        /// High priority: a hint.
        const HIPRI = 0x01;
        /// Bytes are on the device when the call returns.
        const DATA_SYNC = 0x02;
        /// And so is everything else of the file.
        const SYNC = 0x04;
        /// Nothing waits.
        const NOWAIT = 0x08;
        /// At the end, wherever that is.
        const APPEND = 0x10;
        /// At the offset, although the file was opened to append.
        const NO_APPEND = 0x20;
    }
}

/// Reads the list of pieces and checks it as Linux does: the total must fit a `ssize_t`, what is
/// beyond [`MOST`] is cut, and every piece must lie in user space.
pub(crate) fn segments(vectors: UserPtr<IoVector>, count: usize) -> Result<Vec<(usize, usize)>> {
    if count > MOST_VECTORS {
        return Err(Error::InvalidArgument);
    }
    let mut room = MOST;
    let mut pieces = Vec::new();
    pieces.make_room(count)?;
    for vector in vectors.read_many(count)? {
        let (address, length) = (vector.address as usize, vector.length as usize);
        if length > isize::MAX as usize {
            return Err(Error::InvalidArgument);
        }
        if address
            .checked_add(length)
            .is_none_or(|end| end > hal::USER_END)
        {
            return Err(Error::BadAddress);
        }
        let length = length.min(room);
        room -= length;
        pieces.push((address, length));
    }
    Ok(pieces)
}

/// readv(2).
pub(crate) fn readv(
    call: &mut Call<'_>,
    file: Fd,
    vectors: UserPtr<IoVector>,
    count: usize,
) -> Result<usize> {
    let file = call.file(file, Rights::READ)?;
    file.read(&mut Sink::user_segments(segments(vectors, count)?))
}

/// writev(2).
pub(crate) fn writev(
    call: &mut Call<'_>,
    file: Fd,
    vectors: UserPtr<IoVector>,
    count: usize,
) -> Result<usize> {
    let file = call.file(file, Rights::WRITE)?;
    let mut source = Source::user_segments(segments(vectors, count)?);
    source.limit(room(call, &*file, None, source.remaining())?);
    let result = file.write(&mut source);
    finish_write(call, result)
}

/// preadv(2). On 64-bit systems the whole offset is in its first register.
pub(crate) fn preadv(
    call: &mut Call<'_>,
    file: Fd,
    vectors: UserPtr<IoVector>,
    count: usize,
    offset: i64,
    _offset_high: usize,
) -> Result<usize> {
    let offset = position(offset)?;
    let file = file_at(call, file, Rights::READ)?;
    file.read_at(offset, &mut Sink::user_segments(segments(vectors, count)?))
}

/// pwritev(2).
pub(crate) fn pwritev(
    call: &mut Call<'_>,
    file: Fd,
    vectors: UserPtr<IoVector>,
    count: usize,
    offset: i64,
    _offset_high: usize,
) -> Result<usize> {
    let offset = position(offset)?;
    let file = file_at(call, file, Rights::WRITE)?;
    let mut source = Source::user_segments(segments(vectors, count)?);
    source.limit(room(call, &*file, Some(offset), source.remaining())?);
    let result = file.write_at(offset, &mut source);
    finish_write(call, result)
}

/// The file for a transfer at an offset, or at its own position for -1.
fn at_place(call: &Call<'_>, file: Fd, offset: i64, rights: Rights) -> Result<Arc<dyn File>> {
    match offset {
        -1 => call.file(file, rights),
        _ => file_at(call, file, rights),
    }
}

/// preadv2(2): an offset of -1 is the file's own position.
pub(crate) fn preadv2(
    call: &mut Call<'_>,
    file: Fd,
    vectors: UserPtr<IoVector>,
    count: usize,
    offset: i64,
    offset_high: usize,
    flags: u32,
) -> Result<usize> {
    if offset < -1 {
        return Err(Error::InvalidArgument);
    }
    let opened = at_place(call, file, offset, Rights::READ)?;
    let flags = known(&opened, flags)?;
    if flags.contains(TransferFlags::NOWAIT) {
        let place = u64::try_from(offset).ok();
        return opened.read_now(place, &mut Sink::user_segments(segments(vectors, count)?));
    }
    if offset == -1 {
        readv(call, file, vectors, count)
    } else {
        preadv(call, file, vectors, count, offset, offset_high)
    }
}

/// pwritev2(2).
pub(crate) fn pwritev2(
    call: &mut Call<'_>,
    file: Fd,
    vectors: UserPtr<IoVector>,
    count: usize,
    offset: i64,
    offset_high: usize,
    flags: u32,
) -> Result<usize> {
    if offset < -1 {
        return Err(Error::InvalidArgument);
    }
    let opened = at_place(call, file, offset, Rights::WRITE)?;
    let flags = known(&opened, flags)?;
    let place = u64::try_from(offset).ok();
    let mut mode = WriteMode::default();
    mode.set(WriteMode::APPEND, flags.contains(TransferFlags::APPEND));
    mode.set(
        WriteMode::NO_APPEND,
        flags.contains(TransferFlags::NO_APPEND),
    );
    mode.set(WriteMode::SYNC, flags.contains(TransferFlags::SYNC));
    mode.set(
        WriteMode::DATA_SYNC,
        flags.contains(TransferFlags::DATA_SYNC),
    );
    mode.set(WriteMode::NO_WAIT, flags.contains(TransferFlags::NOWAIT));
    if mode.is_empty() {
        return match place {
            None => writev(call, file, vectors, count),
            Some(_) => pwritev(call, file, vectors, count, offset, offset_high),
        };
    }
    let mut source = Source::user_segments(segments(vectors, count)?);
    source.limit(room(call, &*opened, place, source.remaining())?);
    let result = opened.write_as(place, &mut source, mode);
    finish_write(call, result)
}

/// Flags that cannot be honoured are `EOPNOTSUPP` here, not `EINVAL` (preadv2(2)).
fn known(file: &Arc<dyn File>, flags: u32) -> Result<TransferFlags> {
    let flags = TransferFlags::from_bits(flags).ok_or(Error::Unsupported)?;
    if flags.contains(TransferFlags::APPEND | TransferFlags::NO_APPEND) {
        return Err(Error::InvalidArgument);
    }
    if flags.contains(TransferFlags::NOWAIT) && !file.can_not_wait() {
        return Err(Error::Unsupported);
    }
    Ok(flags)
}
