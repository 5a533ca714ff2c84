//! The clock (`time`), this hart's one deadline (Sstc or SBI TIME), and the time of day.

use core::arch::asm;

use super::csr::read_csr;
use super::{boot, sbi};
use crate::sync::Once;

/// Readies this hart's timer: no deadline.
pub(super) fn init_cpu() {
    set_deadline_ns(None);
}

/// A ratio of two rates as a fixed-point multiplication, so that no division is on a hot path.
struct Scale {
    multiplier: u64,
    shift: u32,
}

impl Scale {
    fn new(from_rate: u64, to_rate: u64) -> Self {
        // The largest shift at which the multiplier keeps 32 bits of precision and fits.
        let mut shift = 32;
        let mut multiplier = (u128::from(to_rate) << shift) / u128::from(from_rate);
        while multiplier > u128::from(u32::MAX) * 2 && shift > 0 {
            multiplier >>= 1;
            shift -= 1;
        }
        Self {
            multiplier: multiplier as u64,
            shift,
        }
    }

    #[inline]
    fn apply(&self, value: u64) -> u64 {
        ((u128::from(value) * u128::from(self.multiplier)) >> self.shift) as u64
    }
}

struct Clock {
    to_ns: Scale,
    timebase: u64,
    has_sstc: bool,
}

fn clock() -> &'static Clock {
    static CLOCK: Once<Clock> = Once::new();
    CLOCK.get_or_init(|| {
        let machine = boot::machine();
        Clock {
            to_ns: Scale::new(machine.timebase, 1_000_000_000),
            timebase: machine.timebase,
            has_sstc: machine.has_sstc,
        }
    })
}

/// Nanoseconds since the machine started.
#[inline]
pub(crate) fn now_ns() -> u64 {
    clock().to_ns.apply(cycle_counter())
}

/// The `time` register.
#[inline]
pub(crate) fn cycle_counter() -> u64 {
    read_csr!("time") as u64
}

/// Sets or clears this hart's deadline.
pub(crate) fn set_deadline_ns(deadline: Option<u64>) {
    let clock = clock();
    // Rounded up, so that the deadline has passed by the clock when the interrupt comes.
    let ticks = deadline.map_or(u64::MAX, |deadline| {
        let ticks = u128::from(deadline) * u128::from(clock.timebase) / 1_000_000_000 + 1;
        ticks.min(u128::from(u64::MAX)) as u64
    });
    set_ticks(clock, ticks);
}

/// Ends a pending timer interrupt.
pub(super) fn acknowledge() {
    set_ticks(clock(), u64::MAX);
}

fn set_ticks(clock: &Clock, ticks: u64) {
    if clock.has_sstc {
        // SAFETY: writes stimecmp (0x14d), which leads at most to a timer interrupt; the
        // extension is there.
        unsafe { asm!("csrw 0x14d, {}", in(reg) ticks, options(nostack)) };
    } else {
        sbi::set_timer(ticks);
    }
}
