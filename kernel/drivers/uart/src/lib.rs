//! Serial ports: 16550 and PL011.
//!
//! The two chips differ in where their registers are and how they say "room" and "byte there"; that
//! is their [`port::Chip`]. Buffering, flow and interrupts are the same for both and live in
//! [`port::Port`], which is tested on the host with a chip made of two queues.
//!
//! [`probe`] finds the ports in the device tree and offers them to [`device::registry`].
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod ns16550;
mod pl011;
mod port;

use alloc::format;
use alloc::sync::Arc;

use base::Result;
use device::tree::HardwareNode;
use device::{DeviceNumber, SerialPort, registry};
use hal::mmio::{Mmio, MmioError};

use port::{Chip, Port};

/// What the device tree calls a 16550.
const NS16550: &[&str] = &["ns16550a", "ns16550", "snps,dw-apb-uart"];
/// What it calls a PL011.
const PL011: &str = "arm,pl011";

/// Finds the serial ports among `nodes`, the console first, and registers them. Says how many there
/// are. A port that cannot be claimed is left out with a line in the log.
pub fn probe(nodes: &[HardwareNode]) -> Result<usize> {
    let mut found = 0;
    let (mut standard, mut arm) = (0, 0);
    let consoles = nodes.iter().filter(|node| node.is_console);
    let others = nodes.iter().filter(|node| !node.is_console);
    for node in consoles.chain(others) {
        let Some(&(address, length)) = node.registers.first() else {
            continue;
        };
        let outcome = if NS16550.iter().any(|name| node.is_compatible(name)) {
            let number = DeviceNumber::new(4, 64 + standard);
            let name = format!("ttyS{standard}");
            standard += 1;
            let needs = ns16550::length(node.register_shift);
            Mmio::claim(address, length, needs).map(|registers| {
                let chip = ns16550::Ns16550::new(registers, node.register_shift);
                start(Port::new(name, number, chip), node)
            })
        } else if node.is_compatible(PL011) {
            let number = DeviceNumber::new(204, 64 + arm);
            let name = format!("ttyAMA{arm}");
            arm += 1;
            Mmio::claim(address, length, pl011::LENGTH)
                .map(|registers| start(Port::new(name, number, pl011::Pl011::new(registers)), node))
        } else {
            continue;
        };
        match outcome {
            Ok(()) => found += 1,
            Err(error) => base::warn!("uart: {} was not claimed: {}", node.name, reason(error)),
        }
    }
    Ok(found)
}

fn reason(error: MmioError) -> &'static str {
    match error {
        MmioError::NotDevice => "its address is no device's",
        MmioError::TooShort => "it has fewer registers than such a port",
        MmioError::Claimed => "another driver has it",
        MmioError::OutOfMemory => "out of memory",
    }
}

/// Registers a port and connects its interrupt line.
fn start<C: Chip>(port: Arc<Port<C>>, node: &HardwareNode) {
    if let Some(&line) = node.interrupts.first() {
        let handled = port.clone();
        hal::interrupt::set_handler(line, Arc::new(move || handled.interrupt()));
    }
    base::info!("{}: {} at {:#x}", port.name(), C::KIND, node.registers[0].0);
    registry().add_serial(port);
}
