//! The terminals' device nodes: `console`, `tty`, `ptmx`, and one for each serial port.

use alloc::string::{String, ToString};
use alloc::sync::Arc;

use base::{Error, Result};
use device::{CharacterDevice, CharacterOpen, DeviceNumber, registry};
use object::File;

use crate::file::TerminalFile;
use crate::job::controlling_terminal;
use crate::pty::{MASTER_NUMBER, MasterFile};
use crate::serial::{attach, console, set_console};
use crate::terminal::Terminal;

/// `/dev/tty`: the caller's controlling terminal.
struct ControllingTerminal;

impl CharacterDevice for ControllingTerminal {
    fn name(&self) -> String {
        "tty".to_string()
    }

    fn number(&self) -> DeviceNumber {
        DeviceNumber::new(5, 0)
    }

    fn mode(&self) -> u32 {
        0o666
    }

    fn open(&self, options: CharacterOpen) -> Result<Arc<dyn File>> {
        let terminal = controlling_terminal().ok_or(Error::NoSuchDevice)?;
        Ok(TerminalFile::open(&terminal, options)?)
    }
}

/// `/dev/console`.
struct Console;

impl CharacterDevice for Console {
    fn name(&self) -> String {
        "console".to_string()
    }

    fn number(&self) -> DeviceNumber {
        DeviceNumber::new(5, 1)
    }

    fn open(&self, options: CharacterOpen) -> Result<Arc<dyn File>> {
        let terminal = console().ok_or(Error::NotSupportedByDevice)?;
        Ok(TerminalFile::open_console(&terminal, options)?)
    }
}

/// `/dev/ptmx`: each open makes a pair.
struct Multiplexer;

impl CharacterDevice for Multiplexer {
    fn name(&self) -> String {
        "ptmx".to_string()
    }

    fn number(&self) -> DeviceNumber {
        MASTER_NUMBER
    }

    fn mode(&self) -> u32 {
        0o666
    }

    fn open(&self, options: CharacterOpen) -> Result<Arc<dyn File>> {
        Ok(MasterFile::open(options.flags)?)
    }
}

/// A serial port's own node.
struct SerialNode(Arc<Terminal>);

impl CharacterDevice for SerialNode {
    fn name(&self) -> String {
        self.0.name().to_string()
    }

    fn number(&self) -> DeviceNumber {
        self.0.number()
    }

    fn open(&self, options: CharacterOpen) -> Result<Arc<dyn File>> {
        Ok(TerminalFile::open(&self.0, options)?)
    }
}

/// Registers the nodes that every machine has, and a terminal on each serial port that drivers
/// found; the first of them is the console. Called once, after the drivers.
pub fn start() -> Result<()> {
    registry().add_character(Arc::new(ControllingTerminal))?;
    registry().add_character(Arc::new(Console))?;
    registry().add_character(Arc::new(Multiplexer))?;
    for port in registry().serial_ports() {
        let terminal = attach(port)?;
        registry().add_character(Arc::new(SerialNode(terminal.clone())))?;
        set_console(terminal);
    }
    Ok(())
}
