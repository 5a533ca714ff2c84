//! Which program's tables are active, and forgetting translations.
//!
//! AArch64 broadcasts: `tlbi …is` reaches every CPU of the inner shareable domain, and the `dsb ish`
//! behind it waits for all of them. So no CPU is ever interrupted to flush, and the masks of CPUs
//! that RISC-V needs are ignored here. Translations of programs carry an address space identifier
//! (ASID) and need not be flushed at a switch.

use core::arch::asm;

use super::kernel_table;
use super::registers::{features, instruction_barrier, write_register};
use crate::PAGE_SIZE;
use crate::sync::Once;

/// A flush reaches every CPU without being told which.
pub(crate) const BROADCAST_FLUSH: bool = true;

/// Above this number of pages, everything of the program goes: one by one would take longer.
const MOST_SINGLE_PAGES: usize = 64;

/// How many address space identifiers there are.
pub(crate) fn asid_limit() -> usize {
    static LIMIT: Once<usize> = Once::new();
    *LIMIT.get_or_init(|| {
        if features().wide_asid {
            1 << 16
        } else {
            1 << 8
        }
    })
}

/// Makes a program's tables this CPU's, or none.
///
/// # Safety
/// `root` is a table that stays valid until another is set.
#[inline]
pub(crate) unsafe fn set_user_root(root: Option<usize>, asid: usize) {
    let value = match root {
        Some(root) => root as u64 | (asid as u64) << 48,
        None => kernel_table::empty_root() as u64,
    };
    // SAFETY: TTBR0 translates user addresses only, which no Rust reference points to; the tables
    // are valid by the caller's promise.
    unsafe { write_register!("ttbr0_el1", value) };
    instruction_barrier();
}

/// Forgets every translation on this CPU.
pub(crate) fn flush_local_all() {
    // SAFETY: forgetting translations has no effect on what memory means.
    unsafe {
        asm!(
            "dsb nshst",
            "tlbi vmalle1",
            "dsb nsh",
            "isb",
            options(nostack)
        )
    };
}

/// Forgets one identifier's translations on this CPU.
pub(crate) fn flush_local_asid(asid: usize) {
    let operand = (asid as u64) << 48;
    // SAFETY: as in `flush_local_all`.
    unsafe {
        asm!("dsb nshst", "tlbi aside1, {}", "dsb nsh", "isb", in(reg) operand, options(nostack))
    };
}

/// Forgets a range of one program's translations, on every CPU.
pub(crate) fn flush_pages(_cpus: usize, asid: usize, start: usize, end: usize) {
    let identifier = (asid as u64) << 48;
    // SAFETY: as in `flush_local_all`, here and below. The barrier before makes the changed
    // entries visible to every walker first.
    unsafe { asm!("dsb ishst", options(nostack)) };
    if (end - start) / PAGE_SIZE > MOST_SINGLE_PAGES {
        // SAFETY: see above.
        unsafe { asm!("tlbi aside1is, {}", in(reg) identifier, options(nostack)) };
    } else {
        for address in (start..end).step_by(PAGE_SIZE) {
            let operand = identifier | (address as u64 >> 12 & ((1 << 44) - 1));
            // SAFETY: see above.
            unsafe { asm!("tlbi vae1is, {}", in(reg) operand, options(nostack)) };
        }
    }
    // SAFETY: see above.
    unsafe { asm!("dsb ish", "isb", options(nostack)) };
}

/// Forgets a range of kernel addresses on all CPUs.
pub(crate) fn flush_kernel(start: usize, end: usize) {
    // SAFETY: as in `flush_local_all`, here and below.
    unsafe { asm!("dsb ishst", options(nostack)) };
    for address in (start..end).step_by(PAGE_SIZE) {
        let operand = address as u64 >> 12 & ((1 << 44) - 1);
        // SAFETY: see above.
        unsafe { asm!("tlbi vaae1is, {}", in(reg) operand, options(nostack)) };
    }
    // SAFETY: see above.
    unsafe { asm!("dsb ish", "isb", options(nostack)) };
}

/// After invalid entries became valid: makes the walkers see them. The machine does not remember
/// that an entry was invalid, so nothing else is needed.
#[inline]
pub(crate) fn fence_new_mapping() {
    // SAFETY: barriers have no other effect.
    unsafe { asm!("dsb ishst", "isb", options(nostack, preserves_flags)) };
}
