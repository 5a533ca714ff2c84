//! The kernel's own tables: built once, shared by every address space, never both writable and
//! executable.
//!
//! A user root table is a copy of [`KERNEL_ROOT`]'s upper half, so every first-level entry that
//! will ever be used there must exist before the first address space is made: the direct map and
//! the image are complete from the start, and the areas for stacks and device registers have
//! their second-level tables from the start.

use core::arch::asm;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::csr::SATP_SV39;
use super::layout::{
    DEVICE_AREA, DIRECT_MAP, DIRECT_MAP_SIZE, IMAGE_OFFSET, STACK_AREA, image, virtual_to_physical,
};
use super::pte;
use crate::PAGE_SIZE;
use crate::arch::{Decoded, KernelAccess, MemoryMap};
use crate::paging::PageFlags;

/// One table.
#[repr(C, align(4096))]
pub(super) struct Table([AtomicU64; 512]);

impl Table {
    const fn new() -> Self {
        Self([const { AtomicU64::new(0) }; 512])
    }

    fn physical(&self) -> usize {
        virtual_to_physical(&raw const *self as usize)
    }
}

/// The tables that the first instructions build and leave again.
pub(super) static BOOT_ROOT: Table = Table::new();
/// The kernel's root.
static KERNEL_ROOT: Table = Table::new();

/// How many more tables there can be: two for the areas, the image's, and those at the edges of
/// RAM.
const POOL: usize = 40;
static TABLES: [Table; POOL] = [const { Table::new() }; POOL];
static TABLES_USED: AtomicUsize = AtomicUsize::new(0);

/// Which entries of the root are in use: a handful, which every address space copies.
static ROOT_SLOTS: [AtomicUsize; 256] = [const { AtomicUsize::new(0) }; 256];
static ROOT_SLOTS_USED: AtomicUsize = AtomicUsize::new(0);

/// `satp` for the kernel's tables alone, with address space identifier 0.
pub(super) fn kernel_satp() -> usize {
    SATP_SV39 | KERNEL_ROOT.physical() >> 12
}

/// The physical address of the kernel's root.
pub(crate) fn kernel_root() -> usize {
    KERNEL_ROOT.physical()
}

/// Writes what every user root must hold: the kernel's half.
///
/// # Safety
/// `root` points to a zeroed table that nobody else uses.
pub(crate) unsafe fn prepare_root(root: *mut u64) {
    for slot in &ROOT_SLOTS[..ROOT_SLOTS_USED.load(Ordering::Relaxed)] {
        let slot = slot.load(Ordering::Relaxed);
        // SAFETY: the slots are below 512, the length of the caller's table.
        unsafe {
            root.add(slot)
                .write(KERNEL_ROOT.0[slot].load(Ordering::Relaxed))
        };
    }
}

/// Builds the kernel's tables for this memory and goes over to them.
pub(super) fn build(memory: &MemoryMap) {
    let image = image();
    let text = virtual_to_physical(image.start);
    let rodata_end = virtual_to_physical(image.rodata_end);
    for range in memory.ram.iter().filter(|range| range.start < range.end) {
        let end = range.end.min(DIRECT_MAP_SIZE);
        // The image's code and constants are read-only through the direct map too.
        let before = range.start..end.min(text);
        let within = range.start.max(text)..end.min(rodata_end);
        let after = range.start.max(rodata_end)..end;
        map_direct(before, KernelAccess::ReadWrite);
        map_direct(within, KernelAccess::Read);
        map_direct(after, KernelAccess::ReadWrite);
    }
    map_image(image.start, image.text_end, KernelAccess::ReadExecute);
    map_image(image.text_end, image.rodata_end, KernelAccess::Read);
    map_image(image.rodata_end, image.guard, KernelAccess::ReadWrite);
    map_image(image.stack_bottom, image.end, KernelAccess::ReadWrite);
    for area in [STACK_AREA, DEVICE_AREA] {
        next_level(&KERNEL_ROOT, area >> 30 & 511);
    }
    let used = (256..512).filter(|&slot| KERNEL_ROOT.0[slot].load(Ordering::Relaxed) != 0);
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

fn map_direct(physical: core::ops::Range<usize>, access: KernelAccess) {
    if physical.start < physical.end {
        map(
            physical.start + DIRECT_MAP,
            physical.start,
            physical.end - physical.start,
            access,
        );
    }
}

fn map_image(start: usize, end: usize, access: KernelAccess) {
    map(start, start - IMAGE_OFFSET, end - start, access);
}

/// Maps a range with the largest leaves that fit.
fn map(mut address: usize, mut physical: usize, mut size: usize, access: KernelAccess) {
    while size > 0 {
        let mut table = &KERNEL_ROOT;
        let mut shift = 30;
        loop {
            let span = 1 << shift;
            let fits = size >= span && (address | physical).is_multiple_of(span);
            let slot = address >> shift & 511;
            if fits || shift == 12 {
                table.0[slot].store(pte::kernel_leaf(physical, access), Ordering::Relaxed);
                address += span;
                physical += span;
                size -= span.min(size);
                break;
            }
            table = next_level(table, slot);
            shift -= 9;
        }
    }
}

/// The table behind an entry, made if there is none.
fn next_level(table: &'static Table, slot: usize) -> &'static Table {
    match pte::decode(table.0[slot].load(Ordering::Relaxed)) {
        Decoded::Table(physical) => {
            let index = (physical - TABLES[0].physical()) / PAGE_SIZE;
            &TABLES[index]
        }
        Decoded::Invalid => {
            let index = TABLES_USED.fetch_add(1, Ordering::Relaxed);
            assert!(
                index < POOL,
                "memory in too many pieces for the kernel's first tables"
            );
            let next = &TABLES[index];
            table.0[slot].store(pte::table(next.physical()), Ordering::Relaxed);
            next
        }
        Decoded::Leaf(..) => panic!("the kernel's first mappings overlap"),
    }
}

/// The first address of the kernel's half that is both writable and executable; for the tests.
pub(crate) fn writable_and_executable() -> Option<usize> {
    fn search(table: &[AtomicU64; 512], base: usize, shift: usize) -> Option<usize> {
        let first = if shift == 30 { 256 } else { 0 };
        (first..512).find_map(|slot| {
            let address = base | slot << shift;
            match pte::decode(table[slot].load(Ordering::Relaxed)) {
                Decoded::Table(physical) => {
                    // SAFETY: a table of the kernel's half; those are never freed.
                    let next = unsafe { &*super::physical_to_virtual(physical).cast() };
                    search(next, address, shift - 9)
                }
                Decoded::Leaf(_, flags) => flags
                    .contains(PageFlags::WRITE | PageFlags::EXECUTE)
                    .then_some(address),
                Decoded::Invalid => None,
            }
        })
    }
    search(&KERNEL_ROOT.0, usize::MAX << 39, 30)
}
