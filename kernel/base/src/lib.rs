//! What every room of the kernel stands on: errors, the log, locks, threads, the scheduler, wait
//! queues, timers, random numbers, deferred work.
//!
//! Nothing here knows of files or processes. The types that matter:
//!
//! - [`Error`] and [`Result`]: why something did not succeed.
//! - [`thread::Thread`]: a kernel thread; [`thread::spawn`] starts one. The kernel is *not*
//!   preemptible: a thread gives up its CPU only where it sleeps or yields.
//! - [`wait::WaitQueue`]: how a thread sleeps until a condition holds, and how others wake it,
//!   without lost wake-ups.
//! - [`sync::Mutex`] and [`sync::RwLock`]: sleeping locks; [`sync::SpinLock`]: the spinning one.
//!   All have a [`rank`].
//! - [`time::Instant`] and [`time::Timer`].
//!
//! [`init`] is called once by the first CPU; it brings up the others.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod error;
pub mod log;
mod plant;
pub mod random;
pub mod rank;
pub mod room;
pub mod sched;
pub mod sync;
pub mod thread;
pub mod time;
pub mod wait;
pub mod work;

pub use error::{Error, Result};
pub use room::Room;
pub use sched::init;
