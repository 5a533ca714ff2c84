//! The clock (`time`), this hart's one deadline (Sstc or SBI TIME), and the time of day.

use core::arch::asm;
use core::sync::atomic::{AtomicU64, Ordering};

use super::csr::read_csr;
use super::{boot, sbi};

/// Readies this hart's timer: no deadline.
pub(super) fn init_cpu() {
    set_deadline_ns(None);
}

/// Nanoseconds a tick, in units of 2⁻³²: a multiplication instead of a division on a hot path.
static NANOSECONDS: AtomicU64 = AtomicU64::new(0);

/// Notes how fast the clock runs; before anybody asks for the time.
pub(super) fn init() {
    let scale = (1_000_000_000u128 << 32) / u128::from(boot::machine().timebase);
    NANOSECONDS.store(scale.min(u128::from(u64::MAX)) as u64, Ordering::Relaxed);
}

/// Nanoseconds since the machine started.
#[inline]
pub(crate) fn now_ns() -> u64 {
    ticks_to_ns(cycle_counter())
}

/// See [`crate::timer::ticks`].
#[inline]
pub(crate) fn ticks() -> u64 {
    cycle_counter()
}

/// See [`crate::timer::ticks_to_ns`].
#[inline]
pub(crate) fn ticks_to_ns(ticks: u64) -> u64 {
    let scale = NANOSECONDS.load(Ordering::Relaxed);
    ((u128::from(ticks) * u128::from(scale)) >> 32) as u64
}

/// See [`crate::vdso`].
pub(crate) fn tick_scale() -> u64 {
    NANOSECONDS.load(Ordering::Relaxed)
}

/// The `time` register.
#[inline]
pub(crate) fn cycle_counter() -> u64 {
    read_csr!("time") as u64
}

/// Sets or clears this hart's deadline.
pub(crate) fn set_deadline_ns(deadline: Option<u64>) {
    let timebase = boot::machine().timebase;
    // Rounded up, so that the deadline has passed by the clock when the interrupt comes.
    let ticks = deadline.map_or(u64::MAX, |deadline| {
        match deadline.checked_mul(timebase) {
            Some(product) => product / 1_000_000_000 + 1,
            // Far away: the machine has no division that wide, and it is rare.
            None => {
                let ticks = u128::from(deadline) * u128::from(timebase) / 1_000_000_000 + 1;
                ticks.min(u128::from(u64::MAX)) as u64
            }
        }
    });
    set_ticks(ticks);
}

/// Ends a pending timer interrupt.
pub(super) fn acknowledge() {
    set_ticks(u64::MAX);
}

fn set_ticks(ticks: u64) {
    if boot::machine().has_sstc {
        // SAFETY: writes stimecmp (0x14d), which leads at most to a timer interrupt; the
        // extension is there.
        unsafe { asm!("csrw 0x14d, {}", in(reg) ticks, options(nostack)) };
    } else {
        sbi::set_timer(ticks);
    }
}
