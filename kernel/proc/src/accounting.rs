//! Processor time: who used it, on which side.
//!
//! The scheduler counts each thread's time ([`base::thread`]); here it is read.

use crate::status::ResourceUsage;
use base::thread::Thread;
use hal::user::{UserContext, UserEvent};

/// Runs the program, with the clock running for its user time.
#[inline]
pub(crate) fn run_user(thread: &Thread, context: &mut UserContext) -> UserEvent {
    base::thread::run_user(thread, context)
}

/// Adds what a kernel thread used.
pub(crate) fn add_thread(usage: &mut ResourceUsage, thread: &Thread) {
    let times = thread.times();
    let (voluntary, involuntary) = thread.switches();
    usage.user_ns += times.user.as_nanos() as u64;
    usage.system_ns += times.system.as_nanos() as u64;
    usage.voluntary_switches += voluntary;
    usage.involuntary_switches += involuntary;
}
