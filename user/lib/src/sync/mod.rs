//! Threads waiting for each other, on futexes: uncontended locking makes no system call.

mod condvar;
mod mutex;
mod once;

pub use alloc::sync::{Arc, Weak};
pub use condvar::Condvar;
pub use core::sync::atomic;
pub use mutex::{Mutex, MutexGuard};
pub use once::OnceLock;
