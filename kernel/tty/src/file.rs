//! An open terminal.

use alloc::sync::Arc;
use core::any::Any;
use core::sync::atomic::{AtomicU32, Ordering};

use base::{Error, Result};
use device::{CharacterOpen, DeviceNumber};
use mem::transfer::{Sink, Source};
use object::{
    File, FileAccess, FileKind, FileStatus, Listener, PollRegistration, Ready, StatusFlags,
};

use crate::job::process_groups;
use crate::terminal::{Opening, Terminal};

/// A file that is open on a terminal.
pub struct TerminalFile {
    terminal: Arc<Terminal>,
    opening: Opening,
    access: FileAccess,
    flags: AtomicU32,
}

impl TerminalFile {
    /// Opens `terminal`. A session leader without a controlling terminal gets this one, unless it
    /// asked otherwise or somebody else has it.
    pub fn open(terminal: &Arc<Terminal>, options: CharacterOpen) -> Result<Arc<TerminalFile>> {
        let file = Self::open_as(terminal, options, false)?;
        let groups = process_groups();
        if !options.no_controlling_terminal
            && let Some(caller) = groups.caller()
            && caller.leads_session
            && terminal.session().is_none()
        {
            // A session that has a terminal already keeps it; that is no error of this open.
            let _ = terminal.make_controlling(false);
        }
        Ok(file)
    }

    /// Opens the terminal as the console: the file survives hang-ups and never becomes a
    /// controlling terminal by itself.
    pub fn open_console(
        terminal: &Arc<Terminal>,
        options: CharacterOpen,
    ) -> Result<Arc<TerminalFile>> {
        Self::open_as(terminal, options, true)
    }

    fn open_as(
        terminal: &Arc<Terminal>,
        options: CharacterOpen,
        survives_hang_up: bool,
    ) -> Result<Arc<TerminalFile>> {
        let mut access = FileAccess::empty();
        access.set(FileAccess::READ, options.read);
        access.set(FileAccess::WRITE, options.write);
        Ok(Arc::new(TerminalFile {
            terminal: terminal.clone(),
            opening: terminal.open(survives_hang_up)?,
            access,
            flags: AtomicU32::new(options.flags.bits()),
        }))
    }

    /// The terminal.
    pub fn terminal(&self) -> &Arc<Terminal> {
        &self.terminal
    }

    pub(crate) fn opening(&self) -> Opening {
        self.opening
    }

    /// Whether the terminal was hung up since this file was opened.
    pub fn is_hung_up(&self) -> bool {
        self.terminal.state.lock().is_hung_up(self.opening)
    }

    fn is_nonblocking(&self) -> bool {
        self.status_flags().contains(StatusFlags::NONBLOCK)
    }
}

impl Drop for TerminalFile {
    fn drop(&mut self) {
        self.terminal.wire().closed();
    }
}

/// The attributes of a terminal that has no inode of its own.
pub(crate) fn device_status(number: DeviceNumber, mode: u32) -> FileStatus {
    FileStatus {
        kind: FileKind::CharacterDevice,
        mode,
        device_major: number.major,
        device_minor: number.minor,
        inode: number.to_linux(),
        links: 1,
        block_size: 1024,
        ..FileStatus::default()
    }
}

/// The status flags a terminal honours; others are refused.
const KNOWN_FLAGS: StatusFlags = StatusFlags::APPEND
    .union(StatusFlags::NONBLOCK)
    .union(StatusFlags::SYNC)
    .union(StatusFlags::DATA_SYNC)
    .union(StatusFlags::NO_ACCESS_TIME)
    .union(StatusFlags::ASYNC);

/// Checks and stores status flags.
pub(crate) fn store_flags(into: &AtomicU32, flags: StatusFlags) -> Result<()> {
    if !KNOWN_FLAGS.contains(flags) {
        return Err(Error::InvalidArgument);
    }
    into.store(flags.bits(), Ordering::Relaxed);
    Ok(())
}

impl File for TerminalFile {
    fn as_file_any(&self) -> &dyn Any {
        self
    }

    fn access(&self) -> FileAccess {
        self.access
    }

    fn read(&self, into: &mut Sink<'_>) -> Result<usize> {
        self.terminal
            .read(self.opening, into, self.is_nonblocking())
    }

    fn write(&self, from: &mut Source<'_>) -> Result<usize> {
        self.terminal
            .write(self.opening, from, self.is_nonblocking())
    }

    fn poll(&self, interest: Ready, waiter: Option<&mut PollRegistration>) -> Ready {
        self.terminal.poll(self.opening, interest, waiter)
    }

    fn report_to(&self, listener: &Arc<dyn Listener>, on: bool) -> Result<()> {
        if on && self.access.contains(FileAccess::READ) {
            return self.terminal.listeners.add(Ready::READ, listener);
        }
        self.terminal.listeners.remove(listener);
        Ok(())
    }

    fn status(&self) -> Result<FileStatus> {
        Ok(device_status(self.terminal.number(), 0o620))
    }

    fn status_flags(&self) -> StatusFlags {
        StatusFlags::from_bits_truncate(self.flags.load(Ordering::Relaxed))
    }

    fn set_status_flags(&self, flags: StatusFlags) -> Result<()> {
        store_flags(&self.flags, flags)
    }
}
