//! The firmware: PSCI (Arm DEN 0022), through `hvc` or `smc` as the device tree says.

use core::arch::asm;

use crate::sync::Once;

/// How the firmware is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Conduit {
    /// It is a hypervisor's.
    Hypervisor,
    /// It is in the secure world.
    Secure,
}

static CONDUIT: Once<Conduit> = Once::new();

const CPU_ON: u64 = 0xc400_0003;
const SYSTEM_OFF: u64 = 0x8400_0008;
const SYSTEM_RESET: u64 = 0x8400_0009;

/// Notes how the firmware is called; without that it never is.
pub(super) fn set_conduit(conduit: Conduit) {
    let _ = CONDUIT.set(conduit);
}

/// Calls the firmware; a negative result is an error.
///
/// # Safety
/// The function and its arguments must not make the firmware change memory the kernel owns, or
/// start a CPU at anything but code that is ready for it.
unsafe fn call(function: u64, arguments: [u64; 3]) -> i64 {
    const NOT_SUPPORTED: i64 = -1;
    let [first, second, third] = arguments;
    let mut result = function;
    match CONDUIT.get() {
        // SAFETY: passed on to the caller. The convention (SMCCC 1.0) keeps x18 to x30 and may
        // change x4 to x17.
        Some(Conduit::Hypervisor) => unsafe {
            asm!("hvc #0", inout("x0") result, inout("x1") first => _, inout("x2") second => _,
                inout("x3") third => _, clobber_abi("C"), options(nostack));
        },
        // SAFETY: as above.
        Some(Conduit::Secure) => unsafe {
            asm!("smc #0", inout("x0") result, inout("x1") first => _, inout("x2") second => _,
                inout("x3") third => _, clobber_abi("C"), options(nostack));
        },
        None => return NOT_SUPPORTED,
    }
    result as i64
}

/// Starts the CPU with this MPIDR at a physical address, `context` in its x0. Says whether the
/// firmware accepted.
///
/// # Safety
/// The code there is ready to run on that CPU with translation off.
pub(super) unsafe fn cpu_on(mpidr: usize, entry: usize, context: usize) -> bool {
    // SAFETY: passed on to the caller.
    unsafe { call(CPU_ON, [mpidr as u64, entry as u64, context as u64]) == 0 }
}

/// Turns the machine off. PSCI has no way to say why.
pub(crate) fn power_off(_code: u32) -> ! {
    // SAFETY: the machine ends.
    unsafe { call(SYSTEM_OFF, [0; 3]) };
    stop()
}

/// Starts the machine anew.
pub(crate) fn power_reset() -> ! {
    // SAFETY: the machine ends.
    unsafe { call(SYSTEM_RESET, [0; 3]) };
    stop()
}

fn stop() -> ! {
    loop {
        super::interrupts_save_disable();
        super::wait_for_interrupt();
    }
}
