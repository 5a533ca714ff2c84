//! Standard input, output and error.
//!
//! The output is buffered: by lines on a terminal, by blocks elsewhere. It is flushed when the program
//! exits, starts another or forks, so nothing is printed twice or out of order.

use super::{BufRead, BufReader, BufWriter, Read, Result, Write};
use crate::sync::{Mutex, MutexGuard};
use crate::sys;
use core::fmt;
use scarlet_abi::handle::HandleInfo;
use scarlet_abi::terminal::TerminalMode;
use scarlet_abi::{STANDARD_ERROR, STANDARD_INPUT, STANDARD_OUTPUT};

/// A standard handle, read and written without a buffer.
struct Raw(usize);

impl Read for Raw {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        Ok(sys::read(self.0, buffer)?)
    }
}

impl Write for Raw {
    fn write(&mut self, buffer: &[u8]) -> Result<usize> {
        Ok(sys::write(self.0, buffer)?)
    }
    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

static INPUT: Mutex<Option<BufReader<Raw>>> = Mutex::new(None);
static OUTPUT: Mutex<Option<BufWriter<Raw>>> = Mutex::new(None);

/// Things that can be a terminal.
pub trait IsTerminal {
    /// Whether it is one.
    fn is_terminal(&self) -> bool;
}

pub(crate) fn handle_is_terminal(handle: usize) -> bool {
    sys::terminal_mode(handle, &mut TerminalMode::default()).is_ok()
}

/// The standard input.
pub struct Stdin(());

/// The standard input.
pub fn stdin() -> Stdin {
    Stdin(())
}

/// The standard input, held by this thread.
pub struct StdinLock(MutexGuard<'static, Option<BufReader<Raw>>>);

impl Stdin {
    /// Holds it, for reading in small pieces.
    pub fn lock(&self) -> StdinLock {
        StdinLock(INPUT.lock())
    }

    /// Reads a line with its newline.
    pub fn read_line(&self, line: &mut alloc::string::String) -> Result<usize> {
        self.lock().read_line(line)
    }
}

impl StdinLock {
    fn reader(&mut self) -> &mut BufReader<Raw> {
        self.0
            .get_or_insert_with(|| BufReader::new(Raw(STANDARD_INPUT)))
    }
}

impl Read for StdinLock {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.reader().read(buffer)
    }
}

impl BufRead for StdinLock {
    fn fill_buf(&mut self) -> Result<&[u8]> {
        self.reader().fill_buf()
    }
    fn consume(&mut self, length: usize) {
        self.reader().consume(length);
    }
}

impl Read for Stdin {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.lock().read(buffer)
    }
}

impl IsTerminal for Stdin {
    fn is_terminal(&self) -> bool {
        handle_is_terminal(STANDARD_INPUT)
    }
}

/// The standard output.
pub struct Stdout(());

/// The standard output.
pub fn stdout() -> Stdout {
    Stdout(())
}

fn with_output<T>(action: impl FnOnce(&mut BufWriter<Raw>) -> Result<T>) -> Result<T> {
    let mut guard = OUTPUT.lock();
    let writer = guard.get_or_insert_with(|| {
        if handle_is_terminal(STANDARD_OUTPUT) {
            BufWriter::by_lines(Raw(STANDARD_OUTPUT))
        } else {
            BufWriter::new(Raw(STANDARD_OUTPUT))
        }
    });
    action(writer)
}

impl Write for Stdout {
    fn write(&mut self, buffer: &[u8]) -> Result<usize> {
        with_output(|writer| writer.write(buffer))
    }
    fn flush(&mut self) -> Result<()> {
        with_output(|writer| writer.flush())
    }
}

impl IsTerminal for Stdout {
    fn is_terminal(&self) -> bool {
        handle_is_terminal(STANDARD_OUTPUT)
    }
}

/// The standard error, which is not buffered.
pub struct Stderr(());

/// The standard error.
pub fn stderr() -> Stderr {
    Stderr(())
}

impl Write for Stderr {
    fn write(&mut self, buffer: &[u8]) -> Result<usize> {
        Raw(STANDARD_ERROR).write(buffer)
    }
    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

impl IsTerminal for Stderr {
    fn is_terminal(&self) -> bool {
        handle_is_terminal(STANDARD_ERROR)
    }
}

/// Hands on what was printed; the answer is the failure of a full disk or a closed pipe.
pub fn flush_standard_output() -> Result<()> {
    match OUTPUT.lock().as_mut() {
        Some(writer) => writer.flush(),
        None => Ok(()),
    }
}

/// What `print!` does: a failure to print ends the program, because nobody would see anything of it.
#[doc(hidden)]
pub fn print(arguments: fmt::Arguments<'_>) {
    if with_output(|writer| writer.write_fmt(arguments)).is_err() {
        crate::sys::exit(1);
    }
}

/// What `eprint!` does: one write a message, so that messages of several programs do not mix.
#[doc(hidden)]
pub fn eprint(arguments: fmt::Arguments<'_>) {
    let _ = flush_standard_output();
    let text = alloc::fmt::format(arguments);
    let _ = Raw(STANDARD_ERROR).write_all(text.as_bytes());
}

/// Reads from a handle by its number, without a buffer.
pub fn read_handle(handle: usize, buffer: &mut [u8]) -> Result<usize> {
    Raw(handle).read(buffer)
}

/// Writes to a handle by its number, without a buffer.
pub fn write_handle(handle: usize, buffer: &[u8]) -> Result<usize> {
    Raw(handle).write(buffer)
}

/// Whether a number is that of an open handle.
pub fn handle_is_open(handle: usize) -> bool {
    sys::handle_info(handle, &mut HandleInfo::default()).is_ok()
}

/// Closes a handle by its number; a number that is no handle's is none already.
pub fn close_handle(handle: usize) {
    let _ = sys::close(handle);
}
