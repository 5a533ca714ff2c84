//! The kernel image. The only thing in it is the link from the machine's entry to the kernel
//! library: a linker symbol, whose attribute counts as unsafe, so it lives in the hal's room.
#![cfg_attr(target_os = "none", no_std, no_main)]

/// Where hal goes when the machine is ready.
// SAFETY: the only definition of this symbol, with the signature that hal declares.
#[cfg(target_os = "none")]
#[unsafe(no_mangle)]
fn scarlet_kernel_main(boot: hal::boot::BootInfo) -> ! {
    if hal::selftest::is_asked_for(&boot.command_line) {
        kernel::start_interrupts(&boot);
    }
    hal::selftest::run_if_asked(&boot.command_line);
    kernel::kernel_main(boot)
}

#[cfg(not(target_os = "none"))]
fn main() {
    eprintln!("the kernel image is built for a bare target: use `cargo scarlet build`");
}
