//! Terminals.

use alloc::sync::Arc;

use base::{Error, Result};
use mem::user::UserPtr;
use object::{File, Rights};
use proc::{Identity, PidNamespace};
use scarlet_abi::terminal::{DRAIN, FLUSH, ModeFlags, NOW, TerminalMode, WindowSize};
use tty::settings::{Control, InputFlags, LocalFlags, OutputFlags};
use tty::{Settings, Terminal, TerminalFile, When};

use crate::arguments::HandleNumber;
use crate::handles::file;
use crate::invocation::Invocation;
use crate::records;

/// The number by which a terminal knows a group: that of the outermost namespace.
pub(crate) fn kernel_number(identity: &Identity) -> u32 {
    let Some(mut namespace) = identity.namespace() else {
        return 0;
    };
    while let Some(parent) = namespace.parent() {
        namespace = parent;
    }
    identity.number_in(namespace)
}

fn outermost(namespace: &Arc<PidNamespace>) -> &Arc<PidNamespace> {
    let mut namespace = namespace;
    while let Some(parent) = namespace.parent() {
        namespace = parent;
    }
    namespace
}

/// The terminal behind a handle: open on it, or its master.
fn terminal(
    call: &Invocation<'_>,
    number: HandleNumber,
    rights: Rights,
) -> Result<(Arc<dyn File>, Arc<Terminal>)> {
    let file = file(call, number, rights)?;
    let terminal = tty::terminal_of(file.as_ref())
        .ok_or(Error::NotTerminal)?
        .clone();
    Ok((file, terminal))
}

/// Each flag of the mode with the settings that it stands for.
fn mode_flags(settings: &Settings) -> ModeFlags {
    let mut flags = ModeFlags::empty();
    flags.set(
        ModeFlags::LINES,
        settings.local.contains(LocalFlags::ICANON),
    );
    flags.set(ModeFlags::ECHO, settings.local.contains(LocalFlags::ECHO));
    flags.set(ModeFlags::EVENTS, settings.local.contains(LocalFlags::ISIG));
    flags.set(
        ModeFlags::RETURN_IS_NEWLINE,
        settings.input.contains(InputFlags::ICRNL),
    );
    flags.set(
        ModeFlags::FLOW_CONTROL,
        settings.input.contains(InputFlags::IXON),
    );
    flags.set(
        ModeFlags::OUTPUT_PROCESSING,
        settings.output.contains(OutputFlags::OPOST),
    );
    flags.set(
        ModeFlags::STOP_BACKGROUND_OUTPUT,
        settings.local.contains(LocalFlags::TOSTOP),
    );
    flags
}

fn apply(flags: ModeFlags, settings: &mut Settings) {
    let lines = flags.contains(ModeFlags::LINES);
    settings
        .local
        .set(LocalFlags::ICANON | LocalFlags::IEXTEN, lines);
    settings
        .local
        .set(LocalFlags::ECHO, flags.contains(ModeFlags::ECHO));
    settings
        .local
        .set(LocalFlags::ISIG, flags.contains(ModeFlags::EVENTS));
    settings.input.set(
        InputFlags::ICRNL,
        flags.contains(ModeFlags::RETURN_IS_NEWLINE),
    );
    settings
        .input
        .set(InputFlags::IXON, flags.contains(ModeFlags::FLOW_CONTROL));
    settings.output.set(
        OutputFlags::OPOST,
        flags.contains(ModeFlags::OUTPUT_PROCESSING),
    );
    settings.local.set(
        LocalFlags::TOSTOP,
        flags.contains(ModeFlags::STOP_BACKGROUND_OUTPUT),
    );
}

pub(crate) fn mode(
    call: &mut Invocation<'_>,
    number: HandleNumber,
    record: UserPtr<TerminalMode>,
    size: usize,
) -> Result<usize> {
    let (_, terminal) = terminal(call, number, Rights::STATUS)?;
    let settings = terminal.settings();
    let (minimum, timeout) = settings.raw_limits();
    let mode = TerminalMode {
        size: size_of::<TerminalMode>() as u32,
        flags: mode_flags(&settings).bits(),
        minimum,
        timeout,
        reserved: [0; 6],
    };
    records::write(record, size, &mode)
}

pub(crate) fn set_mode(
    call: &mut Invocation<'_>,
    number: HandleNumber,
    record: UserPtr<TerminalMode>,
    when: usize,
) -> Result<usize> {
    let mode = records::read(record)?;
    let flags = ModeFlags::from_bits(mode.flags).ok_or(Error::InvalidArgument)?;
    let when = match when {
        NOW => When::Now,
        DRAIN => When::Drained,
        FLUSH => When::Flushed,
        _ => return Err(Error::InvalidArgument),
    };
    if mode.reserved != [0; 6] {
        return Err(Error::InvalidArgument);
    }
    let (file, terminal) = terminal(call, number, Rights::CONTROL)?;
    let mut settings = terminal.settings();
    apply(flags, &mut settings);
    settings.characters[Control::Minimum as usize] = mode.minimum;
    settings.characters[Control::Time as usize] = mode.timeout;
    let file = file.downcast::<TerminalFile>().ok_or(Error::NotTerminal)?;
    file.set_settings(settings, when)?;
    Ok(0)
}

pub(crate) fn window_size(
    call: &mut Invocation<'_>,
    number: HandleNumber,
    record: UserPtr<WindowSize>,
    size: usize,
) -> Result<usize> {
    let (_, terminal) = terminal(call, number, Rights::STATUS)?;
    let window = terminal.window_size();
    let answer = WindowSize {
        size: size_of::<WindowSize>() as u32,
        rows: window.rows,
        columns: window.columns,
    };
    records::write(record, size, &answer)
}

pub(crate) fn set_window_size(
    call: &mut Invocation<'_>,
    number: HandleNumber,
    record: UserPtr<WindowSize>,
) -> Result<usize> {
    let wanted = records::read(record)?;
    let (_, terminal) = terminal(call, number, Rights::CONTROL)?;
    terminal.set_window_size(tty::WindowSize {
        rows: wanted.rows,
        columns: wanted.columns,
        ..tty::WindowSize::default()
    });
    Ok(0)
}

pub(crate) fn foreground(call: &mut Invocation<'_>, number: HandleNumber) -> Result<usize> {
    let (file, _) = terminal(call, number, Rights::STATUS)?;
    let file = file.downcast::<TerminalFile>().ok_or(Error::NotTerminal)?;
    let number = file.foreground_group()?.ok_or(Error::NoSuchProcess)?;
    let namespace = call.process().namespace();
    let group = outermost(namespace)
        .group(number)
        .ok_or(Error::NoSuchProcess)?;
    Ok(group.identity().number_in(namespace) as usize)
}

pub(crate) fn set_foreground(
    call: &mut Invocation<'_>,
    number: HandleNumber,
    group: u32,
) -> Result<usize> {
    let (file, _) = terminal(call, number, Rights::CONTROL)?;
    let group = call
        .process()
        .namespace()
        .group(group)
        .ok_or(Error::NoSuchProcess)?;
    let file = file.downcast::<TerminalFile>().ok_or(Error::NotTerminal)?;
    file.set_foreground_group(kernel_number(group.identity()))?;
    Ok(0)
}

pub(crate) fn attach(call: &mut Invocation<'_>, number: HandleNumber) -> Result<usize> {
    let (_, terminal) = terminal(call, number, Rights::CONTROL)?;
    terminal.make_controlling(false)?;
    Ok(0)
}
