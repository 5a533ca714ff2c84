//! The ground without processes: a machine that runs one closure as the kernel.

use crate::seeds;
use hal::hosted::{Machine, Outcome};

/// Runs `test` as the kernel of machines of two CPUs, under every seed; each must end well and
/// leak nothing.
pub fn kernel(test: impl Fn() + Copy + 'static) {
    kernel_on(2, test);
}

/// As [`kernel()`], on machines of `cpus` CPUs.
pub fn kernel_on(cpus: usize, test: impl Fn() + Copy + 'static) {
    seeds::for_each_seed(seeds::count(), |seed| {
        let outcome = run(machine(seed).cpus(cpus), test);
        if let Some(complaint) = outcome.complaint() {
            panic!("{complaint}");
        }
    });
}

/// A machine for such a test.
pub fn machine(seed: u64) -> Machine {
    Machine::new(seed)
        .memory_bytes(4 << 20)
        .echo(seeds::replay().is_some())
}

/// Runs `test` as the kernel of `machine`, after the scheduler has started.
pub fn run(machine: Machine, test: impl FnOnce() + 'static) -> Outcome {
    machine.run_with(move |_| match base::init() {
        Ok(()) => test(),
        Err(error) => panic!("the scheduler does not start: {error}"),
    })
}
