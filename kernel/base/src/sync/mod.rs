//! Locks.
//!
//! [`SpinLock`] (from `hal`) disables interrupts and spins: for a few instructions, also in
//! interrupt handlers. [`Mutex`] and [`RwLock`] put the loser to sleep: for anything that may
//! itself sleep or take long. A sleeping lock is never taken while a spin lock is held.
//!
//! Sleeping locks have ranks too. Each thread remembers the sleeping locks that it holds, and an
//! acquisition out of order is a panic in checked builds (see [`crate::rank`]).

mod held;
mod mutex;
mod rwlock;

pub use hal::sync::{Once, Rank, SpinLock, SpinLockGuard};
pub(crate) use held::HeldRanks;
pub use mutex::{Mutex, MutexGuard};
pub use rwlock::{ReadGuard, RwLock, WriteGuard};
