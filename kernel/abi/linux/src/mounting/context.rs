//! fsopen, fsconfig, fsmount, fspick: a file system on its way to a mount.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;

use base::rank;
use base::sync::Mutex;
use base::{Error, Result};
use mem::transfer::Sink;
use mem::user::{UserSlice, UserText};
use object::{File, FileAccess, FileKind, FileStatus, Rights};
use vfs::{Dentry, FileSystem, FsContext, MountSource, Prompt, ResolveFlags, View};

use super::attributes::{self, Attributes};
use super::log::Log;
use crate::arguments::{DirectoryFd, Fd, UserPath};
use crate::call::Call;
use crate::files::paths::Named;

/// `FSOPEN_CLOEXEC`, `FSMOUNT_CLOEXEC`, `FSPICK_CLOEXEC`.
const CLOSE_ON_EXEC: u32 = 1;
const FSPICK_SYMLINK_NOFOLLOW: u32 = 2;
const FSPICK_NO_AUTOMOUNT: u32 = 4;
const FSPICK_EMPTY_PATH: u32 = 8;

const SET_FLAG: u32 = 0;
const SET_STRING: u32 = 1;
const SET_BINARY: u32 = 2;
const SET_PATH: u32 = 3;
const SET_PATH_EMPTY: u32 = 4;
const SET_FD: u32 = 5;
const CREATE: u32 = 6;
const RECONFIGURE: u32 = 7;

/// The longest name and value of a parameter, with its NUL.
const LONGEST: usize = 256;

/// How far it has come.
enum Phase {
    /// Parameters are collected; nothing is made.
    Parameters,
    /// Made, to be mounted.
    Made(Arc<dyn FileSystem>),
    /// Mounted: parameters are collected for a change. It keeps the root and no mount, so that it can be unmounted.
    Mounted(Arc<Dentry>),
    /// Nothing more can be done.
    Failed,
}

struct State {
    phase: Phase,
    source: Option<Vec<u8>>,
    /// `name=value` with commas between.
    options: String,
    read_only: Option<bool>,
    /// What of it is to be prompt, and of which part of that anything was said.
    prompt: (Prompt, Prompt),
    log: Log,
}

impl State {
    fn set_prompt(&mut self, part: Prompt, to: bool) {
        self.prompt.0.set(part, to);
        self.prompt.1.insert(part);
    }

    /// What is to be prompt of something of which `present` is. What something was said of once is not prompt the next
    /// time unless it is said again, as on Linux.
    fn take_prompt(&mut self, present: Prompt) -> Prompt {
        let (set, said) = &mut self.prompt;
        (present - *said) | core::mem::take(set)
    }
}

/// What says nothing of one file system's own: the value of these is not looked at.
const OF_ALL: [&str; 7] = [
    "ro",
    "rw",
    "sync",
    "async",
    "dirsync",
    "nolazytime",
    "nomand",
];

/// A file system that is being configured, in a descriptor.
pub(crate) struct Configuration {
    kind: String,
    state: Mutex<State>,
}

impl Configuration {
    fn new(kind: String, phase: Phase) -> Arc<Self> {
        let state = State {
            phase,
            source: None,
            options: String::new(),
            read_only: None,
            prompt: (Prompt::empty(), Prompt::empty()),
            log: Log::default(),
        };
        Arc::new(Self {
            kind,
            state: Mutex::new(rank::POSITION, state),
        })
    }

    fn set(&self, name: &str, value: Option<&str>) -> Result<()> {
        let mut state = self.state.lock();
        if !matches!(state.phase, Phase::Parameters | Phase::Mounted(_)) {
            return Err(Error::Busy);
        }
        match name {
            "" => return Err(Error::InvalidArgument),
            "ro" => state.read_only = Some(true),
            "rw" => state.read_only = Some(false),
            "sync" => state.set_prompt(Prompt::ALL, true),
            "async" => state.set_prompt(Prompt::ALL, false),
            "dirsync" => state.set_prompt(Prompt::NAMES, true),
            // Here every time is as exact as the file system makes it, and no lock mandatory.
            "nolazytime" | "nomand" => {}
            "source" => {
                let Some(value) = value else {
                    return state.log.fail("Non-string source", Error::InvalidArgument);
                };
                if state.source.is_some() {
                    return state.log.fail("Multiple sources", Error::InvalidArgument);
                }
                state.source = Some(value.into());
            }
            _ => {
                let text = value.unwrap_or("");
                let unfit = text.contains(',') || name.contains([',', '=']);
                let checked = match vfs::check_option(self.kind.as_bytes(), name, text) {
                    Ok(()) if unfit => Err(Error::InvalidArgument),
                    checked => checked,
                };
                match checked {
                    Ok(()) => {}
                    Err(Error::NotFound) => {
                        let message = format!("{}: Unknown parameter '{name}'", self.kind);
                        return state.log.fail(&message, Error::InvalidArgument);
                    }
                    Err(error) => {
                        let message = format!("{}: Bad value for '{name}'", self.kind);
                        return state.log.fail(&message, error);
                    }
                }
                if !state.options.is_empty() {
                    state.options.push(',');
                }
                state.options.push_str(name);
                if let Some(value) = value {
                    state.options.push('=');
                    state.options.push_str(value);
                }
            }
        }
        Ok(())
    }

