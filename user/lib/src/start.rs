//! Where a program begins, and how it ends.

use alloc::vec::Vec;
use core::ffi::CStr;

#[cfg(target_arch = "riscv64")]
core::arch::global_asm!(
    ".pushsection .text.start, \"ax\"",
    ".globl _start",
    "_start:",
    ".option push",
    ".option norelax",
    "la gp, __global_pointer$",
    ".option pop",
    "mv fp, zero",
    "mv ra, zero",
    "mv a0, sp",
    "tail {enter}",
    ".popsection",
    enter = sym enter,
);

#[cfg(target_arch = "aarch64")]
core::arch::global_asm!(
    ".pushsection .text.start, \"ax\"",
    ".globl _start",
    "_start:",
    "mov x29, xzr",
    "mov x30, xzr",
    "mov x0, sp",
    "b {enter}",
    ".popsection",
    enter = sym enter,
);

// SAFETY: `main!` defines it with this signature, and without it a program does not link.
unsafe extern "C" {
    safe fn scarlet_program_main() -> i32;
}

/// Reads the pointers up to a null one.
///
/// # Safety
///
/// `cursor` must point at an array of pointers to NUL-terminated strings that ends with a null
/// pointer, all of which live for ever.
unsafe fn strings(mut cursor: *const *const core::ffi::c_char) -> (Vec<Vec<u8>>, *const usize) {
    let mut all = Vec::new();
    loop {
        // SAFETY: the cursor has not passed the null pointer.
        let string = unsafe { cursor.read() };
        // SAFETY: the null pointer is part of the array.
        cursor = unsafe { cursor.add(1) };
        if string.is_null() {
            return (all, cursor.cast());
        }
        // SAFETY: a string of the array is NUL-terminated.
        all.push(unsafe { CStr::from_ptr(string) }.to_bytes().to_vec());
    }
}

/// The first Rust code of a program: reads what the kernel put on the stack, runs `main`, exits.
///
/// # Safety
///
/// Only the entry code calls it, with the stack pointer that the kernel prepared.
#[doc(hidden)]
pub unsafe extern "C" fn enter(stack: *const usize) -> ! {
    // SAFETY: the kernel puts the count, the argument pointers, a null pointer, the environment
    // pointers and a null pointer at the initial stack pointer, and nobody changes them.
    let (arguments, rest) = unsafe { strings(stack.add(1).cast()) };
    // SAFETY: as above.
    let (environment, _) = unsafe { strings(rest.cast()) };
    crate::env::initialise(arguments, environment);
    crate::process::exit(scarlet_program_main())
}
