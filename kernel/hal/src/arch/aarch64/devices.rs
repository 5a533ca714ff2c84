//! The two devices that the machine layer itself uses: the PL011 for early messages and last
//! words, and the PL031 for the time of day. The console's driver proper is elsewhere and shares
//! the port; this side only ever waits for room and writes a byte.

use dtoolkit::fdt::{Fdt, FdtNode};
use dtoolkit::standard::NodeStandard;
use dtoolkit::{Node, Property};

use super::mmio::{mmio_map, mmio_read32, mmio_write32};
use super::psci::{Conduit, set_conduit};
use crate::sync::Once;

/// PL011: data, flags, and the flag "no room" (Arm DDI 0183, 3.3).
const UART_DATA: usize = 0x00;
const UART_FLAGS: usize = 0x18;
const UART_TRANSMIT_FULL: u32 = 1 << 5;
/// PL031: seconds since 1970 (Arm DDI 0224, 3.3.1).
const CLOCK_DATA: usize = 0x00;

static UART: Once<usize> = Once::new();
static CLOCK: Once<usize> = Once::new();
static TIMER_LINE: Once<u32> = Once::new();

/// Looks for the devices, and for how the firmware is called, in the device tree.
pub(super) fn find(blob: &[u8]) {
    let Ok(tree) = Fdt::new(blob) else { return };
    for node in tree.root().children() {
        if node.is_compatible("arm,psci-1.0")
            || node.is_compatible("arm,psci-0.2")
            || node.is_compatible("arm,psci")
        {
            let method = node.property("method");
            let secure = method.is_some_and(|method| method.value().starts_with(b"smc"));
            set_conduit(if secure {
                Conduit::Secure
            } else {
                Conduit::Hypervisor
            });
        }
        if node.is_compatible("arm,pl011") {
            map_device(node, &UART);
        }
        if node.is_compatible("arm,pl031") {
            map_device(node, &CLOCK);
        }
        if node.is_compatible("arm,armv8-timer")
            && let Some(interrupts) = node.property("interrupts")
        {
            // Four specifiers of three cells: secure, physical, virtual, hypervisor. The second
            // cell of the third is the private interrupt's number (binding arm,arch_timer).
            let cells = interrupts.value().as_chunks::<4>().0;
            if let Some(&number) = cells.get(2 * 3 + 1) {
                let _ = TIMER_LINE.set(u32::from_be_bytes(number).saturating_add(16));
            }
        }
    }
}

fn map_device(node: FdtNode<'_>, slot: &Once<usize>) {
    let Ok(Some(mut registers)) = node.reg() else {
        return;
    };
    let address = registers
        .next()
        .and_then(|register| register.address::<u64>().ok());
    if let Some(address) = address
        && slot.get().is_none()
    {
        // SAFETY: the device tree says that such a device's registers are there. A driver may map
        // them once more; the mappings agree in kind, and each access is one load or store.
        if let Ok(handle) = unsafe { mmio_map(address as usize, crate::PAGE_SIZE) } {
            let _ = slot.set(handle);
        }
    }
}

/// The interrupt line of the virtual timer.
pub(super) fn timer_line() -> u32 {
    const USUAL: u32 = 27;
    TIMER_LINE.get().copied().unwrap_or(USUAL)
}

/// Writes to the first port, waiting for room. A line ends as terminals want it; on RISC-V that is the firmware's doing.
pub(crate) fn console_write(bytes: &[u8]) {
    let Some(&port) = UART.get() else { return };
    for &byte in bytes {
        if byte == b'\n' {
            put(port, b'\r');
        }
        put(port, byte);
    }
}

fn put(port: usize, byte: u8) {
    // SAFETY: `port` is the mapped device's; both registers lie in its page and are aligned.
    unsafe {
        while mmio_read32(port + UART_FLAGS) & UART_TRANSMIT_FULL != 0 {
            core::hint::spin_loop();
        }
        mmio_write32(port + UART_DATA, byte.into());
    }
}

/// Nanoseconds since 1970, if there is a clock.
pub(crate) fn wall_clock_ns() -> Option<u64> {
    let &clock = CLOCK.get()?;
    // SAFETY: `clock` is the mapped device's; reading its data register has no effect.
    let seconds = unsafe { mmio_read32(clock + CLOCK_DATA) };
    Some(u64::from(seconds) * 1_000_000_000)
}
