//! Memory: one call.

use base::{Error, Result};
use hal::PAGE_SIZE;
use mem::Protection;

use crate::call::Call;

/// Moves the end of the process's memory and returns where it was. What is added is there at once,
/// so that a program learns here, and not by dying later, that memory has run out.
pub(crate) fn sbrk(call: &mut Call<'_>, increment: i32) -> Result<usize> {
    let space = call.process().space().ok_or(Error::OutOfMemory)?;
    let old = space.heap_end();
    let by = increment.unsigned_abs() as usize;
    if increment < 0 {
        // Giving back more than there is does nothing, as in xv6, where the sum wraps around.
        if let Some(new) = old.checked_sub(by) {
            space.set_break(new)?;
        }
        return Ok(old);
    }
    let new = old.checked_add(by).ok_or(Error::OutOfMemory)?;
    space.set_break_with(new, Protection::READ | Protection::WRITE)?;
    let first = old.next_multiple_of(PAGE_SIZE);
    if new > first
        && let Err(error) = space.populate(first, new - first)
    {
        space.set_break(old)?;
        return Err(error);
    }
    Ok(old)
}
