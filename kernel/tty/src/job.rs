//! What a terminal needs to know about processes.
//!
//! The terminal stands below processes: it knows groups and sessions only as numbers, and asks
//! about them through [`ProcessGroups`], which the process crate implements and installs once with
//! [`set_process_groups`]. The numbers are the kernel's own (those of the outermost process
//! numbering), so that two containers cannot mean different groups by one number; an ABI translates
//! for its caller.
//!
//! The terminal never calls this trait while it holds its own lock.

use alloc::sync::Arc;

use base::sync::Once;
use hal::Global;

use crate::terminal::Terminal;

/// A process group's number.
pub type GroupId = u32;
/// A session's number.
pub type SessionId = u32;

/// What a terminal tells processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TerminalEvent {
    /// The interrupt character was typed (SIGINT).
    Interrupt,
    /// The quit character was typed (SIGQUIT).
    Quit,
    /// The suspend character was typed (SIGTSTP).
    Suspend,
    /// A background process wants to read (SIGTTIN).
    TerminalInput,
    /// A background process wants to write or change the terminal (SIGTTOU).
    TerminalOutput,
    /// The terminal is gone (SIGHUP).
    HangUp,
    /// Goes with a hang-up, so that stopped processes see it (SIGCONT).
    Continue,
    /// The window has another size now (SIGWINCH).
    WindowChange,
}

/// Who is calling, as far as terminals care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The caller's process group.
    pub group: GroupId,
    /// The caller's session.
    pub session: SessionId,
    /// Whether it is the session's leader.
    pub leads_session: bool,
}

/// The process crate, as the terminal sees it.
pub trait ProcessGroups: Send + Sync {
    /// The calling process; `None` for a kernel thread.
    fn caller(&self) -> Option<Caller>;

    /// Whether the calling thread blocks or ignores this event.
    fn caller_ignores(&self, event: TerminalEvent) -> bool;

    /// Sends an event to every process of a group.
    fn signal_group(&self, group: GroupId, event: TerminalEvent);

    /// Sends an event to a session's leader.
    fn signal_leader(&self, session: SessionId, event: TerminalEvent);

    /// Whether no process outside the group, but in its session, could continue it.
    fn is_orphaned(&self, group: GroupId) -> bool;

    /// The session a group belongs to, if there is such a group.
    fn session_of_group(&self, group: GroupId) -> Option<SessionId>;

    /// The controlling terminal of a session.
    fn terminal_of_session(&self, session: SessionId) -> Option<Arc<Terminal>>;

    /// Sets or clears the controlling terminal of a session.
    fn set_terminal_of_session(&self, session: SessionId, terminal: Option<Arc<Terminal>>);
}

/// Before the process crate is up: nobody calls, nobody listens.
struct NoProcesses;

impl ProcessGroups for NoProcesses {
    fn caller(&self) -> Option<Caller> {
        None
    }
    fn caller_ignores(&self, _event: TerminalEvent) -> bool {
        false
    }
    fn signal_group(&self, _group: GroupId, _event: TerminalEvent) {}
    fn signal_leader(&self, _session: SessionId, _event: TerminalEvent) {}
    fn is_orphaned(&self, _group: GroupId) -> bool {
        false
    }
    fn session_of_group(&self, _group: GroupId) -> Option<SessionId> {
        None
    }
    fn terminal_of_session(&self, _session: SessionId) -> Option<Arc<Terminal>> {
        None
    }
    fn set_terminal_of_session(&self, _session: SessionId, _terminal: Option<Arc<Terminal>>) {}
}

static PROCESS_GROUPS: Global<Once<Arc<dyn ProcessGroups>>> = Global::new(Once::new);

/// Installs the process crate's side; the first one stays.
pub fn set_process_groups(groups: Arc<dyn ProcessGroups>) {
    let _ = PROCESS_GROUPS.set(groups);
}

/// The process crate's side.
pub(crate) fn process_groups() -> Arc<dyn ProcessGroups> {
    PROCESS_GROUPS
        .get()
        .cloned()
        .unwrap_or_else(|| Arc::new(NoProcesses))
}

/// The controlling terminal of the calling process (`/dev/tty`).
pub fn controlling_terminal() -> Option<Arc<Terminal>> {
    let groups = process_groups();
    groups.terminal_of_session(groups.caller()?.session)
}
