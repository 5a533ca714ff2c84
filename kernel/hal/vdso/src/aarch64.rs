//! AArch64: the virtual counter and `svc`.

use crate::page::ClockPage;
use core::arch::{asm, global_asm};

/// Number of clock_gettime(2).
pub const CLOCK_GETTIME: usize = 113;
/// Number of clock_getres(2).
pub const CLOCK_GETRES: usize = 114;

/// The page of clock data: the one below the image's first byte.
#[inline(always)]
pub fn clock_page() -> &'static ClockPage {
    let image: *const u8;
    // SAFETY: an address is computed; the image is smaller than `adr` reaches.
    unsafe {
        asm!("adr {}, __ehdr_start", out(reg) image, options(pure, nomem, nostack, preserves_flags));
    }
    // SAFETY: the kernel maps the page there, readable, for as long as the image is mapped.
    unsafe { &*image.sub(4096).cast() }
}

/// The machine's clock, in ticks, read in program order: without the barrier the reading may come
/// from before what the program did last.
#[inline(always)]
pub fn counter() -> u64 {
    let ticks;
    // SAFETY: programs may read it. Not `pure`: every reading is another.
    unsafe {
        asm!("isb", "mrs {}, cntvct_el0", out(reg) ticks, options(nostack, preserves_flags));
    }
    ticks
}

/// A system call with two arguments; its result, errors as negative numbers.
#[inline(always)]
pub fn call(number: usize, first: usize, second: usize) -> i32 {
    let result: isize;
    // SAFETY: the arguments are the caller's, whose memory the call may write.
    unsafe {
        asm!("svc #0", in("x8") number, inlateout("x0") first => result, in("x1") second, options(nostack));
    }
    result as i32
}

// Entered by a handler's return, not by a call; unwinders know the two instructions, and take the
// one before them for the call that was never made.
global_asm!(
    ".section .text.signal_return, \"ax\"",
    "nop",
    ".globl __kernel_rt_sigreturn",
    ".type __kernel_rt_sigreturn, %function",
    "__kernel_rt_sigreturn:",
    "mov x8, #139",
    "svc #0",
    ".size __kernel_rt_sigreturn, . - __kernel_rt_sigreturn",
);
