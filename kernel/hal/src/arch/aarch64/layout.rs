//! The kernel's half of the address space (the upper 512 GiB that TTBR1 translates).
//!
//! | from | what |
//! |---|---|
//! | `0xffff_ffc0_0000_0000` | direct map: physical address + this, up to 128 GiB |
//! | `0xffff_ffe0_0000_0000` | kernel stacks, 64 KiB apart, each in the upper half of its slot |
//! | `0xffff_ffe0_4000_0000` | device registers |
//! | `0xffff_ffff_8000_0000` | the kernel's image |
//!
//! The image may lie at any multiple of 2 MiB in physical memory; where it does is known from the
//! first instruction on.

use core::sync::atomic::{AtomicUsize, Ordering};

/// Where physical address 0 is in the direct map.
pub(super) const DIRECT_MAP: usize = 0xffff_ffc0_0000_0000;
/// How much physical memory the direct map can hold.
pub(super) const DIRECT_MAP_SIZE: usize = 128 << 30;
/// Where kernel stacks are; 1 GiB.
pub(crate) const STACK_AREA: usize = 0xffff_ffe0_0000_0000;
/// Where device registers are; 1 GiB.
pub(crate) const DEVICE_AREA: usize = 0xffff_ffe0_4000_0000;

/// The image's virtual minus its physical addresses.
static IMAGE_OFFSET: AtomicUsize = AtomicUsize::new(0);

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
pub(super) struct Image {
    /// The first byte, where code begins.
    pub(super) start: usize,
    /// The end of code, where constants begin.
    pub(super) text_end: usize,
    /// The end of constants, where variables begin.
    pub(super) rodata_end: usize,
    /// The start of what is never mapped, under the first CPU's stack.
    pub(super) guard: usize,
    /// The lowest byte of the first CPU's stack.
    pub(super) stack_bottom: usize,
    /// One past the highest byte of the first CPU's stack.
    pub(super) stack_top: usize,
    /// The end of everything.
    pub(super) end: usize,
}

/// The linker's addresses.
pub(super) fn image() -> Image {
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

/// Notes where the image was loaded; the first thing that Rust code does.
pub(super) fn set_image_physical(physical: usize) {
    IMAGE_OFFSET.store(image().start.wrapping_sub(physical), Ordering::Relaxed);
}

/// The physical address of something in the image or in the direct map.
pub(super) fn virtual_to_physical(address: usize) -> usize {
    if address >= image().start {
        address.wrapping_sub(IMAGE_OFFSET.load(Ordering::Relaxed))
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
pub(super) fn is_on_stack(address: usize) -> bool {
    let image = image();
    (image.stack_bottom..image.stack_top).contains(&address)
        || (STACK_AREA..DEVICE_AREA).contains(&address)
            && crate::arch::bare::kernel_map::is_mapped(address)
}
