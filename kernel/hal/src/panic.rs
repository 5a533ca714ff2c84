//! The kernel's last words: what went wrong, where, and how it came there.

use core::fmt::{self, Write};
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicBool, Ordering};

use crate::{arch, backtrace, last_words};

/// Writes to the early console.
pub(crate) struct Console;

impl Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for line in text.split_inclusive('\n') {
            match line.strip_suffix('\n') {
                Some(line) => {
                    arch::console_write(line.as_bytes());
                    arch::console_write(b"\r\n");
                }
                None => arch::console_write(line.as_bytes()),
            }
        }
        Ok(())
    }
}

/// Somebody is dying. (A plain static: there is one machine on bare metal.)
static PANICKING: AtomicBool = AtomicBool::new(false);

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    arch::interrupts_save_disable();
    if PANICKING.swap(true, Ordering::SeqCst) {
        // Another CPU's panic, or a panic inside this report: the first report is the one that
        // counts; give it time to get out.
        for _ in 0..200_000_000u64 {
            core::hint::spin_loop();
        }
        arch::power_off(1);
    }
    let mut console = Console;
    let _ = writeln!(console, "\nkernel panic on CPU {}: {info}", arch::cpu_id());
    backtrace::print(&mut console, arch::frame_pointer());
    last_words::speak(&mut console);
    arch::power_off(1)
}
