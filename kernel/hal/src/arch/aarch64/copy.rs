//! Reaching user memory.
//!
//! Every access is one of the *unprivileged* loads and stores (`ldtr`, `sttr`), which the machine
//! checks as if user mode had made them: a kernel bug that passes a kernel address here faults like
//! the program would, on a CPU without PAN too. The only exception is the compare-exchange, because
//! there is no unprivileged exclusive access; it opens PAN around two instructions.
//!
//! Each instruction that may fault has an entry in the exception table, which says where to go on.
//! A fault in a loop over large blocks goes on, from the start of that block, in the loops over
//! smaller ones, and a fault in the loop over bytes ends the copy, so the count is exact to the byte.

use core::arch::global_asm;

use super::registers::features;
use crate::sync::Once;

global_asm!(
    r#"
    .macro fallible label, fixup
    .pushsection .exception_table, "a"
    .balign 8
    .quad   \label, \fixup
    .popsection
    .endm

    .text
    // (x0: user address, x1: kernel address, x2: length) -> x0: bytes done
    .globl scarlet_user_read
    .balign 64
scarlet_user_read:
    mov     x9, x0
    subs    x2, x2, #128
    b.lo    12f
11:
20: ldtr    x3, [x0, #0]
21: ldtr    x4, [x0, #8]
22: ldtr    x5, [x0, #16]
23: ldtr    x6, [x0, #24]
24: ldtr    x7, [x0, #32]
25: ldtr    x8, [x0, #40]
26: ldtr    x10, [x0, #48]
27: ldtr    x11, [x0, #56]
    stp     x3, x4, [x1, #0]
    stp     x5, x6, [x1, #16]
    stp     x7, x8, [x1, #32]
    stp     x10, x11, [x1, #48]
28: ldtr    x3, [x0, #64]
29: ldtr    x4, [x0, #72]
30: ldtr    x5, [x0, #80]
31: ldtr    x6, [x0, #88]
32: ldtr    x7, [x0, #96]
33: ldtr    x8, [x0, #104]
34: ldtr    x10, [x0, #112]
35: ldtr    x11, [x0, #120]
    stp     x3, x4, [x1, #64]
    stp     x5, x6, [x1, #80]
    stp     x7, x8, [x1, #96]
    stp     x10, x11, [x1, #112]
    add     x0, x0, #128
    add     x1, x1, #128
    subs    x2, x2, #128
    b.hs    11b
12: add     x2, x2, #128
1:  cmp     x2, #32
    b.lo    6f
2:  ldtr    x3, [x0]
3:  ldtr    x4, [x0, #8]
4:  ldtr    x5, [x0, #16]
5:  ldtr    x6, [x0, #24]
    stp     x3, x4, [x1], #16
    stp     x5, x6, [x1], #16
    add     x0, x0, #32
    sub     x2, x2, #32
    b       1b
6:  cmp     x2, #8
    b.lo    8f
7:  ldtr    x3, [x0]
    str     x3, [x1], #8
    add     x0, x0, #8
    sub     x2, x2, #8
    b       6b
8:  cbz     x2, 10f
9:  ldtrb   w3, [x0]
    strb    w3, [x1], #1
    add     x0, x0, #1
    sub     x2, x2, #1
    b       8b
10: sub     x0, x0, x9
    ret
    fallible 20b, 12b
    fallible 21b, 12b
    fallible 22b, 12b
    fallible 23b, 12b
    fallible 24b, 12b
    fallible 25b, 12b
    fallible 26b, 12b
    fallible 27b, 12b
    fallible 28b, 12b
    fallible 29b, 12b
    fallible 30b, 12b
    fallible 31b, 12b
    fallible 32b, 12b
    fallible 33b, 12b
    fallible 34b, 12b
    fallible 35b, 12b
    fallible 2b, 6b
    fallible 3b, 6b
    fallible 4b, 6b
    fallible 5b, 6b
    fallible 7b, 8b
    fallible 9b, 10b

    // (x0: user address, x1: kernel address, x2: length) -> x0: bytes done
    .globl scarlet_user_write
    .balign 64
scarlet_user_write:
    mov     x9, x0
    subs    x2, x2, #128
    b.lo    12f
11:
    ldp     x3, x4, [x1, #0]
    ldp     x5, x6, [x1, #16]
    ldp     x7, x8, [x1, #32]
    ldp     x10, x11, [x1, #48]
20: sttr    x3, [x0, #0]
21: sttr    x4, [x0, #8]
22: sttr    x5, [x0, #16]
23: sttr    x6, [x0, #24]
24: sttr    x7, [x0, #32]
25: sttr    x8, [x0, #40]
26: sttr    x10, [x0, #48]
27: sttr    x11, [x0, #56]
    ldp     x3, x4, [x1, #64]
    ldp     x5, x6, [x1, #80]
    ldp     x7, x8, [x1, #96]
    ldp     x10, x11, [x1, #112]
28: sttr    x3, [x0, #64]
29: sttr    x4, [x0, #72]
30: sttr    x5, [x0, #80]
31: sttr    x6, [x0, #88]
32: sttr    x7, [x0, #96]
33: sttr    x8, [x0, #104]
34: sttr    x10, [x0, #112]
35: sttr    x11, [x0, #120]
    add     x0, x0, #128
    add     x1, x1, #128
    subs    x2, x2, #128
    b.hs    11b
12: add     x2, x2, #128
1:  cmp     x2, #32
    b.lo    6f
    ldp     x3, x4, [x1]
    ldp     x5, x6, [x1, #16]
2:  sttr    x3, [x0]
3:  sttr    x4, [x0, #8]
4:  sttr    x5, [x0, #16]
5:  sttr    x6, [x0, #24]
    add     x1, x1, #32
    add     x0, x0, #32
    sub     x2, x2, #32
    b       1b
6:  cmp     x2, #8
    b.lo    8f
    ldr     x3, [x1]
7:  sttr    x3, [x0]
    add     x1, x1, #8
    add     x0, x0, #8
    sub     x2, x2, #8
    b       6b
8:  cbz     x2, 10f
    ldrb    w3, [x1]
9:  sttrb   w3, [x0]
    add     x1, x1, #1
    add     x0, x0, #1
    sub     x2, x2, #1
    b       8b
10: sub     x0, x0, x9
    ret
    fallible 20b, 12b
    fallible 21b, 12b
    fallible 22b, 12b
    fallible 23b, 12b
    fallible 24b, 12b
    fallible 25b, 12b
    fallible 26b, 12b
    fallible 27b, 12b
    fallible 28b, 12b
    fallible 29b, 12b
    fallible 30b, 12b
    fallible 31b, 12b
    fallible 32b, 12b
    fallible 33b, 12b
    fallible 34b, 12b
    fallible 35b, 12b
    fallible 2b, 6b
    fallible 3b, 6b
    fallible 4b, 6b
    fallible 5b, 6b
    fallible 7b, 8b
    fallible 9b, 10b

    // (x0: user address, x1: length) -> x0: bytes done
    .globl scarlet_user_zero
    .balign 64
scarlet_user_zero:
    mov     x9, x0
    subs    x1, x1, #64
    b.lo    12f
11:
20: sttr    xzr, [x0, #0]
21: sttr    xzr, [x0, #8]
22: sttr    xzr, [x0, #16]
23: sttr    xzr, [x0, #24]
24: sttr    xzr, [x0, #32]
25: sttr    xzr, [x0, #40]
26: sttr    xzr, [x0, #48]
27: sttr    xzr, [x0, #56]
    add     x0, x0, #64
    subs    x1, x1, #64
    b.hs    11b
12: add     x1, x1, #64
1:  cmp     x1, #8
    b.lo    3f
2:  sttr    xzr, [x0]
    add     x0, x0, #8
    sub     x1, x1, #8
    b       1b
3:  cbz     x1, 5f
4:  sttrb   wzr, [x0]
    add     x0, x0, #1
    sub     x1, x1, #1
    b       3b
5:  sub     x0, x0, x9
    ret
    fallible 20b, 12b
    fallible 21b, 12b
    fallible 22b, 12b
    fallible 23b, 12b
    fallible 24b, 12b
    fallible 25b, 12b
    fallible 26b, 12b
    fallible 27b, 12b
    fallible 2b, 3b
    fallible 4b, 5b

    // (x0: user address, x1: where the word goes) -> x0: 1 if it was read
    .globl scarlet_user_load
scarlet_user_load:
    mov     x9, x0
    mov     x0, #0
1:  ldtr    w3, [x9]
    str     w3, [x1]
    mov     x0, #1
2:  ret
    fallible 1b, 2b

    // (x0: user address, w1: old, w2: new, x3: where what was found goes) -> x0: 1 if it was done
    .globl scarlet_user_exchange
scarlet_user_exchange:
    mov     x9, x0
    mov     x0, #0
6:  ldtr    w4, [x9]
1:  ldaxr   w4, [x9]
    cmp     w4, w1
    b.ne    3f
2:  stlxr   w5, w2, [x9]
    cbnz    w5, 1b
    b       4f
3:  clrex
4:  str     w4, [x3]
    mov     x0, #1
5:  ret
    fallible 6b, 5b
    fallible 1b, 5b
    fallible 2b, 5b
"#
);

unsafe extern "C" {
    fn scarlet_user_read(address: usize, into: *mut u8, length: usize) -> usize;
    fn scarlet_user_write(address: usize, from: *const u8, length: usize) -> usize;
    fn scarlet_user_zero(address: usize, length: usize) -> usize;
    fn scarlet_user_load(address: usize, into: *mut u32) -> usize;
    fn scarlet_user_exchange(address: usize, old: u32, new: u32, found: *mut u32) -> usize;
}

/// # Safety
/// `into` is valid for `length` bytes, `address + length` is at most `USER_END`.
#[inline]
pub(crate) unsafe fn user_read(address: usize, into: *mut u8, length: usize) -> usize {
    // SAFETY: the caller's promise for the kernel side; the user side is checked by the machine.
    unsafe { scarlet_user_read(address, into, length) }
}

/// # Safety
/// `from` is valid for `length` bytes, `address + length` is at most `USER_END`.
#[inline]
pub(crate) unsafe fn user_write(address: usize, from: *const u8, length: usize) -> usize {
    // SAFETY: as in `user_read`.
    unsafe { scarlet_user_write(address, from, length) }
}

#[inline]
pub(crate) fn user_zero(address: usize, length: usize) -> usize {
    // SAFETY: it touches nothing but user memory, and that as the program itself could.
    unsafe { scarlet_user_zero(address, length) }
}

pub(crate) fn user_load_u32(address: usize) -> Option<u32> {
    let mut word = 0;
    // SAFETY: `word` is valid for the write; the user side is checked by the machine.
    let done = unsafe { scarlet_user_load(address, &raw mut word) };
    (done == 1).then_some(word)
}

/// Whether PAN has to be opened for privileged access to user pages.
fn has_pan() -> bool {
    static HAS_PAN: Once<bool> = Once::new();
    *HAS_PAN.get_or_init(|| features().pan)
}

pub(crate) fn user_compare_exchange_u32(address: usize, old: u32, new: u32) -> Option<u32> {
    let mut found = 0;
    // Interrupts are off so that the open PAN stays on this CPU.
    let guard = crate::interrupt::disable();
    if has_pan() {
        // SAFETY: msr pan, #0. It allows the kernel to reach user pages until it is set again.
        unsafe { core::arch::asm!(".inst 0xd500409f", options(nostack)) };
    }
    // SAFETY: `found` is valid for the write. The caller checked that the address lies in the user
    // half; there the kernel may write only what the program may write (AP says so for both at
    // once), and an unprivileged load goes first, so it reads only what the program may read.
    let done = unsafe { scarlet_user_exchange(address, old, new, &raw mut found) };
    if has_pan() {
        // SAFETY: msr pan, #1.
        unsafe { core::arch::asm!(".inst 0xd500419f", options(nostack)) };
    }
    drop(guard);
    (done == 1).then_some(found)
}
