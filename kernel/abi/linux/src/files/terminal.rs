//! The ioctls of terminals (ioctl_tty(2)).
//!
//! The kernel's settings have the bits and the order of Linux's `termios`, so that the records here
//! are copied, not translated. Process groups and sessions go by the outermost numbers inside the
//! terminal and are translated for the caller.

use alloc::sync::Arc;
use base::{Error, Result};
use device::CharacterOpen;
use mem::user::UserPtr;
use object::{File, StatusFlags};
use proc::{PidNamespace, ProcessGroup};
use tty::settings::{InputFlags, LocalFlags, OutputFlags};
use tty::{Flow, MasterFile, Queue, Settings, Terminal, TerminalFile, When};

use super::descriptors::O_CLOEXEC;
use crate::call::Call;
use crate::layout::request::*;
use crate::layout::{Termio, Termios, Termios2, WindowSize, encode_device};

impl Termios {
    fn of(settings: &Settings) -> Termios {
        Termios {
            input: settings.input.bits(),
            output: settings.output.bits(),
            control: settings.control,
            local: settings.local.bits(),
            line: settings.discipline,
            characters: settings.characters,
        }
    }

    /// The settings with what the record says; the old record's speed is part of its control flags.
    fn apply(&self, settings: Settings) -> Settings {
        Settings {
            input: InputFlags::from_bits_retain(self.input),
            output: OutputFlags::from_bits_retain(self.output),
            control: self.control,
            local: LocalFlags::from_bits_retain(self.local),
            // Another line discipline cannot be had this way (that would be TIOCSETD).
            discipline: settings.discipline,
            characters: self.characters,
            ..settings
        }
    }
}

impl Termio {
    fn of(settings: &Settings) -> Termio {
        let whole = Termios::of(settings);
        let mut characters = [0; 8];
        characters.copy_from_slice(&whole.characters[..8]);
        Termio {
            input: whole.input as u16,
            output: whole.output as u16,
            control: whole.control as u16,
            local: whole.local as u16,
            line: whole.line,
            characters,
            pad: 0,
        }
    }

    /// The settings with what the record says; what it has no room for stays.
    fn apply(&self, settings: Settings) -> Settings {
        let mut whole = Termios::of(&settings);
        let lower = |whole: u32, lower: u16| whole & 0xffff_0000 | u32::from(lower);
        whole.input = lower(whole.input, self.input);
        whole.output = lower(whole.output, self.output);
        whole.control = lower(whole.control, self.control);
        whole.local = lower(whole.local, self.local);
        whole.characters[..8].copy_from_slice(&self.characters);
        whole.apply(settings)
    }
}

/// The outermost namespace, whose numbers terminals use.
fn outermost(namespace: &Arc<PidNamespace>) -> Arc<PidNamespace> {
    let mut outermost = namespace.clone();
    while let Some(parent) = outermost.parent().cloned() {
        outermost = parent;
    }
    outermost
}

/// A group's number as terminals know it.
fn to_terminal(call: &Call<'_>, number: i32) -> Result<u32> {
    let number = u32::try_from(number).map_err(|_| Error::InvalidArgument)?;
    let namespace = call.process().namespace();
    let group: Arc<ProcessGroup> = namespace.group(number).ok_or(Error::NoSuchProcess)?;
    Ok(group.identity().number_in(&outermost(namespace)))
}

/// A group's number as the caller sees it; 0 for one out of sight.
fn group_to_caller(call: &Call<'_>, number: u32) -> i32 {
    let namespace = call.process().namespace();
    let group = outermost(namespace).group(number);
    group.map_or(0, |group| group.identity().number_in(namespace) as i32)
}

fn session_to_caller(call: &Call<'_>, number: u32) -> i32 {
    let namespace = call.process().namespace();
    let session = outermost(namespace).session(number);
    session.map_or(0, |session| session.identity().number_in(namespace) as i32)
}

