//! Bugs to order: ring 2 has to prove that it finds them.
//!
//! The switches belong to a simulated machine; on a real one each question is the constant
//! `false`, and nothing of a planted bug is compiled.

/// A bug this crate can have on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    /// A sleeper checks its condition, registers, and does not look again.
    LostWakeUp,
    /// A timer queue's lock is taken under a run queue's.
    LockOrder,
}

/// Whether this machine has the bug.
#[cfg(not(target_os = "none"))]
pub(crate) fn is_planted(bug: Bug) -> bool {
    hal::hosted::is_planted(match bug {
        Bug::LostWakeUp => hal::hosted::Bug::LostWakeUp,
        Bug::LockOrder => hal::hosted::Bug::LockOrder,
    })
}

/// Whether this machine has the bug.
#[cfg(target_os = "none")]
#[inline(always)]
pub(crate) fn is_planted(_bug: Bug) -> bool {
    false
}
