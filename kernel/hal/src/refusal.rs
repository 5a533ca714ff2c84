//! Memory that is refused although there is some.
//!
//! Every allocation that may fail asks here first: frames and blocks of frames, kernel stacks, and
//! lists whose length a program decides. A simulated machine can be told to refuse the n-th one
//! (`User::refuse_allocation`), so that a test can make each allocation of a workload fail once.
//! On bare metal nothing is ever refused, and nothing of this is left in the code.

use crate::{OutOfMemory, arch};

/// Whether the allocation that asks is to fail.
#[inline(always)]
pub fn refuses() -> bool {
    arch::refuses_allocation()
}

/// The same as an error.
#[inline(always)]
pub(crate) fn check() -> Result<(), OutOfMemory> {
    if refuses() { Err(OutOfMemory) } else { Ok(()) }
}
