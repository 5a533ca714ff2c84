//! Making written code visible to instruction fetches.
//!
//! Data and instruction caches meet at the *point of unification*. What was written through the
//! direct map is cleaned to there line by line, and then the instruction caches of all CPUs forget
//! what they hold (Arm ARM, B2.7.4). CTR_EL0 tells the line's length, and whether a CPU needs
//! neither of the two.

use core::arch::asm;

use super::registers::read_register;
use crate::PAGE_SIZE;

/// CTR_EL0: cleaning is not needed for instruction fetches.
const CTR_IDC: u64 = 1 << 28;
/// CTR_EL0: instruction caches need no invalidation.
const CTR_DIC: u64 = 1 << 29;

/// A frame will be executed: its bytes go to the point of unification.
pub(crate) fn clean_code(page: *mut u8) {
    let ctr = read_register!("ctr_el0");
    if ctr & CTR_IDC == 0 {
        let line = 4usize << (ctr >> 16 & 0xf);
        let start = page.addr();
        for address in (start..start + PAGE_SIZE).step_by(line) {
            // SAFETY: cleaning a line changes no memory's value; a frame is in the direct map.
            unsafe { asm!("dc cvau, {}", in(reg) address, options(nostack)) };
        }
    }
    // SAFETY: a barrier has no other effect.
    unsafe { asm!("dsb ish", options(nostack)) };
}

/// After that: no CPU fetches what was there before. The instruction reaches all of them.
pub(crate) fn fence_instructions(_cpus: usize) {
    if read_register!("ctr_el0") & CTR_DIC == 0 {
        // SAFETY: forgetting cached instructions changes no memory's value.
        unsafe { asm!("ic ialluis", "dsb ish", options(nostack)) };
    }
    super::registers::instruction_barrier();
}
