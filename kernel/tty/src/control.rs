//! Controlling a terminal: what `tcsetattr`, `tcsetpgrp` and the terminal ioctls do.
//!
//! These are methods of [`TerminalFile`] because most depend on which open file asks: a hung-up
//! file controls nothing any more.

use base::{Error, Result};

use crate::discipline::Effects;
use crate::file::TerminalFile;
use crate::job::{Caller, GroupId, SessionId, TerminalEvent, process_groups};
use crate::settings::{Settings, WindowSize};
use crate::terminal::Terminal;

/// When new settings take effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// At once (TCSANOW).
    Now,
    /// When all output has left (TCSADRAIN).
    Drained,
    /// Then, and what was typed and not read is dropped (TCSAFLUSH).
    Flushed,
}

/// Which queue to flush.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// What was typed and not read.
    Input,
    /// What was written and not sent.
    Output,
    /// Both.
    Both,
}

/// What a program tells the flow of bytes to do (`tcflow`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Stop the output.
    StopOutput,
    /// Start it again.
    StartOutput,
    /// Send the stop character.
    StopInput,
    /// Send the start character.
    StartInput,
}

impl Terminal {
    /// The settings in force.
    pub fn settings(&self) -> Settings {
        *self.state.lock().discipline.settings()
    }

    /// The window's size.
    pub fn window_size(&self) -> WindowSize {
        self.state.lock().size
    }

    /// Sets the window's size, and tells the foreground group if it is another one.
    pub fn set_window_size(&self, size: WindowSize) {
        let foreground = {
            let mut state = self.state.lock();
            if core::mem::replace(&mut state.size, size) == size {
                return;
            }
            state.foreground
        };
        if let Some(group) = foreground {
            process_groups().signal_group(group, TerminalEvent::WindowChange);
        }
    }

    /// The session this terminal controls.
    pub fn session(&self) -> Option<SessionId> {
        self.state.lock().session
    }

    /// The group whose processes own the terminal.
    pub fn foreground(&self) -> Option<GroupId> {
        self.state.lock().foreground
    }

    /// How many bytes a read would get (FIONREAD).
    pub fn input_available(&self) -> usize {
        self.state.lock().discipline.readable()
    }

    /// How many bytes wait to be sent (TIOCOUTQ).
    pub fn output_pending(&self) -> usize {
        self.state.lock().discipline.output_pending()
    }

    /// Makes this the controlling terminal of the caller's session (TIOCSCTTY). `steal` takes it
    /// from another session; the ABI asks for that only on a privileged caller's behalf.
    pub fn make_controlling(self: &alloc::sync::Arc<Self>, steal: bool) -> Result<()> {
        let groups = process_groups();
        let caller = groups.caller().ok_or(Error::NotPermitted)?;
        if self.session() == Some(caller.session) {
            return Ok(());
        }
        if !caller.leads_session || groups.terminal_of_session(caller.session).is_some() {
            return Err(Error::NotPermitted);
        }
        let former = {
            let mut state = self.state.lock();
            if state.dead {
                return Err(Error::InputOutput);
            }
            if state.session.is_some() && !steal {
                return Err(Error::NotPermitted);
            }
            state.foreground = Some(caller.group);
            state.session.replace(caller.session)
        };
        if let Some(former) = former {
            groups.set_terminal_of_session(former, None);
        }
        groups.set_terminal_of_session(caller.session, Some(self.clone()));
        Ok(())
    }

    /// The session's leader exited: its terminal is hung up. Called by the process crate.
    pub fn session_ended(&self, session: SessionId) {
        if self.session() == Some(session) {
            self.hang_up(false);
        }
    }

    /// The caller's session gives the terminal up (TIOCNOTTY, by the session's leader).
    pub fn leave(&self) -> Result<()> {
        let groups = process_groups();
        let caller = groups.caller().ok_or(Error::NotTerminal)?;
        if self.session() != Some(caller.session) {
            return Err(Error::NotTerminal);
        }
        // A terminal belongs to a session here, not to each of its processes.
        if !caller.leads_session {
            return Err(Error::Unsupported);
        }
        let foreground = {
            let mut state = self.state.lock();
            state.session = None;
            state.foreground.take()
        };
        groups.set_terminal_of_session(caller.session, None);
        if let Some(group) = foreground {
            groups.signal_group(group, TerminalEvent::HangUp);
            groups.signal_group(group, TerminalEvent::Continue);
        }
        Ok(())
    }

