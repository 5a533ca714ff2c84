//! A user root table is a copy of the kernel root's upper half, so every first-level entry that will
//! ever be used there must exist before the first address space is made. The tables are
//! [`crate::arch::bare::first_tables`]'.

use core::arch::asm;
use core::sync::atomic::{AtomicUsize, Ordering};

use super::csr::SATP_SV39;
use crate::arch::MemoryMap;
use crate::arch::bare::first_tables::{self, Table};

pub(crate) use first_tables::{kernel_root, writable_and_executable};

/// The tables that the first instructions build and leave again.
pub(super) static BOOT_ROOT: Table = Table::new();

/// Which entries of the root are in use: a handful, which every address space copies.
static ROOT_SLOTS: [AtomicUsize; 256] = [const { AtomicUsize::new(0) }; 256];
static ROOT_SLOTS_USED: AtomicUsize = AtomicUsize::new(0);

/// `satp` for the kernel's tables alone, with address space identifier 0.
pub(super) fn kernel_satp() -> usize {
    SATP_SV39 | kernel_root() >> 12
}

/// Writes what every user root must hold: the kernel's half.
///
/// # Safety
/// `root` points to a zeroed table that nobody else uses.
pub(crate) unsafe fn prepare_root(root: *mut u64) {
    for slot in &ROOT_SLOTS[..ROOT_SLOTS_USED.load(Ordering::Relaxed)] {
        let slot = slot.load(Ordering::Relaxed);
        // SAFETY: the slots are below 512, the length of the caller's table.
        unsafe { root.add(slot).write(first_tables::KERNEL_ROOT.entry(slot)) };
    }
}

/// Builds the kernel's tables for this memory and goes over to them.
pub(super) fn build(memory: &MemoryMap) {
    first_tables::build(memory);
    let used = (256..512).filter(|&slot| first_tables::KERNEL_ROOT.entry(slot) != 0);
    for (count, slot) in used.enumerate() {
        ROOT_SLOTS[count].store(slot, Ordering::Relaxed);
        ROOT_SLOTS_USED.store(count + 1, Ordering::Relaxed);
    }
    // SAFETY: the new tables map everything the kernel uses at the same addresses as the boot
    // tables do; what they no longer map (the low half, the guard) nobody uses.
    unsafe {
        asm!("csrw satp, {}", "sfence.vma", in(reg) kernel_satp(), options(nostack));
    }
}