    fn create(&self, context: &FsContext) -> Result<()> {
        let mut state = self.state.lock();
        if !matches!(state.phase, Phase::Parameters) {
            return Err(Error::Busy);
        }
        state.phase = Phase::Failed;
        if state.source.is_none() && vfs::needs_device(self.kind.as_bytes())? {
            return state
                .log
                .fail("No source specified", Error::InvalidArgument);
        }
        let request = MountSource {
            source: state.source.as_deref().unwrap_or(b"none"),
            options: state.options.as_bytes(),
            read_only: state.read_only == Some(true),
            context,
        };
        let made = vfs::make_filesystem(self.kind.as_bytes(), &request)?;
        state.phase = Phase::Made(made);
        Ok(())
    }

    fn reconfigure(&self) -> Result<()> {
        let mut state = self.state.lock();
        let Phase::Mounted(root) = &state.phase else {
            return Err(Error::Busy);
        };
        let volume = root.volume().clone();
        let read_only = state.read_only.unwrap_or(volume.is_read_only());
        // Whether names are prompt stays as it was in the beginning, as on Linux.
        let changed = match state.prompt.1.contains(Prompt::NAMES) {
            true => Err(Error::InvalidArgument),
            false => {
                let prompt = state.take_prompt(volume.prompt());
                volume.reconfigure(read_only, prompt, state.options.as_bytes())
            }
        };
        state.options.clear();
        state.read_only = None;
        if changed.is_err() {
            state.phase = Phase::Failed;
        }
        changed
    }
}

impl File for Configuration {
    fn as_file_any(&self) -> &dyn Any {
        self
    }

    fn access(&self) -> FileAccess {
        FileAccess::READ | FileAccess::WRITE
    }

    fn read(&self, into: &mut Sink<'_>) -> Result<usize> {
        self.state.lock().log.read(into)
    }

    fn status(&self) -> Result<FileStatus> {
        Ok(FileStatus {
            kind: FileKind::Anonymous,
            mode: 0o600,
            links: 1,
            ..FileStatus::default()
        })
    }

    fn kind_name(&self) -> &'static str {
        "[fscontext]"
    }
}

/// A text for people and file systems; what is no UTF-8 no file system here knows.
fn text(bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|_| Error::InvalidArgument)
}

/// Reads a name or a value of a parameter.
fn word(address: UserPath) -> Result<String> {
    let bytes = mem::user::read_c_string(address.0, LONGEST);
    text(bytes.map_err(|error| match error {
        Error::NameTooLong => Error::InvalidArgument,
        other => other,
    })?)
}

/// fsopen(2).
pub(crate) fn fsopen(call: &mut Call<'_>, kind: UserPath, flags: u32) -> Result<usize> {
    call.process().fs().check_may_mount()?;
    if flags & !CLOSE_ON_EXEC != 0 {
        return Err(Error::InvalidArgument);
    }
    let kind =
        text(kind.read(&mut UserText::new())?.to_vec()).map_err(|_| Error::NotSupportedByDevice)?;
    vfs::needs_device(kind.as_bytes())?;
    let made = Configuration::new(kind, Phase::Parameters);
    call.install(made, flags & CLOSE_ON_EXEC != 0)
}

/// fspick(2).
pub(crate) fn fspick(
    call: &mut Call<'_>,
    directory: DirectoryFd,
    path: UserPath,
    flags: u32,
) -> Result<usize> {
    call.process().fs().check_may_mount()?;
    let known = CLOSE_ON_EXEC | FSPICK_SYMLINK_NOFOLLOW | FSPICK_NO_AUTOMOUNT | FSPICK_EMPTY_PATH;
    if flags & !known != 0 {
        return Err(Error::InvalidArgument);
    }
    let mut resolve = ResolveFlags::empty();
    resolve.set(
        ResolveFlags::NO_FOLLOW,
        flags & FSPICK_SYMLINK_NOFOLLOW != 0,
    );
    resolve.set(ResolveFlags::EMPTY_PATH, flags & FSPICK_EMPTY_PATH != 0);
    let place = Named::read(call, directory, path, &mut UserText::new())?.resolve(resolve)?;
    let volume = call.process().fs().view.volume_to_change(&place)?;
    let kind = volume.filesystem().name();
    let made = Configuration::new(kind.into(), Phase::Mounted(volume.root()));
    call.install(made, flags & CLOSE_ON_EXEC != 0)
}

