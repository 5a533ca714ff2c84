//! Line discipline, terminals, sessions.
//!
//! A [`Terminal`] is what a person types at: it echoes, edits lines, turns `^C` into an event for
//! the foreground processes, and keeps processes in the background away from the keyboard. Programs
//! hold it open as a [`TerminalFile`], which is an ordinary [`object::File`]; ABI crates find it by
//! `file.downcast::<TerminalFile>()` and call its methods for their ioctls.
//!
//! Below a terminal is a [`wire::Wire`]: a serial port ([`serial::attach`]) or the master of a
//! pseudo-terminal pair ([`MasterFile`]). The line discipline itself ([`discipline`]) is a state
//! machine of plain data and knows of none of them.
//!
//! Processes are above this room. What it must know of them it asks through
//! [`job::ProcessGroups`].
//!
//! [`start`] is called once, after the drivers: it puts terminals on the serial ports and registers
//! `console`, `tty` and `ptmx`.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod control;
pub mod discipline;
#[cfg(test)]
mod discipline_tests;
mod erase;
mod file;
pub mod input;
pub mod job;
mod nodes;
pub mod output;
mod pty;
pub mod serial;
pub mod settings;
mod terminal;
mod transfer;
pub mod wire;

pub use control::{Flow, Queue, When};
pub use file::TerminalFile;
pub use job::{
    Caller, GroupId, ProcessGroups, SessionId, TerminalEvent, controlling_terminal,
    set_process_groups,
};
pub use nodes::start;
pub use pty::MasterFile;
pub use serial::{console, set_console};
pub use settings::{Settings, WindowSize};
pub use terminal::Terminal;

use object::File;

/// The terminal that `file` is: open on it, or the master of it.
pub fn terminal_of(file: &dyn File) -> Option<&alloc::sync::Arc<Terminal>> {
    let direct = file.downcast::<TerminalFile>().map(TerminalFile::terminal);
    direct.or_else(|| file.downcast::<MasterFile>().map(MasterFile::terminal))
}
