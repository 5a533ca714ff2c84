//! Time: clocks, sleeping, interval timers, POSIX timers.

pub mod adjust;
pub mod clocks;
pub mod interval;
pub mod posix;
pub mod sleep;
