//! Roots, flushes and fences.

use core::arch::asm;

use super::csr::{SATP_SV39, read_csr};
use super::{cpu, kernel_table, sbi};
use crate::PAGE_SIZE;
use crate::sync::Once;

/// A flush must name the CPUs.
pub(crate) const BROADCAST_FLUSH: bool = false;

/// How many identifiers the machine has: the bits of `satp.ASID` that can be set.
pub(crate) fn asid_limit() -> usize {
    static LIMIT: Once<usize> = Once::new();
    *LIMIT.get_or_init(|| {
        let satp = read_csr!("satp");
        let probe = satp | 0xffff << 44;
        let found: usize;
        // SAFETY: only the identifier changes, for a moment in which no user address is used;
        // kernel mappings are global. What it may leave behind under that identifier is flushed.
        unsafe {
            asm!(
                "csrw satp, {probe}",
                "csrr {found}, satp",
                "csrw satp, {satp}",
                "sfence.vma",
                probe = in(reg) probe,
                found = out(reg) found,
                satp = in(reg) satp,
                options(nostack),
            );
        }
        (found >> 44 & 0xffff) + 1
    })
}

/// Sets this CPU's user tables, or none.
///
/// # Safety
/// The root is a table made ready by `prepare_root`, and stays until another one is set.
pub(crate) unsafe fn set_user_root(root: Option<usize>, asid: usize) {
    let satp = match root {
        Some(root) => SATP_SV39 | asid << 44 | root >> 12,
        None => kernel_table::kernel_satp(),
    };
    // SAFETY: the kernel's half is the same in every root.
    unsafe { asm!("csrw satp, {}", in(reg) satp, options(nostack)) };
}

/// Forgets every translation of user addresses on this CPU.
pub(crate) fn flush_local_all() {
    // SAFETY: forgetting takes nothing away.
    unsafe { asm!("sfence.vma", options(nostack)) };
}

/// Forgets one identifier's translations on this CPU.
pub(crate) fn flush_local_asid(asid: usize) {
    // SAFETY: as above.
    unsafe { asm!("sfence.vma zero, {}", in(reg) asid, options(nostack)) };
}

/// Above this many pages a flush takes everything of the identifier.
const MANY: usize = 16;

/// Forgets a range on the CPUs in the mask.
pub(crate) fn flush_pages(cpus: usize, asid: usize, start: usize, end: usize) {
    let _interrupts = crate::interrupt::disable();
    let identifier = (asid_limit() > 1).then_some(asid);
    if let Some(harts) = cpu::other_harts(cpus) {
        sbi::remote_fence_addresses(harts, start, end - start, identifier);
    }
    if cpus & (1 << cpu::cpu_id()) == 0 {
        return;
    }
    if end - start > MANY * PAGE_SIZE {
        return flush_local_asid(asid);
    }
    for address in (start..end).step_by(PAGE_SIZE) {
        // SAFETY: as above.
        unsafe { asm!("sfence.vma {}, {}", in(reg) address, in(reg) asid, options(nostack)) };
    }
}

/// Forgets a range of kernel addresses everywhere.
pub(crate) fn flush_kernel(start: usize, end: usize) {
    let _interrupts = crate::interrupt::disable();
    if let Some(harts) = cpu::other_harts(usize::MAX) {
        sbi::remote_fence_addresses(harts, start, end - start, None);
    }
    for address in (start..end).step_by(PAGE_SIZE) {
        // SAFETY: as above. Without an identifier, so that global translations go, too.
        unsafe { asm!("sfence.vma {}, zero", in(reg) address, options(nostack)) };
    }
}

/// Makes this CPU's walker see entries that became valid. Other CPUs that touch such an address
/// for the first time walk the tables anyway; one that remembers "nothing there" would fault, and
/// the kernel's own areas only use addresses that nobody touched before they were mapped.
pub(crate) fn fence_new_mapping() {
    flush_local_all();
}

/// RISC-V's instruction fetches see what this hart's FENCE.I is after; there is nothing to clean.
pub(crate) fn clean_code(_page: *mut u8) {}

/// Makes fetches on the CPUs in the mask see what was written before.
pub(crate) fn fence_instructions(cpus: usize) {
    let _interrupts = crate::interrupt::disable();
    if let Some(harts) = cpu::other_harts(cpus) {
        sbi::remote_fence_instructions(harts);
    }
    // SAFETY: a fence.
    unsafe { asm!("fence.i", options(nostack)) };
}
