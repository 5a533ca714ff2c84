//! Terminals: modes, windows, and who is in the foreground.

use super::AsHandle;
use crate::io;
use crate::sys;
use scarlet_abi::terminal::{DRAIN, TerminalMode};
pub use scarlet_abi::terminal::{ModeFlags, WindowSize};

/// A terminal's mode, to be set again later.
#[derive(Clone, Copy, Debug)]
pub struct Mode(TerminalMode);

impl Mode {
    /// The mode of a terminal; fails with `NotTerminal` on anything else.
    pub fn of(terminal: &impl AsHandle) -> io::Result<Mode> {
        let mut record = TerminalMode::default();
        sys::terminal_mode(terminal.handle(), &mut record)?;
        Ok(Mode(record))
    }

    /// Its flags.
    pub fn flags(&self) -> ModeFlags {
        ModeFlags::from_bits_truncate(self.0.flags)
    }

    /// The same with other flags.
    pub fn with_flags(&self, flags: ModeFlags) -> Mode {
        Mode(TerminalMode {
            size: size_of::<TerminalMode>() as u32,
            flags: flags.bits(),
            minimum: 1,
            timeout: 0,
            reserved: [0; 6],
        })
    }

    /// What a line editor wants: single bytes, no echo, no events; output still processed.
    pub fn raw(&self) -> Mode {
        self.with_flags(ModeFlags::OUTPUT_PROCESSING)
    }

    /// What programs expect that know nothing of modes.
    pub fn usual(&self) -> Mode {
        let stop = self.flags() & ModeFlags::STOP_BACKGROUND_OUTPUT;
        self.with_flags(
            ModeFlags::LINES
                | ModeFlags::ECHO
                | ModeFlags::EVENTS
                | ModeFlags::RETURN_IS_NEWLINE
                | ModeFlags::FLOW_CONTROL
                | ModeFlags::OUTPUT_PROCESSING
                | stop,
        )
    }

    /// Puts a terminal into this mode when its output is printed.
    pub fn apply(&self, terminal: &impl AsHandle) -> io::Result<()> {
        sys::set_terminal_mode(terminal.handle(), &self.0, DRAIN)?;
        Ok(())
    }
}

/// Whether a terminal shows colours: it is one, and `TERM` does not say otherwise.
pub fn shows_colours(terminal: &impl AsHandle) -> bool {
    let plain = crate::env::var("TERM").is_none_or(|name| name.is_empty() || name == "dumb");
    !plain && Mode::of(terminal).is_ok()
}

/// A terminal's window as rows and columns.
pub fn window(terminal: &impl AsHandle) -> io::Result<(u16, u16)> {
    let mut record = WindowSize::default();
    sys::window_size(terminal.handle(), &mut record)?;
    Ok((record.rows, record.columns))
}

/// Sets a terminal's window.
pub fn set_window(terminal: &impl AsHandle, rows: u16, columns: u16) -> io::Result<()> {
    let record = WindowSize {
        size: size_of::<WindowSize>() as u32,
        rows,
        columns,
    };
    sys::set_window_size(terminal.handle(), &record)?;
    Ok(())
}

/// The process group in a terminal's foreground.
pub fn foreground(terminal: &impl AsHandle) -> io::Result<u32> {
    Ok(sys::foreground_group(terminal.handle())? as u32)
}

/// Puts a process group into a terminal's foreground.
pub fn set_foreground(terminal: &impl AsHandle, group: u32) -> io::Result<()> {
    sys::set_foreground_group(terminal.handle(), group)?;
    Ok(())
}

/// Makes a terminal the controlling terminal of the caller's session.
pub fn attach(terminal: &impl AsHandle) -> io::Result<()> {
    sys::attach_terminal(terminal.handle())?;
    Ok(())
}
