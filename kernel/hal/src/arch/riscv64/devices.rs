//! The two devices this backend uses itself: the test device, whose number becomes the emulator's
//! exit status, and the real-time clock.

use dtoolkit::Node;
use dtoolkit::fdt::Fdt;
use dtoolkit::standard::NodeStandard;

use super::mmio;
use crate::sync::Once;

static TEST_DEVICE: Once<usize> = Once::new();
static CLOCK: Once<usize> = Once::new();

/// Looks for the devices in the device tree, and maps them.
pub(super) fn find(blob: &[u8]) {
    let Ok(tree) = Fdt::new(blob) else { return };
    let Some(bus) = tree.root().child("soc") else {
        return;
    };
    for device in bus.children() {
        let place = if device.is_compatible("sifive,test0") {
            &TEST_DEVICE
        } else if device.is_compatible("google,goldfish-rtc") {
            &CLOCK
        } else {
            continue;
        };
        let Ok(Some(mut registers)) = device.reg() else {
            continue;
        };
        let address = registers
            .next()
            .and_then(|register| register.address::<u64>().ok());
        if let Some(address) = address {
            // SAFETY: the device tree says that such a device's registers are there; a second
            // mapping of these two, claimed by a driver, could do no harm.
            if let Ok(handle) = unsafe { mmio::mmio_map(address as usize, 8) } {
                let _ = place.set(handle);
            }
        }
    }
}

/// Ends the emulator with a failure's number, if there is a device for that.
pub(super) fn fail(code: u32) {
    const FAIL: u32 = 0x3333;
    if let Some(&handle) = TEST_DEVICE.get() {
        // SAFETY: the handle is the mapped device's register; the write ends the machine.
        unsafe { mmio::mmio_write32(handle, (code & 0xffff) << 16 | FAIL) };
    }
}

/// Nanoseconds since 1970: reading the low half latches the high one.
pub(crate) fn wall_clock_ns() -> Option<u64> {
    let &handle = CLOCK.get()?;
    // SAFETY: the handle is the mapped clock's first register, the second follows.
    let (low, high) = unsafe { (mmio::mmio_read32(handle), mmio::mmio_read32(handle + 4)) };
    Some(u64::from(high) << 32 | u64::from(low))
}