/// Answers a terminal's ioctl; `None` if the file is no terminal or the request is not one of these.
pub(super) fn ioctl(
    call: &Call<'_>,
    file: &Arc<dyn File>,
    request: u32,
    argument: usize,
) -> Result<Option<usize>> {
    let Some(terminal) = tty::terminal_of(&**file) else {
        return Ok(None);
    };
    if let Some(master) = file.downcast::<MasterFile>()
        && let Some(result) = master_ioctl(call, master, request, argument)?
    {
        return Ok(Some(result));
    }
    if look(call, terminal, request, argument)? {
        return Ok(Some(0));
    }
    match file.downcast::<TerminalFile>() {
        Some(file) => change(call, file, request, argument),
        None => change_from_master(terminal, request),
    }
}

/// Requests that only look, and the window size, which may be set from both sides.
fn look(call: &Call<'_>, terminal: &Arc<Terminal>, request: u32, argument: usize) -> Result<bool> {
    match request {
        TCGETS => UserPtr::from(argument).write(&Termios::of(&terminal.settings()))?,
        TCGETA => UserPtr::from(argument).write(&Termio::of(&terminal.settings()))?,
        TCGETS2 => {
            let settings = terminal.settings();
            let record = Termios2 {
                common: Termios::of(&settings),
                input_speed: settings.input_speed,
                output_speed: settings.output_speed,
            };
            UserPtr::from(argument).write(&record)?;
        }
        TIOCGWINSZ => {
            let size = terminal.window_size();
            UserPtr::from(argument).write(&WindowSize {
                rows: size.rows,
                columns: size.columns,
                width: size.width,
                height: size.height,
            })?;
        }
        TIOCSWINSZ => {
            let size = UserPtr::<WindowSize>::from(argument).read()?;
            terminal.set_window_size(tty::WindowSize {
                rows: size.rows,
                columns: size.columns,
                width: size.width,
                height: size.height,
            });
        }
        TIOCGDEV => {
            let number = terminal.number();
            let device = encode_device(number.major, number.minor) as u32;
            UserPtr::from(argument).write(&device)?;
        }
        TIOCOUTQ => UserPtr::from(argument).write(&(terminal.output_pending() as i32))?,
        TIOCSCTTY => {
            let steal = argument == 1 && call.process().credentials().is_superuser();
            terminal.make_controlling(steal)?;
        }
        TIOCNOTTY => terminal.leave()?,
        _ => return Ok(false),
    }
    Ok(true)
}

fn set_settings(file: &TerminalFile, request: u32, argument: usize) -> Result<()> {
    let when = match request {
        TCSETS | TCSETS2 | TCSETA => When::Now,
        TCSETSW | TCSETSW2 | TCSETAW => When::Drained,
        _ => When::Flushed,
    };
    let present = file.terminal().settings();
    let settings = if matches!(request, TCSETS2 | TCSETSW2 | TCSETSF2) {
        let record = UserPtr::<Termios2>::from(argument).read()?;
        Settings {
            input_speed: record.input_speed,
            output_speed: record.output_speed,
            ..record.common.apply(present)
        }
    } else if matches!(request, TCSETA | TCSETAW | TCSETAF) {
        UserPtr::<Termio>::from(argument).read()?.apply(present)
    } else {
        UserPtr::<Termios>::from(argument).read()?.apply(present)
    };
    file.set_settings(settings, when)
}

