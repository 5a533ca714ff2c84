//! Power off and reset: by the firmware (SBI SRST), which can say that something failed but not
//! what, or by the test device, which can.

use super::{devices, sbi};

/// Turns the machine off.
pub(crate) fn power_off(code: u32) -> ! {
    if code != 0 {
        devices::fail(code);
    }
    sbi::system_reset(0, code != 0);
    stop()
}

/// Starts the machine anew.
pub(crate) fn power_reset() -> ! {
    sbi::system_reset(1, false);
    stop()
}

fn stop() -> ! {
    loop {
        super::interrupts_save_disable();
        super::wait_for_interrupt();
    }
}
