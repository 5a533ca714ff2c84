//! The vDSO: a shared object that the kernel maps into every Linux program (vdso(7)).
//!
//! A C library looks its functions up by name and version, and calls them instead of the kernel.
//! The clocks are read here: the machine's counter, which programs may read, times the factor in
//! the page of clock data that is mapped right below this image ([`page`]). A clock that is not
//! there, or is no clock, is left to the system call, so the answer is the kernel's own.
//!
//! `hal`'s build script compiles this file and links it by `vdso.ld` into one segment without
//! relocations, because nobody relocates it: the same page of code is shared by all programs. The
//! image's entry point is the code that signal handlers return through; that is how the kernel
//! finds it.
//!
//! Names and versions are those of Linux: `__vdso_…` of `LINUX_4.15` on RISC-V, `__kernel_…` of
//! `LINUX_2.6.39` on AArch64.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod clocks;
#[cfg(target_os = "none")]
#[cfg_attr(target_arch = "riscv64", path = "riscv64.rs")]
#[cfg_attr(target_arch = "aarch64", path = "aarch64.rs")]
mod machine;
#[cfg(target_os = "none")]
mod page;

/// Nothing here can panic, and the linker leaves this out; the language asks for it.
#[cfg(target_os = "none")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

/// There is no vDSO of the developer's machine; tools that look at the whole workspace see this.
#[cfg(not(target_os = "none"))]
fn main() {}
