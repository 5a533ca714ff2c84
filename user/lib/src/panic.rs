//! What a panic does: say where, and end the program.

use core::sync::atomic::{AtomicBool, Ordering};

static PANICKING: AtomicBool = AtomicBool::new(false);

#[cfg(target_os = "none")]
#[panic_handler]
fn panic(information: &core::panic::PanicInfo<'_>) -> ! {
    report(information)
}

/// The status of a program that panicked, as Rust programs elsewhere have it.
const STATUS: i32 = 101;

#[cfg_attr(not(target_os = "none"), allow(dead_code))]
fn report(information: &core::panic::PanicInfo<'_>) -> ! {
    // A panic while reporting a panic says nothing more.
    if !PANICKING.swap(true, Ordering::Relaxed) {
        let program = crate::env::program_name();
        crate::eprintln!("{}: {}", program, information);
    }
    crate::sys::exit(STATUS)
}
