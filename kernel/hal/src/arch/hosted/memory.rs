//! A machine's memory: an allocation of the host, at a made-up physical address.

use crate::PAGE_SIZE;
use crate::arch::{MemoryMap, PhysicalRange};
use std::cell::Cell;

/// Where RAM begins, as on the RISC-V `virt` machine.
const BASE: usize = 0x8000_0000;

/// The memory of one machine.
pub(super) struct Memory {
    start: *mut u8,
    length: usize,
    /// Bytes of the archive at the end of RAM.
    archive: Cell<usize>,
}

impl Memory {
    /// `length` bytes of zeros, rounded up to pages. The host commits what is touched.
    pub(super) fn new(length: usize) -> Memory {
        let length = length.next_multiple_of(PAGE_SIZE);
        // SAFETY: a new private anonymous mapping at an address of the host's choice touches
        // nothing that exists.
        let start = unsafe {
            libc::mmap(
                core::ptr::null_mut(),
                length,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        assert!(
            start != libc::MAP_FAILED,
            "the host has no memory for a machine"
        );
        Memory {
            start: start.cast(),
            length,
            archive: Cell::new(0),
        }
    }

    /// What the kernel is told of it.
    pub(super) fn map(&self) -> MemoryMap {
        let mut map = MemoryMap::default();
        map.ram[0] = PhysicalRange {
            start: BASE,
            end: BASE + self.length,
        };
        if self.archive.get() > 0 {
            let start = self.archive_start();
            map.initramfs = PhysicalRange {
                start,
                end: start + self.archive.get(),
            };
        }
        map
    }

    fn archive_start(&self) -> usize {
        BASE + self.length - self.archive.get().next_multiple_of(PAGE_SIZE)
    }

    /// Puts an archive at the end of RAM, as a boot loader would. Before the kernel starts.
    pub(super) fn load_initramfs(&self, archive: &[u8]) {
        assert!(
            archive.len() < self.length / 2,
            "the archive does not fit the machine"
        );
        self.archive.set(archive.len());
        let target = self.at(self.archive_start());
        // SAFETY: the archive's length, rounded up, was taken off the end of RAM; nothing runs
        // on the machine yet.
        unsafe { core::ptr::copy_nonoverlapping(archive.as_ptr(), target, archive.len()) };
    }

    /// Bytes of RAM.
    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// Where the byte at a physical address is. Panics outside of RAM: that is a kernel bug, and
    /// better found here than in the host's memory.
    pub(super) fn at(&self, physical: usize) -> *mut u8 {
        let offset = physical.wrapping_sub(BASE);
        assert!(
            offset < self.length,
            "physical address {physical:#x} is not RAM"
        );
        // SAFETY: the offset lies in the mapping.
        unsafe { self.start.add(offset) }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: the mapping made in `new`; its machine is gone, and with it all users.
        unsafe { libc::munmap(self.start.cast(), self.length) };
    }
}
