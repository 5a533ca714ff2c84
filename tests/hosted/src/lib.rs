//! The kit of ring 2: boots the kernel on the hosted backend inside `cargo test`.
//!
//! - [`seeds`]: running one test under many scheduling seeds, and one of them again.
//! - [`bare`]: the ground only (threads, locks, timers), for tests below processes.
#![forbid(unsafe_code)]

pub mod bare;
pub mod seeds;
