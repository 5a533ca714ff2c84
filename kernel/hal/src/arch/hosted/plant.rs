//! Planted bugs: switches that only the hosted backend has, with which the tests test themselves.

/// A bug that a machine can be given on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// A sleeper checks its condition before it registers, and not again.
    LostWakeUp,
    /// A narrowed or removed mapping is not flushed from the translation caches.
    MissingFlush,
    /// Two locks are taken against their order.
    LockOrder,
}

/// Whether the current machine was given `bug`.
pub fn is_planted(bug: Bug) -> bool {
    super::state::machine().bug == Some(bug)
}
