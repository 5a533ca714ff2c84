//! How CPUs agree: the spin lock with a rank, the cell with one owner, the value set once.
//!
//! A [`SpinLock`] disables interrupts on its CPU while it is held, so that an interrupt handler
//! may take it too. Its [`Rank`] is its place in the kernel's lock order: while one is held, only
//! locks of higher rank may be taken. Hosted and debug builds check this at every acquisition,
//! whether or not the unlucky interleaving happens.

mod contention;
mod once;
mod owned;
mod rank;
mod shared;
mod spin;

pub use contention::{all_waits, note_wait, waits};
pub use once::Once;
pub use owned::{OwnedCell, OwnedGuard};
pub use rank::Rank;
pub(crate) use rank::depth as held_locks;
pub use shared::{SharedCell, SharedReadGuard, SharedWriteGuard};
pub use spin::{SpinLock, SpinLockGuard};
