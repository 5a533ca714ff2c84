//! The kernel's half of the address space, the same on both machines (Sv39's top 256 GiB; a part of
//! the 512 GiB that TTBR1 translates).
//!
//! | from | what |
//! |---|---|
//! | `0xffff_ffc0_0000_0000` | direct map: physical address + this, up to 128 GiB |
//! | `0xffff_ffe0_0000_0000` | kernel stacks, 64 KiB apart, each in the upper half of its slot |
//! | `0xffff_ffe0_4000_0000` | device registers |
//! | `0xffff_ffff_8000_0000` | the kernel's image (on RISC-V 2 MiB further on, behind the firmware) |

use crate::arch::image_offset;

/// Where physical address 0 is in the direct map.
pub(crate) const DIRECT_MAP: usize = 0xffff_ffc0_0000_0000;
/// How much physical memory the direct map can hold.
pub(crate) const DIRECT_MAP_SIZE: usize = 128 << 30;
/// Where kernel stacks are; 1 GiB.
pub(crate) const STACK_AREA: usize = 0xffff_ffe0_0000_0000;
/// Where device registers are; 1 GiB.
pub(crate) const DEVICE_AREA: usize = 0xffff_ffe0_4000_0000;

unsafe extern "C" {
    static __kernel_start: u8;
    static __text_end: u8;
    static __rodata_end: u8;
    static __boot_stack_guard: u8;
    static __boot_stack_bottom: u8;
    static __boot_stack_top: u8;
    static __kernel_end: u8;
}

/// Addresses inside the image that the linker knows.
pub(crate) struct Image {
    /// The first byte, where code begins.
    pub(crate) start: usize,
    /// The end of code, where constants begin.
    pub(crate) text_end: usize,
    /// The end of constants, where variables begin.
    pub(crate) rodata_end: usize,
    /// The start of what is never mapped, under the first CPU's stack.
    pub(crate) guard: usize,
    /// The lowest byte of the first CPU's stack.
    pub(crate) stack_bottom: usize,
    /// One past the highest byte of the first CPU's stack.
    pub(crate) stack_top: usize,
    /// The end of everything.
    pub(crate) end: usize,
}

/// The linker's addresses.
pub(crate) fn image() -> Image {
    Image {
        start: &raw const __kernel_start as usize,
        text_end: &raw const __text_end as usize,
        rodata_end: &raw const __rodata_end as usize,
        guard: &raw const __boot_stack_guard as usize,
        stack_bottom: &raw const __boot_stack_bottom as usize,
        stack_top: &raw const __boot_stack_top as usize,
        end: &raw const __kernel_end as usize,
    }
}

/// The physical address of something in the image or in the direct map.
pub(crate) fn virtual_to_physical(address: usize) -> usize {
    if address >= image().start {
        address.wrapping_sub(image_offset())
    } else {
        address - DIRECT_MAP
    }
}

/// Where RAM at a physical address is mapped for the kernel.
#[inline(always)]
pub(crate) fn physical_to_virtual(physical: usize) -> *mut u8 {
    core::ptr::with_exposed_provenance_mut(physical.wrapping_add(DIRECT_MAP))
}

/// Whether an address is on a kernel stack that is mapped: the first CPU's, or one in the stack
/// area whose page has a translation.
pub(crate) fn is_on_stack(address: usize) -> bool {
    let image = image();
    (image.stack_bottom..image.stack_top).contains(&address)
        || (STACK_AREA..DEVICE_AREA).contains(&address) && super::kernel_map::is_mapped(address)
}