/// Whether a value that nobody here looks at is one: bytes, a path, a descriptor.
fn check_value(call: &Call<'_>, command: u32, value: UserPath, extra: i32) -> Result<()> {
    let mut room = UserText::new();
    match command {
        SET_BINARY => UserSlice::new(value.0, extra as usize)
            .read_all(1 << 20, Error::InvalidArgument)
            .map(drop),
        SET_FD => call.file(Fd(extra), Rights::empty()).map(drop),
        SET_PATH if value.read(&mut room)?.is_empty() => Err(Error::NotFound),
        _ => value.read(&mut room).map(drop),
    }
}

/// fsconfig(2). Parameters that are files or bytes no file system here takes; what is there for all does not look at them.
pub(crate) fn fsconfig(
    call: &mut Call<'_>,
    file: Fd,
    command: u32,
    name: UserPath,
    value: UserPath,
    extra: i32,
) -> Result<usize> {
    let (named, valued) = (name.0 != 0, value.0 != 0);
    let at = extra == DirectoryFd::WORKING_DIRECTORY.0 || extra >= 0;
    let fits = match command {
        SET_FLAG => named && !valued && extra == 0,
        SET_STRING => named && valued && extra == 0,
        SET_BINARY => named && valued && (1..=1 << 20).contains(&extra),
        SET_PATH | SET_PATH_EMPTY => named && valued && at,
        SET_FD => named && !valued && extra >= 0,
        CREATE | RECONFIGURE => !named && !valued && extra == 0,
        _ => return Err(Error::Unsupported),
    };
    if file.0 < 0 || !fits {
        return Err(Error::InvalidArgument);
    }
    let opened = call.file(file, Rights::empty())?;
    let configuration = opened.downcast::<Configuration>();
    let configuration = configuration.ok_or(Error::InvalidArgument)?;
    match command {
        SET_FLAG => configuration.set(&word(name)?, None)?,
        SET_STRING => configuration.set(&word(name)?, Some(&word(value)?))?,
        CREATE | RECONFIGURE => {
            let context = call.process().fs();
            context.check_may_mount()?;
            if command == CREATE {
                configuration.create(&context)?;
            } else if context.view.is_sealed() {
                return Err(Error::NotPermitted);
            } else {
                configuration.reconfigure()?;
            }
        }
        _ => {
            let name = word(name)?;
            check_value(call, command, value, extra)?;
            if !OF_ALL.contains(&name.as_str()) {
                return Err(Error::InvalidArgument);
            }
            configuration.set(&name, None)?;
        }
    }
    Ok(0)
}

/// fsmount(2).
pub(crate) fn fsmount(call: &mut Call<'_>, file: Fd, flags: u32, attributes: u32) -> Result<usize> {
    call.process().fs().check_may_mount()?;
    if flags & !CLOSE_ON_EXEC != 0 {
        return Err(Error::InvalidArgument);
    }
    let known = Attributes::from_bits(attributes.into()).ok_or(Error::InvalidArgument)?;
    let restrictions = attributes::restrictions(known)?;
    let opened = call.file(file, Rights::empty())?;
    let configuration = opened.downcast::<Configuration>();
    let configuration = configuration.ok_or(Error::InvalidArgument)?;
    let mut state = configuration.state.lock();
    let filesystem = match &state.phase {
        Phase::Made(filesystem) => filesystem.clone(),
        Phase::Mounted(_) => return Err(Error::Busy),
        Phase::Parameters | Phase::Failed => return Err(Error::InvalidArgument),
    };
    let read_only = state.read_only.take() == Some(true);
    let prompt = state.take_prompt(Prompt::empty());
    let source = state.source.take();
    let source = source.as_deref().unwrap_or(b"none");
    let mount = View::detached_mount(&filesystem, source, restrictions, read_only, prompt)?;
    state.options.clear();
    state.phase = Phase::Mounted(mount.path().mount().volume().root());
    drop(state);
    call.install(mount, flags & CLOSE_ON_EXEC != 0)
}
