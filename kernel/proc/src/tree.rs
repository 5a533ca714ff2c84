//! The lock over who is whose child and who is in which group.
//!
//! A relation has two ends: a child knows its parent and the parent lists the child. Whoever changes a relation
//! holds this one lock for as long as the two ends disagree; each end lies behind its own process's lock
//! ([`crate::Process`]), which is taken for a moment inside. Reading one end needs only that one.
//!
//! Nothing sleeps and nothing is dropped under it that could take it again.

use base::rank;
use base::sync::{SpinLock, SpinLockGuard};
use hal::Global;

static TREE: Global<SpinLock<()>> = Global::new(|| SpinLock::new(rank::PROCESS_TREE, ()));

/// Takes the tree for a change of relations.
pub(crate) fn lock() -> SpinLockGuard<'static, ()> {
    TREE.lock()
}
