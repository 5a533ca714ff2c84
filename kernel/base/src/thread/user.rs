//! Entering user mode with the clock running for the right side.

use super::current;
use hal::user::{UserContext, UserEvent};

/// Runs the program until it needs the kernel, and counts the time as user time.
pub fn run_user(context: &mut UserContext) -> UserEvent {
    let thread = current();
    thread.scheduling.count_system(hal::timer::now_ns());
    let event = context.run();
    thread.scheduling.count_user(hal::timer::now_ns());
    event
}
