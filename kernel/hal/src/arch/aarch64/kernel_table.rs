//! The kernel's own tables: built once, in TTBR1 for ever, never both writable and executable.
//!
//! The direct map and the image are complete from the start, and the areas for stacks and device
//! registers have their second-level tables; [`crate::arch::bare::kernel_map`] fills those.

use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::layout::{
    DEVICE_AREA, DIRECT_MAP, DIRECT_MAP_SIZE, STACK_AREA, image, virtual_to_physical,
};
use super::pte;
use super::registers::{instruction_barrier, write_register};
use crate::PAGE_SIZE;
use crate::arch::{Decoded, KernelAccess, MemoryMap};

/// One table.
#[repr(C, align(4096))]
struct Table([AtomicU64; 512]);

impl Table {
    const fn new() -> Self {
        Self([const { AtomicU64::new(0) }; 512])
    }

    fn physical(&self) -> usize {
        virtual_to_physical(&raw const *self as usize)
    }
}

/// The kernel's root.
static KERNEL_ROOT: Table = Table::new();
/// What TTBR0 holds while no program is active: nothing.
static EMPTY_ROOT: Table = Table::new();

/// How many more tables there can be: two for the areas, the image's, and those at the edges of
/// RAM.
const POOL: usize = 40;
static TABLES: [Table; POOL] = [const { Table::new() }; POOL];
static TABLES_USED: AtomicUsize = AtomicUsize::new(0);

/// The physical address of the kernel's root.
pub(crate) fn kernel_root() -> usize {
    KERNEL_ROOT.physical()
}

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
    let image = image();
    let text = virtual_to_physical(image.start);
    let rodata_end = virtual_to_physical(image.rodata_end);
    for range in memory.ram.iter().filter(|range| range.start < range.end) {
        let end = range.end.min(DIRECT_MAP_SIZE);
        // The image's code and constants are read-only through the direct map too.
        map_direct(range.start..end.min(text), KernelAccess::ReadWrite);
        map_direct(
            range.start.max(text)..end.min(rodata_end),
            KernelAccess::Read,
        );
        map_direct(range.start.max(rodata_end)..end, KernelAccess::ReadWrite);
    }
    map_image(image.start, image.text_end, KernelAccess::ReadExecute);
    map_image(image.text_end, image.rodata_end, KernelAccess::Read);
    map_image(image.rodata_end, image.guard, KernelAccess::ReadWrite);
    map_image(image.stack_bottom, image.end, KernelAccess::ReadWrite);
    for area in [STACK_AREA, DEVICE_AREA] {
        next_level(&KERNEL_ROOT, area >> 30 & 511);
    }
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
    map(start, virtual_to_physical(start), end - start, access);
}

/// Maps a range with the largest leaves that fit.
fn map(mut address: usize, mut physical: usize, mut size: usize, access: KernelAccess) {
    while size > 0 {
        let mut table = &KERNEL_ROOT;
        let mut shift = 30;
        loop {
            let span = 1usize << shift;
            let fits = size >= span && (address | physical).is_multiple_of(span);
            let slot = address >> shift & 511;
            if fits || shift == 12 {
                let entry = match shift {
                    12 => pte::kernel_leaf(physical, access),
                    _ => pte::kernel_block(physical, access),
                };
                table.0[slot].store(entry, Ordering::Relaxed);
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
            table.0[slot].store(pte::kernel_table(next.physical()), Ordering::Relaxed);
            next
        }
        Decoded::Leaf(..) => panic!("the kernel's first mappings overlap"),
    }
}
