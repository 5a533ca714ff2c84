//! Sv39 page table entries (RISC-V Privileged Architecture, section 12.4).

use crate::arch::{Decoded, KernelAccess};
use crate::paging::PageFlags;

const VALID: u64 = 1 << 0;
const READ: u64 = 1 << 1;
const WRITE: u64 = 1 << 2;
const EXECUTE: u64 = 1 << 3;
const USER: u64 = 1 << 4;
const GLOBAL: u64 = 1 << 5;
const ACCESSED: u64 = 1 << 6;
const DIRTY: u64 = 1 << 7;
/// The first of two bits that are software's own.
const SHARED: u64 = 1 << 8;
/// The second: with VALID clear, a page is here that nobody may touch. (An invalid entry's other
/// bits are all software's, and a valid one without any access would be a table.)
const INACCESSIBLE: u64 = 1 << 9;

const ADDRESS_MASK: u64 = (1 << 44) - 1;

/// An entry that maps nothing.
pub(crate) const INVALID: u64 = 0;

fn address(physical: usize) -> u64 {
    (physical as u64 >> 12) << 10
}

/// A user page. A page that may be written may be read, as the format demands. The machine may
/// or may not set ACCESSED and DIRTY itself (Svade), so they are set here, at once.
#[inline]
pub(crate) fn leaf(physical: usize, flags: PageFlags) -> u64 {
    let mut entry = address(physical) | VALID | USER | ACCESSED;
    if flags.contains(PageFlags::READ) {
        entry |= READ;
    }
    if flags.contains(PageFlags::WRITE) {
        entry |= READ | WRITE | DIRTY;
    }
    if flags.contains(PageFlags::EXECUTE) {
        entry |= EXECUTE;
    }
    if flags.contains(PageFlags::DIRTY) {
        entry |= DIRTY;
    }
    if flags.contains(PageFlags::SHARED) {
        entry |= SHARED;
    }
    if entry & (READ | WRITE | EXECUTE) == 0 {
        entry = (entry & !VALID) | INACCESSIBLE;
    }
    entry
}

/// The next level's table.
#[inline]
pub(crate) fn table(physical: usize) -> u64 {
    address(physical) | VALID
}

/// The next level's table of the kernel's half.
pub(crate) fn kernel_table(physical: usize) -> u64 {
    table(physical)
}

/// Whether the kernel may both write and execute what a leaf of its half maps.
pub(crate) fn kernel_writes_and_executes(entry: u64) -> bool {
    entry & (WRITE | EXECUTE) == WRITE | EXECUTE
}

/// A larger leaf (2 MiB or 1 GiB) of the kernel's half.
pub(crate) fn kernel_block(physical: usize, access: KernelAccess) -> u64 {
    kernel_leaf(physical, access)
}

/// A page, or a larger leaf, of the kernel's half.
pub(crate) fn kernel_leaf(physical: usize, access: KernelAccess) -> u64 {
    let access = match access {
        KernelAccess::ReadWrite | KernelAccess::Device => READ | WRITE,
        KernelAccess::Read => READ,
        KernelAccess::ReadExecute => READ | EXECUTE,
    };
    address(physical) | VALID | GLOBAL | ACCESSED | DIRTY | access
}

/// What an entry says.
#[inline]
pub(crate) fn decode(entry: u64) -> Decoded {
    if entry & (VALID | INACCESSIBLE) == 0 {
        return Decoded::Invalid;
    }
    let physical = ((entry >> 10 & ADDRESS_MASK) << 12) as usize;
    if entry & (READ | WRITE | EXECUTE | INACCESSIBLE) == 0 {
        return Decoded::Table(physical);
    }
    let mut flags = PageFlags::empty();
    flags.set(PageFlags::READ, entry & READ != 0);
    flags.set(PageFlags::WRITE, entry & WRITE != 0);
    flags.set(PageFlags::EXECUTE, entry & EXECUTE != 0);
    flags.set(PageFlags::ACCESSED, entry & ACCESSED != 0);
    flags.set(PageFlags::DIRTY, entry & DIRTY != 0);
    flags.set(PageFlags::SHARED, entry & SHARED != 0);
    Decoded::Leaf(physical, flags)
}
