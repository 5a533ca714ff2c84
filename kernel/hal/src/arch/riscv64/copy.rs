//! Copies to and from user memory, and between any memory that others may change meanwhile.
//!
//! One copy loop serves them all. It aligns the destination, then moves sixteen words at a time; if
//! source and destination are not aligned alike, it reads whole words and shifts them together, so
//! that no access is ever misaligned (on many machines those are emulated, slowly). A word that is
//! read may reach beyond the source's ends, but never beyond its page.
//!
//! Every instruction here that touches user memory has an entry in the exception table: if it
//! faults, execution goes on at its landing. For the fast loops that is a byte loop that goes up
//! to the very byte that cannot be reached; for the byte loop, the end.

use core::arch::{asm, global_asm};

use super::csr::STATUS_SUM;

unsafe extern "C" {
    /// Copies; returns how many bytes were not.
    fn copy_any(to: *mut u8, from: *const u8, length: usize) -> usize;
    /// Zeroes; returns how many bytes were not.
    fn zero_any(to: *mut u8, length: usize) -> usize;
    /// Returns the word, or a number beyond a word's.
    fn load_user_word(address: usize) -> usize;
    /// Returns the word found, or a number beyond a word's.
    fn exchange_user_word(address: usize, old: u32, new: u32) -> usize;

    /// Zeroes a page by cache blocks of 64 bytes (Zicboz).
    fn zero_page_by_blocks(to: *mut u8);
    /// Copies a page.
    fn copy_whole_page(to: *mut u8, from: *const u8);

    static __exception_table_start: [usize; 2];
    static __exception_table_end: [usize; 2];
}

/// Where execution goes on after a fault at `pc`, if that is allowed to fault.
pub(super) fn landing(pc: usize) -> Option<usize> {
    let start = &raw const __exception_table_start;
    // SAFETY: the linker puts the table's entries, pairs of addresses, between the two symbols.
    let table = unsafe {
        let length = (&raw const __exception_table_end).offset_from_unsigned(start);
        core::slice::from_raw_parts(start, length)
    };
    // All entries come from one piece of code, in its order.
    let position = table.partition_point(|entry| entry[0] < pc);
    table
        .get(position)
        .filter(|entry| entry[0] == pc)
        .map(|entry| entry[1])
}

