//! Processes as terminals see them: [`tty::ProcessGroups`] for this crate's groups and sessions.
//!
//! A terminal knows groups and sessions by the numbers of the outermost namespace, because two containers must not mean
//! different groups by one number. [`number_seen_by`] and [`number_meant_by`] translate for a process that sees others.

use crate::event::{Disposition, Event, EventInfo, send_to_group, send_to_process};
use crate::group::{ProcessGroup, Session};
use crate::machine;
use crate::process::Process;
use crate::task::Task;
use alloc::sync::Arc;
use tty::{Caller, GroupId, ProcessGroups, SessionId, Terminal, TerminalEvent};

/// The controlling terminal of a session.
pub type ControllingTerminal = Arc<Terminal>;

/// Lets terminals reach processes. Called once, at boot.
pub(crate) fn install() {
    tty::set_process_groups(Arc::new(Groups));
}

/// The id by which `process` knows the group or session that a terminal knows by `number`; 0 if it is out of sight.
pub fn number_seen_by(process: &Process, number: u32) -> u32 {
    let found = machine::namespace().and_then(|namespace| namespace.group(number));
    found.map_or(0, |group| group.identity().number_in(process.namespace()))
}

/// The number by which terminals know the group that `process` knows by `id`.
pub fn number_meant_by(process: &Process, id: u32) -> Option<u32> {
    process
        .namespace()
        .group(id)
        .map(|group| group.identity().outermost())
}

/// The session's leader has ended: the terminal is free, and its foreground group hears of it.
pub(crate) fn session_leader_ended(session: &Arc<Session>) {
    if let Some(terminal) = session.terminal() {
        terminal.session_ended(session.identity().outermost());
        drop(session.set_terminal(None));
    }
}

struct Groups;

fn event_of(event: TerminalEvent) -> Event {
    match event {
        TerminalEvent::Interrupt => Event::INTERRUPT,
        TerminalEvent::Quit => Event::QUIT,
        TerminalEvent::Suspend => Event::TERMINAL_STOP,
        TerminalEvent::TerminalInput => Event::TERMINAL_INPUT,
        TerminalEvent::TerminalOutput => Event::TERMINAL_OUTPUT,
        TerminalEvent::HangUp => Event::HANG_UP,
        TerminalEvent::Continue => Event::CONTINUE,
        TerminalEvent::WindowChange => Event::WINDOW_CHANGED,
    }
}

fn find_group(number: GroupId) -> Option<Arc<ProcessGroup>> {
    machine::namespace()?.group(number)
}

fn find_session(number: SessionId) -> Option<Arc<Session>> {
    machine::namespace()?.session(number)
}

impl ProcessGroups for Groups {
    fn caller(&self) -> Option<Caller> {
        let process = Process::current()?;
        let group = process.group();
        let session = group.session();
        Some(Caller {
            group: group.identity().outermost(),
            session: session.identity().outermost(),
            leads_session: Arc::ptr_eq(session.identity(), process.identity()),
        })
    }

    fn caller_ignores(&self, event: TerminalEvent) -> bool {
        let Some(task) = Task::current() else {
            return false;
        };
        let event = event_of(event);
        task.blocked().contains(event)
            || task
                .process()
                .with_actions(|table| table.get(event).disposition == Disposition::Ignore)
    }

    fn signal_group(&self, group: GroupId, event: TerminalEvent) {
        if let Some(group) = find_group(group) {
            send_to_group(&group, EventInfo::kernel(event_of(event)));
        }
    }

    fn signal_leader(&self, session: SessionId, event: TerminalEvent) {
        if let Some(leader) = find_session(session).and_then(|session| session.leader()) {
            let _ = send_to_process(&leader, EventInfo::kernel(event_of(event)));
        }
    }

    fn is_orphaned(&self, group: GroupId) -> bool {
        find_group(group).is_none_or(|group| group.is_orphaned(None))
    }

    fn session_of_group(&self, group: GroupId) -> Option<SessionId> {
        Some(find_group(group)?.session().identity().outermost())
    }

    fn terminal_of_session(&self, session: SessionId) -> Option<Arc<Terminal>> {
        find_session(session)?.terminal()
    }

    fn set_terminal_of_session(&self, session: SessionId, terminal: Option<Arc<Terminal>>) {
        if let Some(session) = find_session(session) {
            drop(session.set_terminal(terminal));
        }
    }
}
