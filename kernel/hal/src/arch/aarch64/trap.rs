//! Exceptions: the vectors, and what the kernel does about its own.
//!
//! From user mode there are two ways in; both store registers and return from
//! `scarlet_enter_user`, except that system calls are answered on the way (see `user`). From the kernel there are three: an interrupt, which is
//! handled on the stack of the thread it meets; a fault at an instruction that the exception table
//! knows, which goes on where the table says; and anything else, which is a bug.
//!
//! A kernel stack is the upper half of a slot whose lower half is never mapped, so bit 15 of the
//! stack pointer tells an overflow before anything is pushed; it is reported on another stack.

use core::arch::global_asm;
use core::fmt::Write;

use super::registers::{features, write_register};
use super::{cpu, floating, layout, user};
use crate::panic::Console;
use crate::{backtrace, interrupt};

global_asm!(
    r#"
    // Makes room for a frame, if there is any.
    .macro kernel_frame
    sub     sp, sp, #288
    add     sp, sp, x0              // sp := sp + x0
    sub     x0, sp, x0              // x0 := sp
    tbz     x0, #15, kernel_overflow
    sub     x0, sp, x0              // x0 := x0
    sub     sp, sp, x0              // sp := sp
    .endm

    .macro save_volatile
    stp     x0, x1, [sp]
    stp     x2, x3, [sp, #16]
    stp     x4, x5, [sp, #32]
    stp     x6, x7, [sp, #48]
    stp     x8, x9, [sp, #64]
    stp     x10, x11, [sp, #80]
    stp     x12, x13, [sp, #96]
    stp     x14, x15, [sp, #112]
    stp     x16, x17, [sp, #128]
    str     x18, [sp, #144]
    mrs     x0, elr_el1
    mrs     x1, spsr_el1
    stp     x0, x1, [sp, #240]
    stp     x29, x30, [sp, #256]
    // A call record, so that a backtrace passes through: the frame pointer, and where it was.
    stp     x29, x0, [sp, #272]
    add     x29, sp, #272
    .endm

    .macro restore_volatile
    ldp     x0, x1, [sp, #240]
    msr     elr_el1, x0
    msr     spsr_el1, x1
    ldp     x29, x30, [sp, #256]
    ldr     x18, [sp, #144]
    ldp     x16, x17, [sp, #128]
    ldp     x14, x15, [sp, #112]
    ldp     x12, x13, [sp, #96]
    ldp     x10, x11, [sp, #80]
    ldp     x8, x9, [sp, #64]
    ldp     x6, x7, [sp, #48]
    ldp     x4, x5, [sp, #32]
    ldp     x2, x3, [sp, #16]
    ldp     x0, x1, [sp]
    add     sp, sp, #288
    eret
    .endm

    .macro bad_vector number
    .balign 0x80
    mov     x0, #\number
    b       kernel_bad
    .endm

    .section .text.vectors, "ax"
    .balign 2048
    .globl scarlet_vectors
scarlet_vectors:
    bad_vector 0
    bad_vector 1
    bad_vector 2
    bad_vector 3
    .balign 0x80
    kernel_frame
    b       kernel_synchronous
    .balign 0x80
    kernel_frame
    b       kernel_interrupt
    bad_vector 6
    bad_vector 7
    .balign 0x80
    str     x0, [sp, {first}]
    b       scarlet_user_synchronous
    .balign 0x80
    str     x0, [sp, {first}]
    b       scarlet_user_interrupt
    bad_vector 10
    bad_vector 11
    bad_vector 12
    bad_vector 13
    bad_vector 14
    bad_vector 15
    .balign 0x80

kernel_interrupt:
    save_volatile
    bl      {interrupt}
    restore_volatile

kernel_synchronous:
    save_volatile
    mrs     x0, esr_el1
    mrs     x1, far_el1
    ldr     x2, [sp, #240]
    bl      {synchronous}
    str     x0, [sp, #240]          // where to go on
    restore_volatile

kernel_bad:
    mrs     x1, esr_el1
    mrs     x2, far_el1
    mrs     x3, elr_el1
    b       {bad}

kernel_overflow:
    mov     x1, x0
    mrs     x2, tpidr_el1
    ldr     x2, [x2, {emergency}]
    mov     sp, x2
    mov     x0, x1
    mrs     x1, elr_el1
    mov     x2, x29
    b       {overflow}
"#,
    interrupt = sym kernel_interrupt,
    synchronous = sym kernel_synchronous,
    bad = sym kernel_bad,
    overflow = sym kernel_overflow,
    emergency = const cpu::BLOCK_EMERGENCY,
    first = const user::FRAME_FIRST,
);

unsafe extern "C" {
    static scarlet_vectors: u8;
    static __exception_table_start: u8;
    static __exception_table_end: u8;
}

/// An instruction that may fault, and where to go on if it does.
#[repr(C)]
struct Exception {
    instruction: usize,
    go_on: usize,
}

/// Readies this CPU for exceptions; interrupts stay disabled.
pub(super) fn init_cpu() {
    // SAFETY: the vectors are code made for it. System errors are unmasked, so that one is reported
    // where it happens; it is a bug or broken hardware in any case.
    unsafe {
        write_register!("vbar_el1", &raw const scarlet_vectors as usize);
        write_register!("tpidrro_el0", 0u64);
        write_register!("mdscr_el1", 0u64);
        // User mode traps at its first use of floating point.
        write_register!("cpacr_el1", floating::TRAP_USER);
        core::arch::asm!("isb", "msr daifclr, #4", options(nostack));
    }
    if features().pan {
        // SAFETY: msr pan, #1: the kernel's own loads and stores cannot reach user pages.
        unsafe { core::arch::asm!(".inst 0xd500419f", options(nostack)) };
    }
}

/// An interrupt came; interrupts are disabled.
pub(super) fn interrupt() {
    interrupt::dispatch_external();
}

extern "C" fn kernel_interrupt() {
    interrupt();
}

/// A synchronous exception in the kernel; returns where to go on.
extern "C" fn kernel_synchronous(syndrome: usize, address: usize, instruction: usize) -> usize {
    match exceptions()
        .iter()
        .find(|entry| entry.instruction == instruction)
    {
        Some(entry) => entry.go_on,
        None => panic!(
            "unexpected exception in the kernel at {instruction:#x}: {} at {address:#x} \
             (syndrome {syndrome:#x})",
            describe(syndrome)
        ),
    }
}

/// The exception table.
fn exceptions() -> &'static [Exception] {
    let start = (&raw const __exception_table_start).cast::<Exception>();
    let end = &raw const __exception_table_end as usize;
    let count = (end - start as usize) / size_of::<Exception>();
    // SAFETY: the linker collects there what the `fallible` macro writes: pairs of addresses.
    unsafe { core::slice::from_raw_parts(start, count) }
}

fn describe(syndrome: usize) -> &'static str {
    match syndrome >> 26 & 0x3f {
        0x00 => "undefined instruction",
        0x07 => "floating point in the kernel",
        0x0e => "illegal execution state",
        0x21 => "instruction fetch fault",
        0x22 => "misaligned program counter",
        0x25 => "data fault",
        0x26 => "misaligned stack pointer",
        0x3c => "breakpoint",
        _ => "exception",
    }
}

extern "C" fn kernel_bad(vector: usize, syndrome: usize, address: usize, pc: usize) -> ! {
    let kind = ["synchronous", "interrupt", "fast interrupt", "system error"][vector & 3];
    panic!(
        "an exception that cannot be (vector {vector}, {kind}) at {pc:#x}: {} at {address:#x} \
         (syndrome {syndrome:#x})",
        describe(syndrome)
    )
}

/// The stack of whatever ran here is used up.
extern "C" fn kernel_overflow(stack: usize, instruction: usize, frame: usize) -> ! {
    let mut console = Console;
    let _ = writeln!(
        console,
        "\nkernel stack overflow on CPU {}, sp {stack:#x}",
        cpu::cpu_id()
    );
    backtrace::print_address(&mut console, instruction);
    backtrace::print(&mut console, frame);
    panic!("kernel stack overflow");
}

/// The frame pointer of whoever calls this.
#[inline(always)]
pub(crate) fn frame_pointer() -> usize {
    let frame;
    // SAFETY: reads a register.
    unsafe {
        core::arch::asm!("mov {}, x29", out(reg) frame, options(nomem, nostack, preserves_flags));
    }
    frame
}

/// The return address in a frame record, and the caller's frame pointer.
pub(crate) fn caller(frame: usize) -> Option<(usize, usize)> {
    if !frame.is_multiple_of(8) || !layout::is_on_stack(frame) {
        return None;
    }
    // SAFETY: an aligned address of a mapped kernel stack, at least two words below its end.
    unsafe {
        let words = core::ptr::with_exposed_provenance::<usize>(frame);
        Some((words.add(1).read_volatile(), words.read_volatile()))
    }
}