global_asm!(
    r#"
    .macro  guarded landing, instruction:vararg
98765:
    \instruction
    .pushsection .exception_table, "a"
    .balign 8
    .dword  98765b, \landing
    .popsection
    .endm

    .section .text
    .balign 4
    // a0: to, a1: from, a2: length; returns in a0 what is left.
    .globl copy_any, zero_any, load_user_word, exchange_user_word
copy_any:
    or      t0, a0, a1
    andi    t0, t0, 7
    beqz    t0, 25f
    li      t0, 16
    bltu    a2, t0, 80f
    // Align the destination.
10: andi    t0, a0, 7
    beqz    t0, 20f
    guarded 90f, lbu t1, 0(a1)
    guarded 90f, sb t1, 0(a0)
    addi    a0, a0, 1
    addi    a1, a1, 1
    addi    a2, a2, -1
    j       10b
20: andi    t0, a1, 7
    bnez    t0, 50f
    // Both aligned: 128 bytes at a time. A fault in the middle does the block again, slowly.
25: li      t0, 128
    bltu    a2, t0, 40f
30: guarded 80f, ld a3, 0(a1)
    guarded 80f, ld a4, 8(a1)
    guarded 80f, ld a5, 16(a1)
    guarded 80f, ld a6, 24(a1)
    guarded 80f, ld a7, 32(a1)
    guarded 80f, ld t1, 40(a1)
    guarded 80f, ld t2, 48(a1)
    guarded 80f, ld t3, 56(a1)
    guarded 80f, sd a3, 0(a0)
    guarded 80f, sd a4, 8(a0)
    guarded 80f, sd a5, 16(a0)
    guarded 80f, sd a6, 24(a0)
    guarded 80f, sd a7, 32(a0)
    guarded 80f, sd t1, 40(a0)
    guarded 80f, sd t2, 48(a0)
    guarded 80f, sd t3, 56(a0)
    guarded 80f, ld a3, 64(a1)
    guarded 80f, ld a4, 72(a1)
    guarded 80f, ld a5, 80(a1)
    guarded 80f, ld a6, 88(a1)
    guarded 80f, ld a7, 96(a1)
    guarded 80f, ld t1, 104(a1)
    guarded 80f, ld t2, 112(a1)
    guarded 80f, ld t3, 120(a1)
    guarded 80f, sd a3, 64(a0)
    guarded 80f, sd a4, 72(a0)
    guarded 80f, sd a5, 80(a0)
    guarded 80f, sd a6, 88(a0)
    guarded 80f, sd a7, 96(a0)
    guarded 80f, sd t1, 104(a0)
    guarded 80f, sd t2, 112(a0)
    guarded 80f, sd t3, 120(a0)
    addi    a2, a2, -128
    addi    a0, a0, 128
    addi    a1, a1, 128
    bgeu    a2, t0, 30b
    // Then 8.
40: li      t0, 8
    bltu    a2, t0, 42f
41: guarded 80f, ld a3, 0(a1)
    guarded 80f, sd a3, 0(a0)
    addi    a2, a2, -8
    addi    a0, a0, 8
    addi    a1, a1, 8
    bgeu    a2, t0, 41b
42: beqz    a2, 90f
    // Both are still aligned: half a word may be next.
    andi    t0, a2, 4
    beqz    t0, 81f
    guarded 81f, lw a3, 0(a1)
    guarded 81f, sw a3, 0(a0)
    addi    a2, a2, -4
    addi    a0, a0, 4
    addi    a1, a1, 4
    j       80f
    // Source not aligned: t0 = its offset in a word; put words together from two.
50: slli    t4, t0, 3
    neg     t5, t4
    sub     a3, a1, t0
    guarded 80f, ld a4, 0(a3)
    li      t6, 32
    bltu    a2, t6, 60f
    // 32 bytes at a time.
55: guarded 80f, ld a5, 8(a3)
    guarded 80f, ld a6, 16(a3)
    guarded 80f, ld a7, 24(a3)
    guarded 80f, ld t3, 32(a3)
    srl     t1, a4, t4
    sll     t2, a5, t5
    or      t1, t1, t2
    guarded 80f, sd t1, 0(a0)
    srl     t1, a5, t4
    sll     t2, a6, t5
    or      t1, t1, t2
    guarded 80f, sd t1, 8(a0)
    srl     t1, a6, t4
    sll     t2, a7, t5
    or      t1, t1, t2
    guarded 80f, sd t1, 16(a0)
    srl     t1, a7, t4
    sll     t2, t3, t5
    or      t1, t1, t2
    guarded 80f, sd t1, 24(a0)
    mv      a4, t3
    addi    a3, a3, 32
    addi    a1, a1, 32
    addi    a0, a0, 32
    addi    a2, a2, -32
    // The last word read must hold at least one byte of the source.
    bgeu    a2, t6, 55b
60: li      t6, 8
    bltu    a2, t6, 80f
61: guarded 80f, ld a5, 8(a3)
    srl     t1, a4, t4
    sll     t2, a5, t5
    or      t1, t1, t2
    guarded 80f, sd t1, 0(a0)
    mv      a4, a5
    addi    a3, a3, 8
    addi    a1, a1, 8
    addi    a0, a0, 8
    addi    a2, a2, -8
    bgeu    a2, t6, 61b
    // Byte by byte: short copies, the ends of long ones, and up to a fault.
80: beqz    a2, 90f
81: guarded 90f, lbu t1, 0(a1)
    guarded 90f, sb t1, 0(a0)
    addi    a0, a0, 1
    addi    a1, a1, 1
    addi    a2, a2, -1
    bnez    a2, 81b
90: mv      a0, a2
    ret

    // a0: to, a1: length; returns in a0 what is left.
zero_any:
    li      t0, 16
    bltu    a1, t0, 80f
10: andi    t0, a0, 7
    beqz    t0, 20f
    guarded 90f, sb zero, 0(a0)
    addi    a0, a0, 1
    addi    a1, a1, -1
    j       10b
20: li      t0, 64
    bltu    a1, t0, 40f
30: guarded 80f, sd zero, 0(a0)
    guarded 80f, sd zero, 8(a0)
    guarded 80f, sd zero, 16(a0)
    guarded 80f, sd zero, 24(a0)
    guarded 80f, sd zero, 32(a0)
    guarded 80f, sd zero, 40(a0)
    guarded 80f, sd zero, 48(a0)
    guarded 80f, sd zero, 56(a0)
    addi    a0, a0, 64
    addi    a1, a1, -64
    bgeu    a1, t0, 30b
40: li      t0, 8
    bltu    a1, t0, 80f
41: guarded 80f, sd zero, 0(a0)
    addi    a0, a0, 8
    addi    a1, a1, -8
    bgeu    a1, t0, 41b
80: beqz    a1, 90f
81: guarded 90f, sb zero, 0(a0)
    addi    a0, a0, 1
    addi    a1, a1, -1
    bnez    a1, 81b
90: mv      a0, a1
    ret

    .globl zero_page_by_blocks, copy_whole_page
zero_page_by_blocks:
    .option push
    .option arch, +zicboz
    li      t0, 4096
    add     t0, t0, a0
1:  .irp    step, 0,1,2,3
    cbo.zero (a0)
    addi    a0, a0, 64
    .endr
    bne     a0, t0, 1b
    ret
    .option pop

copy_whole_page:
    li      t0, 4096
    add     t0, t0, a0
1:  .irp    half, 0,64
    ld      a2, \half+0(a1)
    ld      a3, \half+8(a1)
    ld      a4, \half+16(a1)
    ld      a5, \half+24(a1)
    ld      a6, \half+32(a1)
    ld      a7, \half+40(a1)
    ld      t1, \half+48(a1)
    ld      t2, \half+56(a1)
    sd      a2, \half+0(a0)
    sd      a3, \half+8(a0)
    sd      a4, \half+16(a0)
    sd      a5, \half+24(a0)
    sd      a6, \half+32(a0)
    sd      a7, \half+40(a0)
    sd      t1, \half+48(a0)
    sd      t2, \half+56(a0)
    .endr
    addi    a0, a0, 128
    addi    a1, a1, 128
    bne     a0, t0, 1b
    ret

load_user_word:
    guarded 90f, lwu a0, 0(a0)
    ret
90: li      a0, -1
    ret

exchange_user_word:
    .option push
    .option arch, +a
    sext.w  a1, a1
10: guarded 90f, lr.w.aqrl t0, (a0)
    bne     t0, a1, 20f
    guarded 90f, sc.w.rl t1, a2, (a0)
    bnez    t1, 10b
20: slli    a0, t0, 32
    .option pop
    srli    a0, a0, 32
    ret
90: li      a0, -1
    ret
"#
);

