//! The end of a run.

use crate::arch;

/// Turns the machine off. A `code` other than 0 says that something failed; where the machine
/// can, its emulator's exit status tells.
pub fn off(code: u32) -> ! {
    arch::power_off(code)
}

/// Starts the machine anew.
pub fn reset() -> ! {
    arch::power_reset()
}
