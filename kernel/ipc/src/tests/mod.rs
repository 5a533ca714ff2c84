//! Pipes, named pipes, streams, events and futexes on simulated machines, under many seeds.
//!
//! A lost wake-up needs no check of its own: the machine notices that nobody can go on.

mod events;
mod futexes;
mod local;
mod pipes;
mod system_v;

use alloc::sync::Arc;
use base::thread::Thread;
use hal::hosted::Machine;

/// Runs `body` as the first thread of a machine with a scheduler.
fn in_machine(seed: u64, cpus: usize, body: impl FnOnce() + 'static) {
    let outcome = Machine::new(seed).cpus(cpus).run_with(move |_| {
        assert!(base::init().is_ok());
        body();
    });
    if let Some(complaint) = outcome.complaint() {
        panic!("seed {seed}: {complaint}");
    }
}

/// Starts a thread that must succeed.
fn start(body: impl FnOnce() + Send + 'static) -> Arc<Thread> {
    match base::thread::spawn("test", body) {
        Ok(thread) => thread,
        Err(error) => panic!("no thread: {error}"),
    }
}

/// A generator of test cases: small, seeded, and nobody else's.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(0x9e37_79b9_7f4a_7c15u64.wrapping_mul(seed))
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}
