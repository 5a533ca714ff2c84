//! Page table entries: VMSAv8-64, 4 KiB granule (Arm ARM, D8.3).
//!
//! The format cannot tell a page from a table without knowing the level, so every leaf carries one
//! of the bits that are software's own. Access flag and dirty state are set here, at once: the
//! hardware management of both is an option that a Cortex-A72 does not have.

use crate::arch::{Decoded, KernelAccess};
use crate::paging::PageFlags;

const VALID: u64 = 1 << 0;
/// At levels 1 and 2: a table follows. At level 3: a page, without which the entry is reserved.
const TABLE_OR_PAGE: u64 = 1 << 1;
/// Index 0 of MAIR_EL1: ordinary memory, write-back.
const MEMORY: u64 = 0 << 2;
/// Index 1 of MAIR_EL1: device registers, in order (nGnRE).
const DEVICE: u64 = 1 << 2;
/// AP[1]: user mode may access too.
const USER: u64 = 1 << 6;
/// AP[2]: nobody may write.
const READ_ONLY: u64 = 1 << 7;
const INNER_SHAREABLE: u64 = 3 << 8;
const ACCESS_FLAG: u64 = 1 << 10;
const NOT_GLOBAL: u64 = 1 << 11;
const PRIVILEGED_EXECUTE_NEVER: u64 = 1 << 53;
const USER_EXECUTE_NEVER: u64 = 1 << 54;
/// Software: a leaf, at whatever level.
const LEAF: u64 = 1 << 55;
/// Software: [`PageFlags::DIRTY`].
const DIRTY: u64 = 1 << 56;
/// Software: [`PageFlags::SHARED`].
const SHARED: u64 = 1 << 57;
/// In a table entry: nothing below it is executable by the kernel, whatever the leaves say.
const TABLE_PRIVILEGED_EXECUTE_NEVER: u64 = 1 << 59;

const ADDRESS_MASK: u64 = 0x0000_ffff_ffff_f000;

/// An entry that maps nothing.
pub(crate) const INVALID: u64 = 0;

/// A user page. A page that may be written may be read, as on every machine.
#[inline]
pub(crate) fn leaf(physical: usize, flags: PageFlags) -> u64 {
    let mut entry = physical as u64
        | VALID
        | TABLE_OR_PAGE
        | MEMORY
        | INNER_SHAREABLE
        | ACCESS_FLAG
        | NOT_GLOBAL
        | PRIVILEGED_EXECUTE_NEVER
        | LEAF;
    if flags.contains(PageFlags::WRITE) {
        entry |= USER | DIRTY;
    } else {
        entry |= READ_ONLY;
        if flags.contains(PageFlags::READ) {
            entry |= USER;
        }
    }
    if !flags.contains(PageFlags::EXECUTE) {
        entry |= USER_EXECUTE_NEVER;
    }
    if flags.contains(PageFlags::DIRTY) {
        entry |= DIRTY;
    }
    if flags.contains(PageFlags::SHARED) {
        entry |= SHARED;
    }
    entry
}

/// The next level's table, of a user address space.
#[inline]
pub(crate) fn table(physical: usize) -> u64 {
    physical as u64 | VALID | TABLE_OR_PAGE | TABLE_PRIVILEGED_EXECUTE_NEVER
}

/// The next level's table of the kernel's half.
pub(crate) fn kernel_table(physical: usize) -> u64 {
    physical as u64 | VALID | TABLE_OR_PAGE
}

/// A page of the kernel's half.
pub(crate) fn kernel_leaf(physical: usize, access: KernelAccess) -> u64 {
    kernel_block(physical, access) | TABLE_OR_PAGE
}

/// Whether the kernel may both write and execute what a leaf of its half maps.
pub(crate) fn kernel_writes_and_executes(entry: u64) -> bool {
    entry & (READ_ONLY | PRIVILEGED_EXECUTE_NEVER) == 0
}

/// A larger leaf (2 MiB or 1 GiB) of the kernel's half.
pub(crate) fn kernel_block(physical: usize, access: KernelAccess) -> u64 {
    let common = physical as u64 | VALID | ACCESS_FLAG | USER_EXECUTE_NEVER | LEAF | DIRTY;
    let memory = common | MEMORY | INNER_SHAREABLE;
    match access {
        KernelAccess::Read => memory | READ_ONLY | PRIVILEGED_EXECUTE_NEVER,
        KernelAccess::ReadExecute => memory | READ_ONLY,
        KernelAccess::ReadWrite => memory | PRIVILEGED_EXECUTE_NEVER,
        KernelAccess::Device => common | DEVICE | PRIVILEGED_EXECUTE_NEVER,
    }
}

/// What an entry says.
#[inline]
pub(crate) fn decode(entry: u64) -> Decoded {
    if entry & VALID == 0 {
        return Decoded::Invalid;
    }
    let physical = (entry & ADDRESS_MASK) as usize;
    if entry & LEAF == 0 {
        return Decoded::Table(physical);
    }
    let mut flags = PageFlags::ACCESSED;
    flags.set(PageFlags::READ, entry & USER != 0);
    flags.set(PageFlags::WRITE, entry & (USER | READ_ONLY) == USER);
    flags.set(PageFlags::EXECUTE, entry & USER_EXECUTE_NEVER == 0);
    flags.set(PageFlags::DIRTY, entry & DIRTY != 0);
    flags.set(PageFlags::SHARED, entry & SHARED != 0);
    Decoded::Leaf(physical, flags)
}
