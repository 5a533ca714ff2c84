//! The memory functions that the compiler calls: `memcpy` and `memset`.
//!
//! Those that come with the compiler move a word a turn; the kernel copies records of some hundred
//! bytes in many calls (signal frames, registers, status records), so these move eight. They take
//! the place of the compiler's, which are weak symbols.

use core::arch::global_asm;

global_asm!(
    r#"
    .section .text.memcpy, "ax", @progbits
    .balign 4
    // a0: to, a1: from, a2: length; returns a0.
    .globl memcpy
memcpy:
    mv      t6, a0
    xor     t0, a0, a1
    andi    t0, t0, 7
    bnez    t0, 70f
    andi    t0, a0, 7
    bnez    t0, 50f
    // Both aligned: 64 bytes a turn, then what each bit of the rest says.
10: li      t0, 64
    bltu    a2, t0, 30f
20: ld      a3, 0(a1)
    ld      a4, 8(a1)
    ld      a5, 16(a1)
    ld      a6, 24(a1)
    ld      a7, 32(a1)
    ld      t1, 40(a1)
    ld      t2, 48(a1)
    ld      t3, 56(a1)
    sd      a3, 0(t6)
    sd      a4, 8(t6)
    sd      a5, 16(t6)
    sd      a6, 24(t6)
    sd      a7, 32(t6)
    sd      t1, 40(t6)
    sd      t2, 48(t6)
    sd      t3, 56(t6)
    addi    a2, a2, -64
    addi    a1, a1, 64
    addi    t6, t6, 64
    bgeu    a2, t0, 20b
30: andi    t0, a2, 32
    beqz    t0, 31f
    ld      a3, 0(a1)
    ld      a4, 8(a1)
    ld      a5, 16(a1)
    ld      a6, 24(a1)
    sd      a3, 0(t6)
    sd      a4, 8(t6)
    sd      a5, 16(t6)
    sd      a6, 24(t6)
    addi    a1, a1, 32
    addi    t6, t6, 32
31: andi    t0, a2, 16
    beqz    t0, 32f
    ld      a3, 0(a1)
    ld      a4, 8(a1)
    sd      a3, 0(t6)
    sd      a4, 8(t6)
    addi    a1, a1, 16
    addi    t6, t6, 16
32: andi    t0, a2, 8
    beqz    t0, 33f
    ld      a3, 0(a1)
    addi    a1, a1, 8
    sd      a3, 0(t6)
    addi    t6, t6, 8
33: andi    a2, a2, 7
    beqz    a2, 65f
    andi    t0, a2, 4
    beqz    t0, 34f
    lw      a3, 0(a1)
    addi    a1, a1, 4
    sw      a3, 0(t6)
    addi    t6, t6, 4
34: andi    t0, a2, 2
    beqz    t0, 35f
    lh      a3, 0(a1)
    addi    a1, a1, 2
    sh      a3, 0(t6)
    addi    t6, t6, 2
35: andi    t0, a2, 1
    beqz    t0, 65f
    lb      a3, 0(a1)
    sb      a3, 0(t6)
65: ret
    // Misaligned alike: what there is up to the next word.
50: li      t0, 8
    bltu    a2, t0, 60f
    andi    t0, t6, 1
    beqz    t0, 51f
    lb      a3, 0(a1)
    addi    a1, a1, 1
    sb      a3, 0(t6)
    addi    t6, t6, 1
    addi    a2, a2, -1
51: andi    t0, t6, 2
    beqz    t0, 52f
    lh      a3, 0(a1)
    addi    a1, a1, 2
    sh      a3, 0(t6)
    addi    t6, t6, 2
    addi    a2, a2, -2
52: andi    t0, t6, 4
    beqz    t0, 10b
    lw      a3, 0(a1)
    addi    a1, a1, 4
    sw      a3, 0(t6)
    addi    t6, t6, 4
    addi    a2, a2, -4
    j       10b
60: beqz    a2, 65b
61: lbu     a3, 0(a1)
    addi    a1, a1, 1
    addi    a2, a2, -1
    sb      a3, 0(t6)
    addi    t6, t6, 1
    bnez    a2, 61b
    ret
    // Never both aligned: a word is put together from two. (Misaligned accesses may be emulated.)
70: li      t0, 24
    bltu    a2, t0, 60b
71: andi    t0, t6, 7
    beqz    t0, 72f
    lbu     a3, 0(a1)
    addi    a1, a1, 1
    sb      a3, 0(t6)
    addi    t6, t6, 1
    addi    a2, a2, -1
    j       71b
72: andi    t0, a1, 7
    slli    t1, t0, 3
    neg     t2, t1
    sub     a4, a1, t0
    ld      a5, 0(a4)
    li      t0, 8
    // The last word read holds at least one byte of the source.
73: ld      a6, 8(a4)
    srl     a3, a5, t1
    sll     a7, a6, t2
    or      a3, a3, a7
    sd      a3, 0(t6)
    mv      a5, a6
    addi    a4, a4, 8
    addi    a1, a1, 8
    addi    t6, t6, 8
    addi    a2, a2, -8
    bgeu    a2, t0, 73b
    j       60b

    .section .text.memset, "ax", @progbits
    .balign 4
    // a0: to, a1: byte, a2: length; returns a0.
    .globl memset
memset:
    mv      t6, a0
    li      t0, 16
    bltu    a2, t0, 60f
    andi    a1, a1, 255
    slli    t1, a1, 8
    or      a1, a1, t1
    slli    t1, a1, 16
    or      a1, a1, t1
    slli    t1, a1, 32
    or      a1, a1, t1
10: andi    t0, t6, 7
    beqz    t0, 20f
    sb      a1, 0(t6)
    addi    t6, t6, 1
    addi    a2, a2, -1
    j       10b
20: li      t0, 64
    bltu    a2, t0, 40f
30: sd      a1, 0(t6)
    sd      a1, 8(t6)
    sd      a1, 16(t6)
    sd      a1, 24(t6)
    sd      a1, 32(t6)
    sd      a1, 40(t6)
    sd      a1, 48(t6)
    sd      a1, 56(t6)
    addi    t6, t6, 64
    addi    a2, a2, -64
    bgeu    a2, t0, 30b
40: li      t0, 8
    bltu    a2, t0, 60f
41: sd      a1, 0(t6)
    addi    t6, t6, 8
    addi    a2, a2, -8
    bgeu    a2, t0, 41b
60: beqz    a2, 65f
61: sb      a1, 0(t6)
    addi    t6, t6, 1
    addi    a2, a2, -1
    bnez    a2, 61b
65: ret
"#
);
