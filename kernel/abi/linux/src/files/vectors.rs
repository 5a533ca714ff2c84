//! readv, writev and their positioned forms: one transfer over several pieces of memory.

use alloc::vec::Vec;
use base::{Error, Result, Room};
use mem::transfer::{Sink, Source};
use mem::user::UserPtr;
use object::Rights;

use super::limit::room;
use super::read_write::{MOST, finish_write, position};
use crate::arguments::{Fd, flags_argument};
use crate::call::Call;
use crate::layout::IoVector;

/// The most pieces of one call (`UIO_MAXIOV`).
pub(crate) const MOST_VECTORS: usize = 1024;

flags_argument! {
    /// `RWF_*`, as far as they can be honoured here.
    pub struct TransferFlags: u32 {
        /// High priority: a hint.
        const HIPRI = 0x1;
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
    let file = call.file(file, Rights::READ)?;
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
    let file = call.file(file, Rights::WRITE)?;
    let mut source = Source::user_segments(segments(vectors, count)?);
    source.limit(room(call, &*file, Some(offset), source.remaining())?);
    let result = file.write_at(offset, &mut source);
    finish_write(call, result)
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
    known(flags)?;
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
    known(flags)?;
    if offset == -1 {
        writev(call, file, vectors, count)
    } else {
        pwritev(call, file, vectors, count, offset, offset_high)
    }
}

/// Flags that cannot be honoured are `EOPNOTSUPP` here, not `EINVAL` (preadv2(2)).
fn known(flags: u32) -> Result<TransferFlags> {
    TransferFlags::from_bits(flags).ok_or(Error::Unsupported)
}
