//! The load average: how many threads ran or waited, over the last 1, 5 and 15 minutes.
//!
//! There is no periodic tick to sample it, so the scheduler offers a sample whenever it runs and
//! [`Load::sample`] takes it if enough time has passed. The decay is that of an exponential
//! average over the time that really passed.

/// Fraction bits of the averages.
pub const FRACTION_BITS: u32 = 11;
const ONE: u64 = 1 << FRACTION_BITS;

/// How often a sample is taken at most.
const PERIOD_NS: u64 = 5_000_000_000;

/// `exp(-5 s / T)` in fixed point for T = 1, 5 and 15 minutes.
const DECAY: [u64; 3] = [1884, 2014, 2037];

/// After this many periods nothing of the past is left in any average.
const FORGOTTEN: u64 = 2000;

/// The three averages.
#[derive(Clone, Copy, Debug, Default)]
pub struct Load {
    averages: [u64; 3],
    sampled_at: u64,
}

impl Load {
    /// No load since boot.
    pub const fn new() -> Load {
        Load {
            averages: [0; 3],
            sampled_at: 0,
        }
    }

    /// Whether a sample is due.
    pub fn is_due(&self, now_ns: u64) -> bool {
        now_ns.saturating_sub(self.sampled_at) >= PERIOD_NS
    }

    /// Takes `active` threads as the load of the whole time since the last sample.
    pub fn sample(&mut self, now_ns: u64, active: usize) {
        let periods = now_ns.saturating_sub(self.sampled_at) / PERIOD_NS;
        self.sampled_at += periods * PERIOD_NS;
        let target = active as u64 * ONE;
        for _ in 0..periods.min(FORGOTTEN) {
            for (average, decay) in self.averages.iter_mut().zip(DECAY) {
                let sum = *average * decay + target * (ONE - decay);
                let up = if target >= *average { ONE - 1 } else { 0 };
                *average = (sum + up) / ONE;
            }
        }
    }

    /// The averages with [`FRACTION_BITS`] of fraction.
    pub fn averages(&self) -> [u64; 3] {
        self.averages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settles_at_the_load_and_decays_to_nothing() {
        let mut load = Load::new();
        load.sample(60_000_000_000, 2);
        let after_a_minute = load.averages()[0];
        assert!((ONE..2 * ONE).contains(&after_a_minute), "{after_a_minute}");
        load.sample(7_200_000_000_000, 2);
        assert_eq!(load.averages()[0] >> FRACTION_BITS, 2);
        load.sample(30_000_000_000_000, 0);
        assert_eq!(load.averages(), [0; 3]);
    }
}
