//! The firmware's console.

use core::sync::atomic::{AtomicU8, Ordering};

use super::layout::virtual_to_physical;
use super::{cpu, csr, sbi};
use crate::MAX_CPUS;

/// What goes out in one call.
const PIECE: usize = 128;

/// The firmware wants a physical address, and a kernel stack's pages are anywhere: so bytes go
/// through a place of each CPU's own in the image.
#[repr(align(128))]
struct Place([AtomicU8; PIECE]);

static PLACES: [Place; MAX_CPUS] = [const { Place([const { AtomicU8::new(0) }; PIECE]) }; MAX_CPUS];

/// Writes bytes to the console.
pub(crate) fn console_write(bytes: &[u8]) {
    for piece in bytes.chunks(PIECE) {
        let interrupts = csr::interrupts_save_disable();
        let place = &PLACES[cpu::cpu_id()];
        for (to, &from) in place.0.iter().zip(piece) {
            to.store(from, Ordering::Relaxed);
        }
        sbi::console_write(virtual_to_physical(&raw const *place as usize), piece);
        csr::interrupts_restore(interrupts);
    }
}
