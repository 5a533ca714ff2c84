//! The kernel image. The only thing in it is the link from the machine's entry to the kernel
//! library: a linker symbol, whose attribute counts as unsafe, so it lives in the hal's room.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
extern crate alloc;

/// Where hal goes when the machine is ready.
// SAFETY: the only definition of this symbol, with the signature that hal declares.
#[cfg(target_os = "none")]
#[unsafe(no_mangle)]
fn scarlet_kernel_main(boot: hal::boot::BootInfo) -> ! {
    hal::console::early_write(b"scarlet: hello\r\n");
    let text = alloc::format!(
        "cmd {:?} initramfs {:?} dtb {} cpus {} memory {} seed {} frames {:?}\r\n",
        boot.command_line,
        boot.initramfs.as_ref().map(|i| i.len()),
        boot.device_tree.len(),
        boot.cpu_count,
        boot.memory_bytes,
        boot.random_seed.len(),
        hal::frame::statistics()
    );
    hal::console::early_write(text.as_bytes());
    let text = alloc::format!("{} {:?}\r\n", hal::timer::now_ns(), hal::timer::wall_clock_ns());
    hal::console::early_write(text.as_bytes());
    if boot.command_line.contains("panic") {
        panic!("asked for");
    }
    hal::power::off(if boot.command_line.contains("fail") { 3 } else { 0 })
}

#[cfg(not(target_os = "none"))]
fn main() {
    eprintln!("the kernel image is built for a bare target: use `cargo scarlet build`");
}
