//! Processes as terminals see them.

/// The controlling terminal of a session.
pub type ControllingTerminal = alloc::sync::Arc<dyn core::any::Any + Send + Sync>;

pub(crate) fn session_leader_ended(session: &crate::Session) {
    drop(session.set_terminal(None));
}
