//! Small programs for user mode, as machine code. Each architecture's do the same things; the
//! numbers and arguments of system calls are in that architecture's usual registers.

use core::arch::global_asm;

unsafe extern "C" {
    static selftest_call: u8;
    static selftest_load: u8;
    static selftest_store: u8;
    static selftest_illegal: u8;
    static selftest_breakpoint: u8;
    static selftest_spin: u8;
    static selftest_float: u8;
    static selftest_count: u8;
    static selftest_again: u8;
    static selftest_keep: u8;
    static selftest_keep_other: u8;
    static selftest_end: u8;
}

/// The programs' entries, as offsets into [`bytes`].
pub(super) struct Entries {
    /// Makes call 7 with arguments 1 to 6; then call 8 with the result plus one.
    pub(super) call: usize,
    /// Loads a word from where the first argument says, then calls.
    pub(super) load: usize,
    /// Stores a word there, then calls.
    pub(super) store: usize,
    /// No instruction.
    pub(super) illegal: usize,
    /// A breakpoint.
    pub(super) breakpoint: usize,
    /// For ever.
    pub(super) spin: usize,
    /// Fills the floating point registers with the argument, argument + 1, …, then for ever: calls
    /// with the number of registers that do not hold that any more.
    pub(super) float: usize,
    /// Calls, for ever.
    pub(super) again: usize,
    /// Fills all registers (but the program counter and those of the call itself) with a base plus
    /// their number, makes call 12, and makes call 13 with 0 if they all still hold that; for ever.
    pub(super) keep: usize,
    /// The same with another base.
    pub(super) keep_other: usize,
    /// Counts the first argument down to 0, then calls.
    pub(super) count: usize,
}

fn start() -> usize {
    &raw const selftest_call as usize
}

/// All programs.
pub(super) fn bytes() -> &'static [u8] {
    let length = &raw const selftest_end as usize - start();
    // SAFETY: between the two labels lies the code below, in the image's constants.
    unsafe { core::slice::from_raw_parts(&raw const selftest_call, length) }
}

/// Where each begins.
pub(super) fn entries() -> Entries {
    Entries {
        call: 0,
        load: &raw const selftest_load as usize - start(),
        store: &raw const selftest_store as usize - start(),
        illegal: &raw const selftest_illegal as usize - start(),
        breakpoint: &raw const selftest_breakpoint as usize - start(),
        spin: &raw const selftest_spin as usize - start(),
        float: &raw const selftest_float as usize - start(),
        again: &raw const selftest_again as usize - start(),
        keep: &raw const selftest_keep as usize - start(),
        keep_other: &raw const selftest_keep_other as usize - start(),
        count: &raw const selftest_count as usize - start(),
    }
}

#[cfg(target_arch = "riscv64")]
global_asm!(
    r#"
    .section .rodata.selftest, "a"
    .option push
    .option norvc
    .option arch, +d
    .balign 8
    .globl selftest_call, selftest_load, selftest_store, selftest_illegal, selftest_breakpoint
    .globl selftest_spin, selftest_float, selftest_count, selftest_again, selftest_end
    .globl selftest_keep, selftest_keep_other
selftest_call:
    li      a7, 7
    li      a0, 1
    li      a1, 2
    li      a2, 3
    li      a3, 4
    li      a4, 5
    li      a5, 6
    ecall
    addi    a0, a0, 1
    li      a7, 8
    ecall
1:  j       1b
selftest_load:
    lw      a1, 0(a0)
    li      a7, 9
    ecall
1:  j       1b
selftest_store:
    sw      a1, 0(a0)
    li      a7, 9
    ecall
1:  j       1b
selftest_illegal:
    .word   0
selftest_breakpoint:
    ebreak
selftest_spin:
    j       selftest_spin
selftest_again:
    ecall
    j       selftest_again
selftest_count:
    addi    a0, a0, -1
    bnez    a0, selftest_count
    li      a7, 10
    ecall
1:  j       1b
selftest_float:
    mv      s0, a0
    .altmacro
    .macro  fill index
    addi    t0, s0, \index
    fmv.d.x f\index, t0
    .endm
    .macro  check index
    addi    t0, s0, \index
    fmv.x.d t1, f\index
    beq     t0, t1, 9f
    addi    a0, a0, 1
9:
    .endm
    .irp    index, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    fill    \index
    .endr
2:  li      a0, 0
    .irp    index, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    check   \index
    .endr
    li      a7, 11
    ecall
    j       2b
    .macro  keep base
    .irp    index, 1,2,3,4,5,6,7,8,9,11,12,13,14,15,16,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    li      x\index, \base + \index
    .endr
    li      a0, 1
    li      a7, 12
    ecall
    addi    a0, a0, -2
    .irp    index, 1,2,3,4,5,6,7,8,9,11,12,13,14,15,16,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    addi    x\index, x\index, -\base - \index
    or      a0, a0, x\index
    .endr
    addi    a7, a7, -12
    or      a0, a0, a7
    li      a7, 13
    ecall
    .endm
selftest_keep:
    keep    0x100
    j       selftest_keep
selftest_keep_other:
    keep    0x200
    j       selftest_keep_other
    .balign 8
selftest_end:
    .option pop
    .text
"#
);

