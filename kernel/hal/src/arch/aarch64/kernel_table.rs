//! The kernel's half has a root of its own, TTBR1, so user roots hold nothing of it; its tables are
//! [`crate::arch::bare::first_tables`]'.

use super::layout::virtual_to_physical;
use super::registers::{instruction_barrier, write_register};
use crate::arch::MemoryMap;
use crate::arch::bare::first_tables::{self, Table};

pub(crate) use first_tables::{kernel_root, writable_and_executable};

/// What TTBR0 holds while no program is active: nothing.
static EMPTY_ROOT: Table = Table::new();

/// The physical address of a root that maps nothing.
pub(super) fn empty_root() -> usize {
    EMPTY_ROOT.physical()
}

/// What every user root must hold: nothing, because the kernel's half has a root of its own.
///
/// # Safety
/// None is needed; another backend needs the root to be nobody else's.
pub(crate) unsafe fn prepare_root(_root: *mut u64) {}

/// Builds the kernel's tables for this memory and goes over to them.
pub(super) fn build(memory: &MemoryMap) {
    first_tables::build(memory);
    activate();
}

/// Goes over from the boot tables to the kernel's, with no program active.
///
/// The same addresses have entries of other sizes in the two, which must never be cached at once
/// (Arm ARM, D8.16: break before make). So the exchange happens at physical addresses, which the
/// boot tables also map in the lower half, while the upper half is empty.
fn activate() {
    let exchange = virtual_to_physical(super::boot::exchange_kernel_root as *const () as usize);
    // SAFETY: the routine is position independent, uses no stack, and the boot tables map it at its
    // physical address. The kernel's tables map all that this CPU uses at the same addresses as
    // before.
    unsafe {
        core::arch::asm!(
            "dsb ishst",
            "blr {exchange}",
            exchange = in(reg) exchange,
            in("x0") empty_root(),
            in("x1") kernel_root(),
            clobber_abi("C"),
            options(nostack)
        );
    }
    leave_identity();
}

/// Empties the lower half, which held the first instructions at their physical addresses.
pub(super) fn leave_identity() {
    // SAFETY: nothing the kernel uses is in the lower half any more.
    unsafe { write_register!("ttbr0_el1", empty_root()) };
    instruction_barrier();
    super::tlb::flush_local_all();
}
