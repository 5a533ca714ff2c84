//! Drivers, found by the device tree. A device that does not work is a line in the log and nothing more.

use alloc::vec::Vec;
use base::log;
use device::tree::{HardwareNode, devices};

/// What the machine has; nothing when the tree cannot be read.
pub(crate) fn describe(tree: &[u8]) -> Vec<HardwareNode> {
    match devices(tree) {
        Ok(devices) => devices,
        Err(error) => {
            log::error!("the device tree cannot be read: {error}");
            Vec::new()
        }
    }
}

/// Sets the interrupt controller, before the other CPUs start and ready their part of it.
pub(crate) fn start_interrupts(tree: &[u8], devices: &[HardwareNode]) {
    let harts: Vec<usize> = (0..hal::cpu::count()).map(hal::cpu::hardware_id).collect();
    match driver_plic::Plic::probe(tree, devices, &harts) {
        Ok(Some(plic)) => hal::interrupt::set_controller(plic),
        Ok(None) => {}
        Err(error) => log::error!("plic: {error}"),
    }
    match driver_gic::Gic::probe(devices) {
        Ok(Some(gic)) => hal::interrupt::set_controller(gic),
        Ok(None) => {}
        Err(error) => log::error!("gic: {error}"),
    }
}

/// Starts everything else. The console comes first, so that what the others say is seen.
pub(crate) fn start(devices: &[HardwareNode]) {
    #[cfg(not(target_os = "none"))]
    crate::hosted_console::start();
    if let Err(error) = driver_uart::probe(devices) {
        log::error!("uart: {error}");
    }
    driver_virtio::probe(devices, driver_pci::probe(devices));
}
