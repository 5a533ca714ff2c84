//! The kernel's own tables: built once, never both writable and executable.
//!
//! The direct map and the image are complete from the start, and the areas for stacks and device
//! registers have their second-level tables; [`super::kernel_map`] fills those. The backend goes
//! over to the tables, and says what of them a user root must hold.

use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::layout::{
    DEVICE_AREA, DIRECT_MAP, DIRECT_MAP_SIZE, STACK_AREA, image, physical_to_virtual,
    virtual_to_physical,
};
use crate::PAGE_SIZE;
use crate::arch::{Decoded, KernelAccess, MemoryMap, pte};

/// One table.
#[repr(C, align(4096))]
pub(crate) struct Table([AtomicU64; 512]);

impl Table {
    /// An entry.
    pub(crate) fn entry(&self, slot: usize) -> u64 {
        self.0[slot].load(Ordering::Relaxed)
    }

    pub(crate) const fn new() -> Self {
        Self([const { AtomicU64::new(0) }; 512])
    }

    /// Where it is.
    pub(crate) fn physical(&self) -> usize {
        virtual_to_physical(&raw const *self as usize)
    }
}

/// The kernel's root, each of whose entries is final after [`build`].
pub(crate) static KERNEL_ROOT: Table = Table::new();
/// How many more tables there can be: two for the areas, the image's, and those at the edges of
/// RAM.
const POOL: usize = 40;
static TABLES: [Table; POOL] = [const { Table::new() }; POOL];
static TABLES_USED: AtomicUsize = AtomicUsize::new(0);

/// The physical address of the kernel's root.
pub(crate) fn kernel_root() -> usize {
    KERNEL_ROOT.physical()
}

/// Builds the kernel's tables for this memory; nobody uses them yet.
pub(crate) fn build(memory: &MemoryMap) {
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
    match pte::decode(table.entry(slot)) {
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

/// The first address of the kernel's half that is both writable and executable; for the tests.
pub(crate) fn writable_and_executable() -> Option<usize> {
    fn search(table: &Table, base: usize, shift: usize) -> Option<usize> {
        (0..512).find_map(|slot| {
            let address = base | slot << shift;
            match pte::decode(table.entry(slot)) {
                Decoded::Table(physical) => {
                    // SAFETY: a table of the kernel's half; those are never freed.
                    let next = unsafe { &*physical_to_virtual(physical).cast() };
                    search(next, address, shift - 9)
                }
                Decoded::Leaf(..) => {
                    pte::kernel_writes_and_executes(table.entry(slot)).then_some(address)
                }
                Decoded::Invalid => None,
            }
        })
    }
    search(&KERNEL_ROOT, usize::MAX << 39, 30)
}
