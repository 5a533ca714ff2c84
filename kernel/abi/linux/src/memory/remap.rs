//! mremap.

use base::{Error, Result};
use mem::RemapRequest;

use super::{page_aligned, page_length, space};
use crate::arguments::flags_argument;
use crate::call::Call;

flags_argument! {
    /// `MREMAP_*`.
    pub struct RemapFlags: usize {
        /// It may move.
        const MAY_MOVE = 1;
        /// It has to move to a given address.
        const FIXED = 2;
        /// The old range stays mapped, empty.
        const DONT_UNMAP = 4;
    }
}

/// mremap(2).
pub(crate) fn mremap(
    call: &mut Call<'_>,
    old: usize,
    old_length: usize,
    new_length: usize,
    flags: RemapFlags,
    new: usize,
) -> Result<usize> {
    let may_move = flags.contains(RemapFlags::MAY_MOVE);
    let moves = flags.intersects(RemapFlags::FIXED | RemapFlags::DONT_UNMAP);
    let keep_old = flags.contains(RemapFlags::DONT_UNMAP);
    if moves && !may_move || keep_old && old_length != new_length {
        return Err(Error::InvalidArgument);
    }
    page_aligned(old)?;
    page_length(new_length)?;
    let fixed = if flags.contains(RemapFlags::FIXED) {
        page_aligned(new)?;
        Some(new)
    } else {
        None
    };
    space(call)?.remap(RemapRequest {
        address: old,
        old_length,
        new_length,
        may_move,
        fixed,
        keep_old,
    })
}
