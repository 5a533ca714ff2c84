//! Whether a thread that wakes another is about to sleep itself: a guess from what it did before.
//!
//! Two distances are told apart. Who sleeps *at once* after waking has only handed its work on (a
//! ping, a request): moving the woken thread to another CPU would cost more than the wait. Who
//! sleeps *soon* does a little more first (it fills a pipe): beside it another CPU could work at
//! the same time; but where none idles, letting it finish beats two switches for each block.
//!
//! Trust grows slowly and goes at once: what a wrong guess costs, a woken thread pays.

use ::core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Who sleeps within this time of waking another has handed its work on.
const AT_ONCE_NS: u64 = 50_000;

/// Who sleeps within this time of waking another was nearly done.
const SOON_NS: u64 = 400_000;

/// From this many times in a row on, the guess is believed.
const BELIEVED: u32 = 2;
/// More are not remembered.
const MOST: u32 = 3;

/// One thread's. Only the thread itself changes it, or the switch that ends its run.
pub(crate) struct Habit {
    /// How often it slept at once, lately.
    at_once: AtomicU32,
    /// How often it slept soon, lately.
    soon: AtomicU32,
    /// When it woke another since it slept last; 0 if it did not.
    woke_at: AtomicU64,
}

/// What to expect of a waker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Guess {
    /// It sleeps at once.
    pub(crate) at_once: bool,
    /// It sleeps soon, perhaps at once.
    pub(crate) soon: bool,
}

fn note(counter: &AtomicU32, holds: bool) {
    let before = counter.load(Ordering::Relaxed);
    let after = if holds { (before + 1).min(MOST) } else { 0 };
    counter.store(after, Ordering::Relaxed);
}

impl Habit {
    /// Many a short-lived thread wakes just once, whoever waits for its end: it is believed from
    /// the start.
    pub(crate) const fn new() -> Habit {
        Habit {
            at_once: AtomicU32::new(BELIEVED),
            soon: AtomicU32::new(BELIEVED),
            woke_at: AtomicU64::new(0),
        }
    }

    fn learn(&self, passed_ns: u64) {
        note(&self.at_once, passed_ns <= AT_ONCE_NS);
        note(&self.soon, passed_ns <= SOON_NS);
    }

    /// The thread wakes another at `now`; says what it is likely to do next.
    pub(crate) fn wakes(&self, now_ns: u64) -> Guess {
        let since = self.woke_at.load(Ordering::Relaxed);
        if since == 0 {
            self.woke_at.store(now_ns.max(1), Ordering::Relaxed);
        } else {
            let passed = now_ns.saturating_sub(since);
            if passed > AT_ONCE_NS {
                note(&self.at_once, false);
            }
            if passed > SOON_NS {
                note(&self.soon, false);
                self.woke_at.store(now_ns, Ordering::Relaxed);
            }
        }
        Guess {
            at_once: self.at_once.load(Ordering::Relaxed) >= BELIEVED,
            soon: self.soon.load(Ordering::Relaxed) >= BELIEVED,
        }
    }

    /// The thread goes to sleep at `now`.
    #[inline]
    pub(crate) fn sleeps(&self, now_ns: u64) {
        let since = self.woke_at.load(Ordering::Relaxed);
        if since != 0 {
            self.learn(now_ns.saturating_sub(since));
            self.woke_at.store(0, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A thread that each time wakes at once and sleeps after `work`.
    fn after(habit: &Habit, turns: u64, work: u64) -> Guess {
        let mut now = 1;
        for _ in 0..turns {
            habit.wakes(now);
            now += work;
            habit.sleeps(now);
            now += 1_000_000;
        }
        habit.wakes(now)
    }

    #[test]
    fn who_answers_and_sleeps_is_believed() {
        let guess = after(&Habit::new(), 5, 5_000);
        assert!(guess.at_once && guess.soon);
    }

    #[test]
    fn who_fills_a_pipe_sleeps_soon() {
        let guess = after(&Habit::new(), 1, 100_000);
        assert!(!guess.at_once && guess.soon);
    }

    #[test]
    fn who_wakes_again_and_again_sleeps_neither_way() {
        let habit = Habit::new();
        for turn in 1..100 {
            habit.wakes(turn * 20_000);
        }
        let guess = habit.wakes(2_000_000);
        assert!(!guess.at_once && !guess.soon);
    }

    #[test]
    fn trust_goes_at_once_and_comes_back_slowly() {
        let habit = Habit::new();
        after(&habit, 1, 5_000_000);
        habit.sleeps(7_000_000);
        let once = Habit::new();
        assert!(!after(&once, 1, 5_000_000).soon);
        once.sleeps(6_100_000);
        assert!(!once.wakes(7_000_000).soon, "once is not a habit");
        once.sleeps(7_001_000);
        assert!(once.wakes(8_000_000).soon);
    }
}
