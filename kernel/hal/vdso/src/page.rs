//! The page of clock data (`[vvar]`): what the kernel writes and every program may read.
//!
//! Compiled twice: into `hal`, which fills the page, and into the vDSO, which reads it. Only one
//! word of it ever changes, so there is nothing to read together and no sequence count: whoever
//! reads the time of day while it is being set sees the old clock or the new one.

use core::sync::atomic::{AtomicU64, Ordering};

/// The layout of the page's beginning.
#[repr(C)]
pub struct ClockPage {
    /// Nanoseconds a tick of the machine's counter, in units of 2⁻³². Written once.
    pub tick: AtomicU64,
    /// Nanoseconds from 1970 to the counter's zero: what is added to the monotonic clock to make
    /// the time of day.
    pub wall_offset: AtomicU64,
}

#[allow(
    dead_code,
    reason = "hal writes the page and its tests calculate; the vDSO only calculates"
)]
impl ClockPage {
    /// Nanoseconds on the monotonic clock when the counter shows `ticks`: the kernel's own
    /// calculation, so that both agree to the nanosecond.
    #[inline]
    pub fn monotonic(&self, ticks: u64) -> u64 {
        let tick = self.tick.load(Ordering::Relaxed);
        ((u128::from(ticks) * u128::from(tick)) >> 32) as u64
    }

    /// Nanoseconds since 1970 when the counter shows `ticks`.
    #[inline]
    pub fn wall(&self, ticks: u64) -> u64 {
        let offset = self.wall_offset.load(Ordering::Relaxed);
        offset.saturating_add(self.monotonic(ticks))
    }
}
