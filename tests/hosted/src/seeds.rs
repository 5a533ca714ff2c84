//! Many seeds for one test.
//!
//! Each test runs under [`count`] seeds: 100, or what `SCARLET_SEEDS` says. When one fails, its
//! number is printed; `SCARLET_SEED=<number>` runs that one alone, with the console shown.

/// The seed to replay, if the environment asks for one.
pub fn replay() -> Option<u64> {
    std::env::var("SCARLET_SEED").ok()?.parse().ok()
}

/// How many seeds a test runs under.
pub fn count() -> u64 {
    std::env::var("SCARLET_SEEDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(100)
}

/// Runs `test` under seeds 0 to `count - 1`, or under the one that the environment asks for.
pub fn for_each_seed(count: u64, mut test: impl FnMut(u64)) {
    if let Some(seed) = replay() {
        return test(seed);
    }
    for seed in 0..count {
        let notice = Notice(seed);
        test(seed);
        std::mem::forget(notice);
    }
}

/// Says how to run a failed seed again.
struct Notice(u64);

impl Drop for Notice {
    fn drop(&mut self) {
        eprintln!(
            "failed under seed {0}; run it alone with SCARLET_SEED={0}",
            self.0
        );
    }
}