#[cfg(target_arch = "aarch64")]
global_asm!(
    r#"
    .section .rodata.selftest, "a"
    .arch_extension fp
    .arch_extension simd
    .balign 8
    .globl selftest_call, selftest_load, selftest_store, selftest_illegal, selftest_breakpoint
    .globl selftest_spin, selftest_float, selftest_count, selftest_again, selftest_end
    .globl selftest_keep, selftest_keep_other
selftest_call:
    mov     x8, #7
    mov     x0, #1
    mov     x1, #2
    mov     x2, #3
    mov     x3, #4
    mov     x4, #5
    mov     x5, #6
    svc     #0
    add     x0, x0, #1
    mov     x8, #8
    svc     #0
1:  b       1b
selftest_load:
    ldr     w1, [x0]
    mov     x8, #9
    svc     #0
1:  b       1b
selftest_store:
    str     w1, [x0]
    mov     x8, #9
    svc     #0
1:  b       1b
selftest_illegal:
    .word   0
selftest_breakpoint:
    brk     #0
selftest_spin:
    b       selftest_spin
selftest_again:
    svc     #0
    b       selftest_again
selftest_count:
    subs    x0, x0, #1
    b.ne    selftest_count
    mov     x8, #10
    svc     #0
1:  b       1b
selftest_float:
    mov     x19, x0
    .irp    index, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    add     x9, x19, #\index
    fmov    d\index, x9
    .endr
2:  mov     x0, #0
    .irp    index, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    add     x9, x19, #\index
    fmov    x10, d\index
    cmp     x9, x10
    cinc    x0, x0, ne
    .endr
    mov     x8, #11
    svc     #0
    b       2b
    .macro  keep base
    mov     x9, \base + 31
    msr     tpidr_el0, x9
    mov     x9, \base + 32
    mov     sp, x9
    .irp    index, 1,2,3,4,5,6,7,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
    mov     x\index, \base + \index
    .endr
    mov     x0, #1
    mov     x8, #12
    cmp     x0, #1                  // Z and C are set
    svc     #0
    cset    x8, ne
    sub     x0, x0, #2
    orr     x0, x0, x8
    .irp    index, 1,2,3,4,5,6,7,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
    sub     x\index, x\index, \base + \index
    orr     x0, x0, x\index
    .endr
    mrs     x9, tpidr_el0
    sub     x9, x9, \base + 31
    orr     x0, x0, x9
    mov     x9, sp
    sub     x9, x9, \base + 32
    orr     x0, x0, x9
    mov     x8, #13
    svc     #0
    .endm
selftest_keep:
    keep    0x100
    b       selftest_keep
selftest_keep_other:
    keep    0x200
    b       selftest_keep_other
    .balign 8
selftest_end:
    .text
"#
);