    /// The caller, if this is its controlling terminal.
    fn controlled_caller(&self) -> Result<Caller> {
        let caller = process_groups().caller().ok_or(Error::NotTerminal)?;
        let controls = self.session() == Some(caller.session);
        if controls {
            Ok(caller)
        } else {
            Err(Error::NotTerminal)
        }
    }
}

impl TerminalFile {
    fn alive(&self) -> Result<()> {
        if self.is_hung_up() {
            Err(Error::InputOutput)
        } else {
            Ok(())
        }
    }

    /// Puts new settings in force.
    pub fn set_settings(&self, settings: Settings, when: When) -> Result<()> {
        self.alive()?;
        let terminal = self.terminal();
        terminal.check_background(TerminalEvent::TerminalOutput)?;
        if when != When::Now {
            terminal.drain(self.opening())?;
        }
        terminal.change(|state| {
            if when == When::Flushed {
                state.discipline.flush_input();
            }
            state.discipline.set_settings(settings)
        });
        terminal.wire().configure(&settings);
        terminal.wire().input_wanted();
        Ok(())
    }

    /// Waits until all output has left.
    pub fn drain(&self) -> Result<()> {
        self.alive()?;
        self.terminal()
            .check_background(TerminalEvent::TerminalOutput)?;
        self.terminal().drain(self.opening())
    }

    /// Drops what is queued.
    pub fn flush(&self, queue: Queue) -> Result<()> {
        self.alive()?;
        let terminal = self.terminal();
        terminal.check_background(TerminalEvent::TerminalOutput)?;
        terminal.change(|state| {
            if queue != Queue::Output {
                state.discipline.flush_input();
            }
            if queue == Queue::Input {
                return Effects::empty();
            }
            state.discipline.flush_output();
            Effects::FLUSHED
        });
        terminal.wire().input_wanted();
        Ok(())
    }

    /// Stops or starts the flow.
    pub fn flow(&self, flow: Flow) -> Result<()> {
        self.alive()?;
        let terminal = self.terminal();
        terminal.check_background(TerminalEvent::TerminalOutput)?;
        terminal.change(|state| {
            match flow {
                Flow::StopOutput => state.discipline.set_stopped(true),
                Flow::StartOutput => state.discipline.set_stopped(false),
                Flow::StopInput => state.discipline.send_flow_character(true),
                Flow::StartInput => state.discipline.send_flow_character(false),
            }
            Effects::OUTPUT
        });
        Ok(())
    }

    /// Puts a byte into the input as if it had been typed.
    pub fn type_in(&self, byte: u8) -> Result<()> {
        self.alive()?;
        if self.terminal().type_in(&[byte]) == 1 {
            Ok(())
        } else {
            Err(Error::WouldBlock)
        }
    }

    /// The foreground group (`tcgetpgrp`); for callers whose controlling terminal this is.
    pub fn foreground_group(&self) -> Result<Option<GroupId>> {
        self.alive()?;
        self.terminal().controlled_caller()?;
        Ok(self.terminal().foreground())
    }

    /// Gives the terminal to another group of the caller's session (`tcsetpgrp`).
    pub fn set_foreground_group(&self, group: GroupId) -> Result<()> {
        self.alive()?;
        let terminal = self.terminal();
        terminal.check_background(TerminalEvent::TerminalOutput)?;
        let caller = terminal.controlled_caller()?;
        match process_groups().session_of_group(group) {
            None => Err(Error::NoSuchProcess),
            Some(session) if session != caller.session => Err(Error::NotPermitted),
            Some(_) => {
                terminal.state.lock().foreground = Some(group);
                Ok(())
            }
        }
    }

    /// The session (`tcgetsid`); for callers whose controlling terminal this is.
    pub fn session(&self) -> Result<SessionId> {
        self.alive()?;
        Ok(self.terminal().controlled_caller()?.session)
    }
}
