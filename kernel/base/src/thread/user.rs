//! Entering user mode with the clock running for the right side.

use super::Thread;
use hal::user::{UserContext, UserEvent};

/// Runs the program until it needs the kernel, and counts the time as user time of `thread`, which
/// is the current one.
#[inline]
pub fn run_user(thread: &Thread, context: &mut UserContext) -> UserEvent {
    thread.scheduling.count_system();
    let event = context.run();
    thread.scheduling.count_user();
    event
}
