//! RISC-V: the `time` register, `ecall`, and the two functions that are a system call and no more.

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
    // SAFETY: an address is computed.
    unsafe {
        asm!("lla {}, __ehdr_start", out(reg) image, options(pure, nomem, nostack, preserves_flags));
    }
    // SAFETY: the kernel maps the page there, readable, for as long as the image is mapped.
    unsafe { &*image.sub(4096).cast() }
}

/// The machine's clock, in ticks.
#[inline(always)]
pub fn counter() -> u64 {
    let ticks;
    // SAFETY: programs may read it. Not `pure`: every reading is another.
    unsafe { asm!("rdtime {}", out(reg) ticks, options(nomem, nostack, preserves_flags)) };
    ticks
}

/// A system call with two arguments; its result, errors as negative numbers.
#[inline(always)]
pub fn call(number: usize, first: usize, second: usize) -> i32 {
    let result: isize;
    // SAFETY: the arguments are the caller's, whose memory the call may write.
    unsafe {
        asm!("ecall", in("a7") number, inlateout("a0") first => result, in("a1") second, options(nostack));
    }
    result as i32
}

// Entered by a handler's return, not by a call; unwinders know the two instructions.
global_asm!(
    ".section .text.signal_return, \"ax\"",
    ".balign 4",
    ".globl __vdso_rt_sigreturn",
    ".type __vdso_rt_sigreturn, @function",
    "__vdso_rt_sigreturn:",
    ".option push",
    ".option norvc",
    "li a7, 139",
    "ecall",
    ".option pop",
    ".size __vdso_rt_sigreturn, . - __vdso_rt_sigreturn",
    // Which CPU runs a program, and what other harts have in their caches, only the kernel knows.
    ".section .text.calls, \"ax\"",
    ".globl __vdso_getcpu",
    ".type __vdso_getcpu, @function",
    "__vdso_getcpu:",
    "li a7, 168",
    "ecall",
    "ret",
    ".size __vdso_getcpu, . - __vdso_getcpu",
    ".globl __vdso_flush_icache",
    ".type __vdso_flush_icache, @function",
    "__vdso_flush_icache:",
    "li a7, 259",
    "ecall",
    "ret",
    ".size __vdso_flush_icache, . - __vdso_flush_icache",
);
