//! Signals: what Linux programs call the kernel's control events.
//!
//! The numbers are the same, and so are the rules of masks, queues and default actions, which live in
//! `proc`. Here is only what Linux says of them: the records ([`information`]), the calls, and the
//! frame on the program's stack ([`deliver`], [`frame`]) that a handler runs on and returns through.

pub mod actions;
pub mod deliver;
pub mod frame;
pub mod information;
pub mod mask;
pub mod send;
pub mod wait;

use base::{Error, Result};
use proc::Event;

/// The event of a signal number; `EINVAL` outside 1 to 64.
pub(crate) fn event(number: i32) -> Result<Event> {
    usize::try_from(number)
        .ok()
        .and_then(Event::new)
        .ok_or(Error::InvalidArgument)
}
