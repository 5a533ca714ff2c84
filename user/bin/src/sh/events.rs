//! Control events in the shell: ^C at a running loop, and `trap`.
//!
//! Events that the shell wants to know of are received, that is, they wait on the event stream until
//! the shell looks between two commands. Nothing is ever interrupted in the middle.

use crate::state::{Flow, Shell};
use alloc::collections::BTreeMap;
use scarlet::os::events::{self, Action, EventStream};
use scarlet::os::{Poll, Ready};
use scarlet::prelude::*;
use scarlet::time::Duration;

extern crate alloc;

/// What an interactive shell does not let end or stop it.
const IGNORED: [u32; 5] = [
    events::QUIT,
    events::TERMINATE,
    events::TERMINAL_STOP,
    events::TERMINAL_INPUT,
    events::TERMINAL_OUTPUT,
];

/// The events that children find at their default, whatever the shell does with them.
pub(crate) fn default_in_children() -> impl Iterator<Item = u32> {
    IGNORED.into_iter().chain([events::INTERRUPT])
}

/// A copy of the shell treats events as a program does.
pub(crate) fn reset() {
    for event in default_in_children() {
        let _ = events::set_action(event, Action::Default);
    }
}

/// What `trap` has set.
#[derive(Default)]
pub(crate) struct Traps {
    commands: BTreeMap<u32, Vec<u8>>,
    on_exit: Option<Vec<u8>>,
    stream: Option<EventStream>,
}

impl Traps {
    /// The commands, with the events' names.
    pub(crate) fn list(&self) -> Vec<(String, Vec<u8>)> {
        let mut all: Vec<(String, Vec<u8>)> = self
            .commands
            .iter()
            .map(|(event, text)| {
                (
                    events::name_of(*event).unwrap_or("?").to_owned(),
                    text.clone(),
                )
            })
            .collect();
        all.extend(
            self.on_exit
                .iter()
                .map(|text| (String::from("EXIT"), text.clone())),
        );
        all
    }

    pub(crate) fn set_exit(&mut self, command: Option<Vec<u8>>) {
        self.on_exit = command;
    }

    pub(crate) fn take_exit(&mut self) -> Option<Vec<u8>> {
        self.on_exit.take()
    }

    /// A subshell starts without traps.
    pub(crate) fn forget(&mut self) {
        for (event, _) in core::mem::take(&mut self.commands) {
            let _ = events::set_action(event, Action::Default);
        }
        self.on_exit = None;
        self.stream = None;
    }
}

impl Shell {
    /// What an interactive shell does before its first prompt.
    pub(crate) fn guard_against_terminal(&mut self) {
        for event in IGNORED {
            let _ = events::set_action(event, Action::Ignore);
        }
        self.receive(events::INTERRUPT);
    }

    fn receive(&mut self, event: u32) {
        if self.traps.stream.is_none() {
            self.traps.stream = EventStream::open().ok();
        }
        let _ = events::set_action(event, Action::Receive);
    }

    /// `trap`: a command for an event; an empty one ignores it, none is the default again.
    pub(crate) fn set_trap(&mut self, event: u32, command: Option<Vec<u8>>) {
        match command {
            Some(command) if command.is_empty() => {
                let _ = events::set_action(event, Action::Ignore);
                self.traps.commands.insert(event, command);
            }
            Some(command) => {
                self.receive(event);
                self.traps.commands.insert(event, command);
            }
            None => {
                self.traps.commands.remove(&event);
                let interactive = self.session.is_some();
                let action = match event {
                    events::INTERRUPT if interactive => Action::Receive,
                    _ if interactive && IGNORED.contains(&event) => Action::Ignore,
                    _ => Action::Default,
                };
                let _ = events::set_action(event, action);
            }
        }
    }

    fn next_event(&mut self) -> Option<u32> {
        let stream = self.traps.stream.as_mut()?;
        let mut polls = [Poll::new(stream.handle(), Ready::READ)];
        match scarlet::os::poll(&mut polls, Some(Duration::ZERO)) {
            Ok(1) => Some(stream.next_event().ok()?.event),
            _ => None,
        }
    }

    /// Between two commands: runs traps; ^C at a prompt's command goes back to the prompt.
    pub(crate) fn check_events(&mut self) -> Result<(), Flow> {
        while let Some(event) = self.next_event() {
            match self.traps.commands.get(&event).cloned() {
                Some(command) => {
                    let status = self.status;
                    crate::script::run_text(self, &command)?;
                    self.status = status;
                }
                None if event == events::INTERRUPT && self.session.is_some() => {
                    let _ = self.streams.write(2, b"\n");
                    self.status = 128 + event as i32;
                    return Err(Flow::Abandon);
                }
                None => {}
            }
        }
        Ok(())
    }

    /// Whether ^C has come and nothing is set for it.
    pub(crate) fn take_interrupt(&mut self) -> bool {
        if self.traps.commands.contains_key(&events::INTERRUPT) {
            return false;
        }
        let mut found = false;
        while let Some(event) = self.next_event() {
            found |= event == events::INTERRUPT;
        }
        found
    }
}
