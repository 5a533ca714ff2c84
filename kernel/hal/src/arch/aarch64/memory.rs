//! Copying and filling frames.
//!
//! Programs and devices may change a frame while the kernel copies it, so the accesses are made
//! here in assembly, where any bytes are fine, and never through Rust references.

use core::arch::global_asm;

global_asm!(
    r#"
    .text
    // (x0: to, x1: from, x2: length)
    .globl scarlet_copy_bytes
    .balign 64
scarlet_copy_bytes:
1:  cmp     x2, #64
    b.lo    2f
    ldp     x3, x4, [x1]
    ldp     x5, x6, [x1, #16]
    ldp     x7, x8, [x1, #32]
    ldp     x9, x10, [x1, #48]
    add     x1, x1, #64
    stp     x3, x4, [x0]
    stp     x5, x6, [x0, #16]
    stp     x7, x8, [x0, #32]
    stp     x9, x10, [x0, #48]
    add     x0, x0, #64
    sub     x2, x2, #64
    b       1b
2:  cmp     x2, #8
    b.lo    3f
    ldr     x3, [x1], #8
    str     x3, [x0], #8
    sub     x2, x2, #8
    b       2b
3:  cbz     x2, 4f
    ldrb    w3, [x1], #1
    strb    w3, [x0], #1
    sub     x2, x2, #1
    b       3b
4:  ret

    // (x0: to, w1: value, x2: length)
    .globl scarlet_fill_bytes
    .balign 64
scarlet_fill_bytes:
    and     x1, x1, #0xff
    mov     x3, #0x0101010101010101
    mul     x1, x1, x3
1:  cmp     x2, #32
    b.lo    2f
    stp     x1, x1, [x0]
    stp     x1, x1, [x0, #16]
    add     x0, x0, #32
    sub     x2, x2, #32
    b       1b
2:  cbz     x2, 3f
    strb    w1, [x0], #1
    sub     x2, x2, #1
    b       2b
3:  ret

    // (x0: a page, x1: the block that dc zva zeroes, 0 if it may not be used)
    .globl scarlet_zero_page
    .balign 64
scarlet_zero_page:
    add     x2, x0, #4096
    cbz     x1, 2f
1:  dc      zva, x0
    add     x0, x0, x1
    cmp     x0, x2
    b.lo    1b
    ret
2:  stp     xzr, xzr, [x0], #16
    cmp     x0, x2
    b.lo    2b
    ret
"#
);

unsafe extern "C" {
    fn scarlet_copy_bytes(to: *mut u8, from: *const u8, length: usize);
    fn scarlet_fill_bytes(to: *mut u8, value: u8, length: usize);
    fn scarlet_zero_page(to: *mut u8, block: usize);
}

/// # Safety
/// `to` is valid for writes of `length` bytes, `from` for reads; they do not overlap.
#[inline]
pub(crate) unsafe fn copy_bytes(to: *mut u8, from: *const u8, length: usize) {
    // SAFETY: the caller's promise.
    unsafe { scarlet_copy_bytes(to, from, length) };
}

/// # Safety
/// Both are whole pages.
#[inline]
pub(crate) unsafe fn copy_page(to: *mut u8, from: *const u8) {
    // SAFETY: the caller's promise.
    unsafe { scarlet_copy_bytes(to, from, crate::PAGE_SIZE) };
}

/// # Safety
/// `to` is valid for writes of `length` bytes.
#[inline]
pub(crate) unsafe fn fill_bytes(to: *mut u8, value: u8, length: usize) {
    // SAFETY: the caller's promise.
    unsafe { scarlet_fill_bytes(to, value, length) };
}

/// # Safety
/// `to` is a whole page that only the caller writes.
#[inline]
pub(crate) unsafe fn zero_page(to: *mut u8) {
    const PROHIBITED: u64 = 1 << 4;
    let identification = super::registers::read_register!("dczid_el0");
    let block = match identification & PROHIBITED {
        0 => 4usize << (identification & 0xf),
        _ => 0,
    };
    // SAFETY: the caller's promise. A block is a power of two and at most 2 KiB, so it divides the
    // page, which is ordinary memory.
    unsafe { scarlet_zero_page(to, block) };
}
