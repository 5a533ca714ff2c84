//! A sum of times that costs one word, one reading of the clock and one addition to start or stop.
//!
//! Starting subtracts the moment, stopping adds it. So the sum is a time while the watch stands, and,
//! as no sum is longer than the clock has gone, below zero by what is missing while it goes: one word
//! says both, and a reader on another CPU never sees half of it.
//!
//! A thread's watches are started and stopped on one CPU each time: it leaves no CPU with one going.
//! So it does not matter whether the CPUs' clocks differ by a tick.

use core::sync::atomic::{AtomicU64, Ordering};

/// Adds up times. Written by one thread alone (or by the switch that begins or ends its run), so a
/// load and a store do where others would need an atomic addition. In the clock's own unit.
pub(crate) struct Stopwatch {
    sum: AtomicU64,
}

impl Stopwatch {
    pub(super) const fn new() -> Self {
        Self {
            sum: AtomicU64::new(0),
        }
    }

    /// Starts it, which stands, at the moment `now`.
    #[inline]
    pub(super) fn start(&self, now: u64) {
        let sum = self.sum.load(Ordering::Relaxed);
        self.sum.store(sum.wrapping_sub(now), Ordering::Relaxed);
    }

    /// Stops it, which goes, at the moment `now`.
    #[inline]
    pub(super) fn stop(&self, now: u64) {
        let sum = self.sum.load(Ordering::Relaxed);
        self.sum.store(sum.wrapping_add(now), Ordering::Relaxed);
    }

    /// The time it shows.
    pub(super) fn read(&self) -> u64 {
        self.shown_at(hal::timer::ticks)
    }

    /// The time it shows at the moment that `now` says; asked after the look at the watch.
    fn shown_at(&self, now: impl FnOnce() -> u64) -> u64 {
        let sum = self.sum.load(Ordering::Relaxed);
        if sum.cast_signed() >= 0 {
            return sum;
        }
        let shown = sum.wrapping_add(now());
        // The clock of the CPU it goes on may be ahead of this one's.
        if shown.cast_signed() < 0 { 0 } else { shown }
    }
}

#[cfg(test)]
mod tests {
    use super::Stopwatch;

    #[test]
    fn shows_what_it_went() {
        let watch = Stopwatch::new();
        assert_eq!(watch.shown_at(|| 50), 0);
        watch.start(100);
        assert_eq!(watch.shown_at(|| 130), 30);
        // Seen from a CPU whose clock is behind.
        assert_eq!(watch.shown_at(|| 99), 0);
        watch.stop(140);
        assert_eq!(watch.shown_at(|| 1000), 40);
        watch.start(1000);
        assert_eq!(watch.shown_at(|| 1005), 45);
        watch.stop(1010);
        assert_eq!(watch.shown_at(|| 5000), 50);
    }
}
