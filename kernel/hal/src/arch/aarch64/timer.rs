//! The generic timer: the virtual counter as the clock, the virtual timer as each CPU's deadline.

use super::registers::{instruction_barrier, read_register, write_register};
use crate::sync::Once;

/// CNTV_CTL_EL0.ENABLE.
const ENABLE: u64 = 1;

/// The counter's rate, and the factor that makes nanoseconds of it.
struct Clock {
    frequency: u64,
    /// Nanoseconds a tick, as a 32.32 fixed-point number.
    nanoseconds: u64,
}

fn clock() -> &'static Clock {
    static CLOCK: Once<Clock> = Once::new();
    CLOCK.get_or_init(|| {
        // Firmware sets the register; a zero would be its bug, and 62.5 MHz is QEMU's choice.
        let frequency = match read_register!("cntfrq_el0") {
            0 => 62_500_000,
            frequency => frequency,
        };
        Clock {
            frequency,
            nanoseconds: (1_000_000_000 << 32) / frequency,
        }
    })
}

/// The virtual counter, read in program order.
#[inline]
pub(crate) fn cycle_counter() -> u64 {
    instruction_barrier();
    read_register!("cntvct_el0")
}

/// Nanoseconds since the machine started.
#[inline]
pub(crate) fn now_ns() -> u64 {
    ticks_to_ns(cycle_counter())
}

/// See [`crate::timer::ticks`]. Read when the machine pleases: for sums it does not matter.
#[inline]
pub(crate) fn ticks() -> u64 {
    read_register!("cntvct_el0")
}

/// See [`crate::timer::ticks_to_ns`].
#[inline]
pub(crate) fn ticks_to_ns(ticks: u64) -> u64 {
    ((u128::from(ticks) * u128::from(clock().nanoseconds)) >> 32) as u64
}

/// See [`crate::vdso`].
pub(crate) fn tick_scale() -> u64 {
    clock().nanoseconds
}

/// Sets or clears this CPU's deadline.
pub(crate) fn set_deadline_ns(deadline: Option<u64>) {
    let Some(deadline) = deadline else {
        return stop();
    };
    let clock = clock();
    // Rounded up, so that the deadline has passed by the clock when the interrupt comes.
    let ticks = match deadline.checked_mul(clock.frequency) {
        Some(product) => product / 1_000_000_000 + 2,
        // Far away: the machine has no division that wide, and it is rare.
        None => {
            let ticks = u128::from(deadline) * u128::from(clock.frequency) / 1_000_000_000 + 2;
            ticks.min(u128::from(u64::MAX >> 1)) as u64
        }
    };
    // SAFETY: this leads at most to a timer interrupt.
    unsafe {
        write_register!("cntv_cval_el0", ticks);
        write_register!("cntv_ctl_el0", ENABLE);
    }
    instruction_barrier();
}

/// Stops this CPU's timer, and with it the interrupt it is raising.
pub(super) fn stop() {
    // SAFETY: as above: no interrupt comes.
    unsafe { write_register!("cntv_ctl_el0", 0u64) };
    instruction_barrier();
}

/// Readies this CPU's timer: no deadline, and programs may read the virtual counter.
pub(super) fn init_cpu() {
    const VIRTUAL_COUNTER_FOR_USER: u64 = 1 << 1;
    stop();
    // SAFETY: lets user mode read a counter, and nothing else of the timer.
    unsafe { write_register!("cntkctl_el1", VIRTUAL_COUNTER_FOR_USER) };
}
