//! Switching kernel threads: the registers that a function call must keep.
//!
//! SP_EL0 and TPIDR_EL0 are the program's during a system call, which does not save them, so they
//! are kept here as well.

use core::arch::global_asm;

use super::floating;
use crate::arch::bare::Stack;

/// Where a thread that is not running goes on: x19 to x30, the stack pointer, SP_EL0 and TPIDR_EL0.
#[repr(C)]
pub(crate) struct ThreadContext {
    registers: [usize; 15],
}

const FRAME_POINTER: usize = 10;
const LINK: usize = 11;
const STACK_POINTER: usize = 12;

impl ThreadContext {
    /// For a thread that is running already.
    pub(crate) fn boot() -> Self {
        Self { registers: [0; 15] }
    }

    /// A thread that starts at [`crate::thread::first_switch`] on `stack`.
    pub(crate) fn new(stack: &Stack) -> Self {
        let mut registers = [0; 15];
        registers[FRAME_POINTER] = 0;
        registers[LINK] = scarlet_thread_start as *const () as usize;
        registers[STACK_POINTER] = stack.top();
        Self { registers }
    }
}

global_asm!(
    r#"
    .text
    // x0: where this thread's registers go, x1: the other thread's
    .globl scarlet_switch
scarlet_switch:
    stp     x19, x20, [x0]
    stp     x21, x22, [x0, #16]
    stp     x23, x24, [x0, #32]
    stp     x25, x26, [x0, #48]
    stp     x27, x28, [x0, #64]
    stp     x29, x30, [x0, #80]
    mov     x9, sp
    mrs     x10, sp_el0
    mrs     x11, tpidr_el0
    stp     x9, x10, [x0, #96]
    str     x11, [x0, #112]
    ldp     x19, x20, [x1]
    ldp     x21, x22, [x1, #16]
    ldp     x23, x24, [x1, #32]
    ldp     x25, x26, [x1, #48]
    ldp     x27, x28, [x1, #64]
    ldp     x29, x30, [x1, #80]
    ldp     x9, x10, [x1, #96]
    ldr     x11, [x1, #112]
    mov     sp, x9
    msr     sp_el0, x10
    msr     tpidr_el0, x11
    ret

    // A thread's first instruction: nobody called it.
    .globl scarlet_thread_start
scarlet_thread_start:
    mov     x29, #0
    mov     x30, #0
    b       {first_switch}
"#,
    first_switch = sym crate::thread::first_switch,
);

unsafe extern "C" {
    fn scarlet_switch(from: *mut ThreadContext, to: *const ThreadContext);
    fn scarlet_thread_start();
}

/// Leaves this thread for another one.
///
/// # Safety
/// Both are contexts of threads, `to` is not running, interrupts are disabled.
#[inline]
pub(crate) unsafe fn switch(from: *mut ThreadContext, to: *const ThreadContext) {
    floating::leave();
    // SAFETY: the caller's promise; the stack pointer in `to` is that thread's own.
    unsafe { scarlet_switch(from, to) };
}
