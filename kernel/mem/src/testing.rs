//! What the tests of this crate stand on: a simulated machine, and seeded choices.

use hal::hosted::Machine;

/// Runs `body` as the first thread of a machine with a scheduler.
pub(crate) fn in_machine(seed: u64, cpus: usize, body: impl FnOnce() + 'static) {
    let outcome = Machine::new(seed).cpus(cpus).run_with(move |_| {
        assert!(base::init().is_ok());
        body();
    });
    if let Some(complaint) = outcome.complaint() {
        panic!("seed {seed}: {complaint}");
    }
}

/// A generator of test cases: small, seeded, and nobody else's.
pub(crate) struct Random(u64);

impl Random {
    /// A generator whose choices `seed` decides.
    pub(crate) fn new(seed: u64) -> Self {
        Self(0x9e37_79b9_7f4a_7c15u64.wrapping_mul(seed))
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}
