//! Pages of the kernel's half: mapped for stacks and device registers.
//!
//! The backend's root has second-level tables for both areas from the start
//! (`STACK_AREA`, `DEVICE_AREA`; 1 GiB each), so that every address space shares what is mapped
//! here later. Last-level tables are made on demand and stay.

use core::sync::atomic::{AtomicU64, Ordering};

use crate::arch::{self, Decoded, KernelAccess, pte};
use crate::frame::{Frame, Purpose};
use crate::sync::{Rank, SpinLock};
use crate::{OutOfMemory, PAGE_SIZE};

/// Stacks are made by whoever spawns threads, registers are claimed by drivers, under their own
/// locks; frames are allocated inside.
const RANK: Rank = Rank(790);

/// How much of the device area is used.
static DEVICES: SpinLock<usize> = SpinLock::new(RANK, 0);
/// Held while last-level tables are added.
static TABLES: SpinLock<()> = SpinLock::new(RANK, ());

const DEVICE_AREA_SIZE: usize = 1 << 30;

/// Maps device registers at an address of their own; returns it.
///
/// # Safety
/// The range holds device registers, and nobody else maps it.
pub(crate) unsafe fn map_device(physical: usize, length: usize) -> Result<usize, OutOfMemory> {
    let first = physical & !(PAGE_SIZE - 1);
    let size = (physical + length).next_multiple_of(PAGE_SIZE) - first;
    let start = {
        let mut used = DEVICES.lock();
        if size > DEVICE_AREA_SIZE - *used {
            return Err(OutOfMemory);
        }
        let start = arch::DEVICE_AREA + *used;
        *used += size;
        start
    };
    for offset in (0..size).step_by(PAGE_SIZE) {
        let entry = pte::kernel_leaf(first + offset, KernelAccess::Device);
        slot(start + offset)?.store(entry, Ordering::Relaxed);
    }
    arch::fence_new_mapping();
    Ok(start + (physical - first))
}

/// Maps a frame for the kernel to read and write. The mapping holds the frame's share.
pub(super) fn map_frame(address: usize, frame: Frame) -> Result<(), OutOfMemory> {
    let slot = slot(address)?;
    let entry = pte::kernel_leaf(frame.into_physical(), KernelAccess::ReadWrite);
    slot.store(entry, Ordering::Relaxed);
    Ok(())
}

/// Unmaps what [`map_frame`] mapped; the translation may linger until a flush, so the frame must
/// be kept until then.
pub(super) fn unmap_frame(address: usize) -> Option<Frame> {
    let slot = slot(address).ok()?;
    match pte::decode(slot.swap(pte::INVALID, Ordering::Relaxed)) {
        // SAFETY: in the stack area every leaf was made by `map_frame` out of a frame's share,
        // and the swap took the leaf away.
        Decoded::Leaf(physical, _) => Some(unsafe { Frame::from_physical(physical) }),
        _ => None,
    }
}

/// Whether an address in one of the areas is mapped at this moment.
pub(crate) fn is_mapped(address: usize) -> bool {
    let mut table = table(arch::kernel_root());
    for shift in [30, 21] {
        match pte::decode(table[address >> shift & 511].load(Ordering::Relaxed)) {
            Decoded::Table(physical) => table = self::table(physical),
            _ => return false,
        }
    }
    table[address >> 12 & 511].load(Ordering::Relaxed) != pte::INVALID
}

/// The last-level entry for an address in one of the areas.
fn slot(address: usize) -> Result<&'static AtomicU64, OutOfMemory> {
    let root = table(arch::kernel_root());
    let middle = match pte::decode(root[address >> 30 & 511].load(Ordering::Relaxed)) {
        Decoded::Table(physical) => table(physical),
        _ => panic!("{address:#x} is not in an area the kernel maps on demand"),
    };
    let entry = &middle[address >> 21 & 511];
    let last = match pte::decode(entry.load(Ordering::Acquire)) {
        Decoded::Table(physical) => table(physical),
        _ => add_table(entry)?,
    };
    Ok(&last[address >> 12 & 511])
}

fn add_table(entry: &AtomicU64) -> Result<&'static [AtomicU64; 512], OutOfMemory> {
    let frame = Frame::allocate_for(Purpose::Reserve)?;
    frame.fill(0, PAGE_SIZE, 0);
    let _held = TABLES.lock();
    if let Decoded::Table(physical) = pte::decode(entry.load(Ordering::Acquire)) {
        return Ok(table(physical));
    }
    let physical = frame.into_physical();
    entry.store(pte::table(physical), Ordering::Release);
    Ok(table(physical))
}

/// A table of the kernel's half.
fn table(physical: usize) -> &'static [AtomicU64; 512] {
    // SAFETY: called with the root's address or with one from a table entry of the kernel's half,
    // none of which is ever freed; tables are page aligned and only accessed as atomics.
    unsafe { &*arch::physical_to_virtual(physical).cast() }
}