/// Runs `action` with user memory open to the kernel.
#[inline(always)]
fn with_user_memory<R>(action: impl FnOnce() -> R) -> R {
    // SAFETY: only the routines above run in between; they touch user memory and nothing else
    // that is mapped for users. (A trap closes it for its handler.)
    unsafe { asm!("csrs sstatus, {}", in(reg) STATUS_SUM, options(nostack)) };
    let result = action();
    // SAFETY: closes it.
    unsafe { asm!("csrc sstatus, {}", in(reg) STATUS_SUM, options(nostack)) };
    result
}

/// # Safety
/// `into` is valid for writes of `length` bytes, `address + length` is at most `USER_END`.
#[inline]
pub(crate) unsafe fn user_read(address: usize, into: *mut u8, length: usize) -> usize {
    let from = core::ptr::without_provenance(address);
    // SAFETY: the source lies in the user half, where nothing of the kernel's is and where a
    // fault is survived; the destination is the caller's promise.
    length - with_user_memory(|| unsafe { copy_any(into, from, length) })
}

/// # Safety
/// `from` is valid for reads of `length` bytes, `address + length` is at most `USER_END`.
#[inline]
pub(crate) unsafe fn user_write(address: usize, from: *const u8, length: usize) -> usize {
    let to = core::ptr::without_provenance_mut(address);
    // SAFETY: as in `user_read`, the other way.
    length - with_user_memory(|| unsafe { copy_any(to, from, length) })
}

/// Zeroes; returns how many bytes were done. The range is below `USER_END`.
#[inline]
pub(crate) fn user_zero(address: usize, length: usize) -> usize {
    let to = core::ptr::without_provenance_mut(address);
    // SAFETY: the destination lies in the user half (the caller, `user::copy`, sees to it), where
    // nothing of the kernel's is and where a fault is survived.
    length - with_user_memory(|| unsafe { zero_any(to, length) })
}

/// Reads an aligned word below `USER_END`.
pub(crate) fn user_load_u32(address: usize) -> Option<u32> {
    // SAFETY: an address in the user half; a fault is survived.
    u32::try_from(with_user_memory(|| unsafe { load_user_word(address) })).ok()
}

/// Exchanges an aligned word below `USER_END` if it is `old`; returns what was there.
pub(crate) fn user_compare_exchange_u32(address: usize, old: u32, new: u32) -> Option<u32> {
    // SAFETY: an address in the user half; a fault is survived.
    u32::try_from(with_user_memory(|| unsafe {
        exchange_user_word(address, old, new)
    }))
    .ok()
}

/// # Safety
/// `to` is valid for writes of `length` bytes, `from` for reads.
#[inline]
pub(crate) unsafe fn copy_bytes(to: *mut u8, from: *const u8, length: usize) {
    // SAFETY: the caller's promise. Reads stay in the pages of the source.
    unsafe { copy_any(to, from, length) };
}

/// # Safety
/// Both are whole pages.
#[inline]
pub(crate) unsafe fn copy_page(to: *mut u8, from: *const u8) {
    // SAFETY: the caller's promise.
    unsafe { copy_whole_page(to, from) };
}

/// # Safety
/// `to` is a whole page that only the caller writes.
#[inline]
pub(crate) unsafe fn zero_page(to: *mut u8) {
    if super::boot::has_block_zero() {
        // SAFETY: the caller's promise, and the machine knows the instruction.
        unsafe { zero_page_by_blocks(to) };
    } else {
        // SAFETY: the caller's promise.
        unsafe { zero_any(to, crate::PAGE_SIZE) };
    }
}

/// # Safety
/// `to` is valid for writes of `length` bytes.
pub(crate) unsafe fn fill_bytes(to: *mut u8, value: u8, length: usize) {
    if value == 0 {
        // SAFETY: the caller's promise.
        unsafe { zero_any(to, length) };
        return;
    }
    for index in 0..length {
        // SAFETY: the caller's promise; volatile, because others may see the memory.
        unsafe { to.add(index).write_volatile(value) };
    }
}
