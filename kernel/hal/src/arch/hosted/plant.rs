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

/// Whether this allocation is the one that the machine was told to refuse. A machine that shows its
/// console shows whose it is.
pub(crate) fn refuses_allocation() -> bool {
    let machine = super::state::machine();
    let left = machine.refusal.get();
    machine.refusal.set(left.saturating_sub(1));
    if left == 1 && machine.echo {
        let trace = std::backtrace::Backtrace::force_capture();
        std::eprintln!("an allocation is refused:\n{trace}");
    }
    left == 1
}

/// Whether the current machine was given `bug`.
pub fn is_planted(bug: Bug) -> bool {
    super::state::machine().bug == Some(bug)
}
