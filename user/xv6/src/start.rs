//! Where a program begins and how it ends when it panics.

use alloc::vec::Vec;

unsafe extern "Rust" {
    fn xv6_program_main(arguments: &[&[u8]]) -> i32;
}

#[cfg(target_arch = "riscv64")]
core::arch::global_asm!(
    ".section .text.start",
    ".globl _start",
    "_start:",
    // The global pointer and the return address are not set by the loader.
    "    li ra, 0",
    "    call xv6_start",
);

/// Collects the arguments and runs the program.
#[unsafe(no_mangle)]
extern "C" fn xv6_start(count: usize, pointers: *const *const u8) -> ! {
    let mut arguments: Vec<&[u8]> = Vec::with_capacity(count);
    for index in 0..count {
        // SAFETY: the kernel passes `count` pointers to texts that end with a zero byte and stay
        // unchanged on the stack for the life of the process.
        arguments
            .push(unsafe { core::ffi::CStr::from_ptr((*pointers.add(index)).cast()).to_bytes() });
    }
    // SAFETY: `main!` defines the function with this signature; without it the link fails.
    crate::exit(unsafe { xv6_program_main(&arguments) })
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo) -> ! {
    crate::complain!("{info}");
    crate::exit(255)
}
