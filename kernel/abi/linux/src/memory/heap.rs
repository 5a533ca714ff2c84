//! brk.

use base::Result;

use super::space;
use crate::call::Call;
use proc::Resource;

/// brk(2) as the kernel has it: never an error, always the end of the heap as it is now.
pub(crate) fn brk(call: &mut Call<'_>, address: usize) -> Result<usize> {
    let space = space(call)?;
    let limit = usize::try_from(call.process().limits().soft(Resource::Data)).unwrap_or(usize::MAX);
    let grown = address.saturating_sub(space.heap_start());
    if address >= space.heap_start() && grown <= limit {
        // A refusal shows in the result: the end did not move.
        let _ = space.set_break(address);
    }
    Ok(space.heap_end())
}
