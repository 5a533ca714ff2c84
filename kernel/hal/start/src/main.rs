//! The kernel image. The only thing in it is the link from the machine's entry to the kernel
//! library: a linker symbol, whose attribute counts as unsafe, so it lives in the hal's room.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(not(target_os = "none"))]
fn main() {
    eprintln!("the kernel image is built for a bare target: use `cargo scarlet build`");
}
