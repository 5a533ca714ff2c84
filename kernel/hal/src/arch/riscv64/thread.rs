//! The switch from one kernel thread to another: what a call preserves, and the stack.
//!
//! gp is among them. No code of the kernel uses it, so during a system call it is still the
//! program's, and must be that again when the thread comes back.

use core::arch::naked_asm;

use crate::arch::bare::Stack;
use crate::thread::first_switch;

/// Where a thread that does not run goes on.
#[repr(C)]
pub(crate) struct ThreadContext {
    ra: usize,
    sp: usize,
    s: [usize; 12],
    gp: usize,
}

impl ThreadContext {
    /// A context to save a CPU's first thread in.
    pub(crate) fn boot() -> Self {
        Self {
            ra: 0,
            sp: 0,
            s: [0; 12],
            gp: 0,
        }
    }

    /// A thread that begins at [`first_switch`] on `stack`; its chain of frames ends there.
    pub(crate) fn new(stack: &Stack) -> Self {
        Self {
            ra: first_switch as *const () as usize,
            sp: stack.top(),
            s: [0; 12],
            gp: 0,
        }
    }
}

/// Saves into `from` what a call preserves, and goes on where `to` was saved.
///
/// # Safety
/// Interrupts are disabled. `from` is the running thread's context, `to` is one that was saved
/// or made new and that no CPU runs, and its stack is there.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn switch(from: *mut ThreadContext, to: *const ThreadContext) {
    naked_asm!(
        "sd ra, 0(a0)",
        "sd sp, 8(a0)",
        "sd s0, 16(a0)",
        "sd s1, 24(a0)",
        "sd s2, 32(a0)",
        "sd s3, 40(a0)",
        "sd s4, 48(a0)",
        "sd s5, 56(a0)",
        "sd s6, 64(a0)",
        "sd s7, 72(a0)",
        "sd s8, 80(a0)",
        "sd s9, 88(a0)",
        "sd s10, 96(a0)",
        "sd s11, 104(a0)",
        "sd gp, 112(a0)",
        "ld ra, 0(a1)",
        "ld sp, 8(a1)",
        "ld s0, 16(a1)",
        "ld s1, 24(a1)",
        "ld s2, 32(a1)",
        "ld s3, 40(a1)",
        "ld s4, 48(a1)",
        "ld s5, 56(a1)",
        "ld s6, 64(a1)",
        "ld s7, 72(a1)",
        "ld s8, 80(a1)",
        "ld s9, 88(a1)",
        "ld s10, 96(a1)",
        "ld s11, 104(a1)",
        "ld gp, 112(a1)",
        "ret",
    )
}