/// Requests to an open terminal.
fn change(
    call: &Call<'_>,
    file: &TerminalFile,
    request: u32,
    argument: usize,
) -> Result<Option<usize>> {
    match request {
        TCSETS | TCSETSW | TCSETSF | TCSETS2 | TCSETSW2 | TCSETSF2 | TCSETA | TCSETAW | TCSETAF => {
            set_settings(file, request, argument)?;
        }
        // A break cannot be sent on any wire here; draining can be done.
        TCSBRK | TCSBRKP => file.drain()?,
        TCFLSH => file.flush(match argument {
            0 => Queue::Input,
            1 => Queue::Output,
            2 => Queue::Both,
            _ => return Err(Error::InvalidArgument),
        })?,
        TCXONC => file.flow(match argument {
            0 => Flow::StopOutput,
            1 => Flow::StartOutput,
            2 => Flow::StopInput,
            3 => Flow::StartInput,
            _ => return Err(Error::InvalidArgument),
        })?,
        TIOCSTI => {
            if !call.process().credentials().is_superuser() {
                return Err(Error::NotPermitted);
            }
            file.type_in(UserPtr::<u8>::from(argument).read()?)?;
        }
        TIOCGPGRP => {
            let group = file.foreground_group()?;
            let number = group.map_or(0, |group| group_to_caller(call, group));
            UserPtr::from(argument).write(&number)?;
        }
        TIOCSPGRP => {
            let number = UserPtr::<i32>::from(argument).read()?;
            file.set_foreground_group(to_terminal(call, number)?)?;
        }
        TIOCGSID => {
            let session = file.session()?;
            UserPtr::from(argument).write(&session_to_caller(call, session))?;
        }
        FIONREAD => UserPtr::from(argument).write(&(file.terminal().input_available() as i32))?,
        _ => return Ok(None),
    }
    Ok(Some(0))
}

/// Draining from the master's side has nothing to wait for.
fn change_from_master(_terminal: &Arc<Terminal>, request: u32) -> Result<Option<usize>> {
    match request {
        TCSBRK | TCSBRKP => Ok(Some(0)),
        _ => Ok(None),
    }
}

/// Requests that only the master of a pair understands.
fn master_ioctl(
    call: &Call<'_>,
    master: &MasterFile,
    request: u32,
    argument: usize,
) -> Result<Option<usize>> {
    match request {
        TIOCGPTN => UserPtr::from(argument).write(&master.index())?,
        TIOCSPTLCK => master.set_locked(UserPtr::<i32>::from(argument).read()? != 0),
        TIOCGPTLCK => UserPtr::from(argument).write(&i32::from(master.is_locked()))?,
        TIOCGPTPEER => return open_peer(call, master, argument as u32).map(Some),
        FIONREAD => {
            let pending = master.terminal().output_pending();
            UserPtr::from(argument).write(&(pending as i32))?;
        }
        _ => return Ok(None),
    }
    Ok(Some(0))
}

/// TIOCGPTPEER: the slave, without a path.
fn open_peer(call: &Call<'_>, master: &MasterFile, flags: u32) -> Result<usize> {
    const O_NOCTTY: u32 = 0o400;
    const O_NONBLOCK: u32 = 0o4000;
    if flags & !(O_NOCTTY | O_NONBLOCK | O_CLOEXEC | 3) != 0 {
        return Err(Error::InvalidArgument);
    }
    let mut status = StatusFlags::empty();
    status.set(StatusFlags::NONBLOCK, flags & O_NONBLOCK != 0);
    let slave = master.open_slave(CharacterOpen {
        read: flags & 3 != 1,
        write: flags & 3 != 0,
        flags: status,
        no_controlling_terminal: flags & O_NOCTTY != 0,
    })?;
    call.install(slave, flags & O_CLOEXEC != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_the_round_trip() {
        let settings = Settings::new();
        let record = Termios::of(&settings);
        assert_eq!(record.apply(settings), settings);
        // The old record changes what it has room for.
        let mut old = Termio::of(&settings);
        assert_eq!(old.apply(settings), settings);
        old.characters[0] = 7;
        assert_eq!(old.apply(settings).characters[0], 7);
        assert_eq!(
            old.apply(settings).characters[8..],
            settings.characters[8..]
        );
        // cfmakeraw's result keeps what the terminal does not know.
        let raw = Termios {
            local: 0,
            input: 0,
            output: 0,
            ..record
        };
        let applied = raw.apply(settings);
        assert!(!applied.canonical());
        assert_eq!(Termios::of(&applied), raw);
    }
}
