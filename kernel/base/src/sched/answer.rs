//! How long an idle CPU takes to come when it is called.
//!
//! On a machine of its own that is the time of an interrupt. Where a hypervisor runs something else
//! on the CPU meanwhile, it may be a thousand times that, and a thread that was sent there waits for
//! it. So who chooses between an idle CPU and its own asks how the last calls went: a late answer
//! makes the CPU a bad choice for a multiple of what it cost, so that little time is lost by trying
//! again, on whatever machine.

use ::core::sync::atomic::{AtomicU64, Ordering};

/// An answer that takes longer is late: meanwhile the caller would have done the work itself.
const LATE_NS: u64 = 300_000;

/// For how many times the delay the CPU is left alone.
const REMEMBERED: u64 = 64;

/// One CPU's: written by whoever calls it, and by itself when it comes.
pub(super) struct Answer {
    /// When it was called, and has not come yet; else 0.
    called_at: AtomicU64,
    /// Up to when it is left alone.
    slow_until: AtomicU64,
}

impl Answer {
    pub(super) const fn new() -> Answer {
        Answer {
            called_at: AtomicU64::new(0),
            slow_until: AtomicU64::new(0),
        }
    }

    /// It is called, perhaps not for the first time.
    pub(super) fn call(&self, now_ns: u64) {
        if self.called_at.load(Ordering::Relaxed) == 0 {
            self.called_at.store(now_ns, Ordering::Relaxed);
        }
    }

    /// It looks at the queues, called or not.
    pub(super) fn come(&self, now_ns: u64) {
        let called = self.called_at.load(Ordering::Relaxed);
        if called != 0 {
            self.called_at.store(0, Ordering::Relaxed);
            self.was_away(now_ns, now_ns.saturating_sub(called));
        }
    }

    /// It did nothing for so long although it should have.
    pub(super) fn was_away(&self, now_ns: u64, away_ns: u64) {
        if away_ns > LATE_NS {
            let until = now_ns.saturating_add(away_ns.saturating_mul(REMEMBERED));
            self.slow_until.fetch_max(until, Ordering::Relaxed);
        }
    }

    /// Whether it came late not long ago, or has been called and does not come.
    pub(super) fn is_slow(&self, now_ns: u64) -> bool {
        let called = self.called_at.load(Ordering::Relaxed);
        let waits = called != 0 && now_ns.saturating_sub(called) > LATE_NS;
        waits || now_ns < self.slow_until.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_late_is_slow_and_that_is_forgotten() {
        let answer = Answer::new();
        for turn in 1..8 {
            answer.call(turn * 1_000_000);
            answer.come(turn * 1_000_000 + 30_000);
        }
        assert!(!answer.is_slow(8_000_000));
        answer.call(9_000_000);
        assert!(!answer.is_slow(9_100_000));
        assert!(answer.is_slow(11_000_000), "it does not come");
        answer.come(12_000_000);
        assert!(answer.is_slow(100_000_000));
        assert!(!answer.is_slow(300_000_000));
    }

    #[test]
    fn who_was_not_called_answers_nobody() {
        let answer = Answer::new();
        answer.come(5_000_000_000);
        assert!(!answer.is_slow(5_000_000_001));
    }
}
