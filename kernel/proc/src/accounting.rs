//! Processor time: who used it, on which side.
//!
//! The scheduler counts each thread's time ([`base::thread::run_user`]); here it is read.

use crate::status::ResourceUsage;
use base::thread::Thread;

/// Adds what a kernel thread used.
pub(crate) fn add_thread(usage: &mut ResourceUsage, thread: &Thread) {
    let times = thread.times();
    let (voluntary, involuntary) = thread.switches();
    usage.user_ns += times.user.as_nanos() as u64;
    usage.system_ns += times.system.as_nanos() as u64;
    usage.voluntary_switches += voluntary;
    usage.involuntary_switches += involuntary;
}
