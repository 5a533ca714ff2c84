//! Starting programs.

use super::{ExitStatus, WaitOutcome, wait_for};
use crate::env;
use crate::io::{self, Read};
use crate::os::environment::Environment;
use crate::os::mount::View;
use crate::os::{AsHandle, OwnedHandle, pipe};
use crate::sys::{self, Program};
use alloc::vec::Vec;
use scarlet_abi::file::OpenFlags;
use scarlet_abi::process::{HandleMapping, SpawnFlags, SpawnRequest, WaitFlags};
use scarlet_abi::{CURRENT_DIRECTORY, ErrorCode};

/// What a child's standard handle is.
#[derive(Debug, Default)]
pub enum Stdio {
    /// The same as this program's.
    #[default]
    Inherit,
    /// Nothing: reads end at once, writes vanish.
    Null,
    /// A new pipe to this program.
    Piped,
    /// This handle.
    Handle(OwnedHandle),
}

impl Stdio {
    /// The same as this program's.
    pub fn inherit() -> Stdio {
        Stdio::Inherit
    }

    /// Nothing.
    pub fn null() -> Stdio {
        Stdio::Null
    }

    /// A new pipe.
    pub fn piped() -> Stdio {
        Stdio::Piped
    }
}

impl From<OwnedHandle> for Stdio {
    fn from(handle: OwnedHandle) -> Stdio {
        Stdio::Handle(handle)
    }
}

impl From<crate::fs::File> for Stdio {
    fn from(file: crate::fs::File) -> Stdio {
        Stdio::Handle(file.into_handle())
    }
}

/// A program to start: its path or name, arguments, environment and handles.
///
/// The child gets the three standard handles and those named with [`Command::handle`], nothing else.
pub struct Command {
    program: Vec<u8>,
    arguments: Vec<Vec<u8>>,
    environment: Vec<Vec<u8>>,
    directory: Option<Vec<u8>>,
    standard: [Stdio; 3],
    further: Vec<(u32, u32)>,
    request: SpawnRequest,
    only_named: bool,
}

impl Command {
    /// The program at a path, or with a name that is looked for along `PATH`.
    pub fn new(program: impl AsRef<[u8]>) -> Command {
        Command {
            program: program.as_ref().to_vec(),
            arguments: alloc::vec![program.as_ref().to_vec()],
            environment: env::vars_bytes(),
            directory: None,
            standard: [Stdio::Inherit, Stdio::Inherit, Stdio::Inherit],
            further: Vec::new(),
            request: SpawnRequest {
                working_directory: CURRENT_DIRECTORY as u64,
                terminal: u32::MAX,
                ..SpawnRequest::default()
            },
            only_named: false,
        }
    }

    /// What the program finds as its own name, if not the path.
    pub fn arg0(&mut self, name: impl AsRef<[u8]>) -> &mut Command {
        self.arguments[0] = name.as_ref().to_vec();
        self
    }

    /// One more argument.
    pub fn arg(&mut self, argument: impl AsRef<[u8]>) -> &mut Command {
        self.arguments.push(argument.as_ref().to_vec());
        self
    }

    /// More arguments.
    pub fn args<A: AsRef<[u8]>>(&mut self, arguments: impl IntoIterator<Item = A>) -> &mut Command {
        for argument in arguments {
            self.arg(argument);
        }
        self
    }

    /// Sets a variable in the child's environment.
    pub fn env(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> &mut Command {
        let mut start = name.as_ref().to_vec();
        start.push(b'=');
        self.environment.retain(|entry| !entry.starts_with(&start));
        start.extend_from_slice(value.as_ref());
        self.environment.push(start);
        self
    }

    /// Empties the child's environment.
    pub fn env_clear(&mut self) -> &mut Command {
        self.environment.clear();
        self
    }

    /// Gives the child this environment, each entry `NAME=value`.
    pub fn env_all(&mut self, entries: Vec<Vec<u8>>) -> &mut Command {
        self.environment = entries;
        self
    }

    /// The directory in which the child starts.
    pub fn current_dir(&mut self, directory: impl AsRef<[u8]>) -> &mut Command {
        self.directory = Some(directory.as_ref().to_vec());
        self
    }

    /// The child's standard input.
    pub fn stdin(&mut self, stdio: impl Into<Stdio>) -> &mut Command {
        self.standard[0] = stdio.into();
        self
    }

    /// The child's standard output.
    pub fn stdout(&mut self, stdio: impl Into<Stdio>) -> &mut Command {
        self.standard[1] = stdio.into();
        self
    }

    /// The child's standard error.
    pub fn stderr(&mut self, stdio: impl Into<Stdio>) -> &mut Command {
        self.standard[2] = stdio.into();
        self
    }

    /// Gives the child `source` as its handle `target`. A standard target overrides `stdin` and so on.
    pub fn handle(&mut self, target: usize, source: usize) -> &mut Command {
        self.further.push((target as u32, source as u32));
        self
    }

    /// The child gets the handles named with [`Command::handle`] and no others.
    pub fn only_named_handles(&mut self) -> &mut Command {
        self.only_named = true;
        self
    }

    /// Puts the child into a process group; 0 makes a new one.
    pub fn group(&mut self, group: u32) -> &mut Command {
        self.request.flags |= SpawnFlags::SET_GROUP.bits();
        self.request.group = group;
        self
    }

    /// Starts the child in a view, at its root; a relative path of the program is one in the view.
    pub fn view(&mut self, view: &View) -> &mut Command {
        self.request.flags |= SpawnFlags::IN_VIEW.bits();
        self.request.view = view.handle() as u32;
        self
    }

    /// Puts the child's group into the foreground of a terminal before the child runs.
    pub fn foreground(&mut self, terminal: &impl AsHandle) -> &mut Command {
        self.request.flags |= SpawnFlags::FOREGROUND.bits();
        self.request.terminal = terminal.handle() as u32;
        self
    }

    /// Makes the child the leader of a new session.
    pub fn new_session(&mut self) -> &mut Command {
        self.request.flags |= SpawnFlags::NEW_SESSION.bits();
        self
    }

    /// Starts the child in an environment.
    pub fn inside(&mut self, environment: &Environment) -> &mut Command {
        self.request.flags |= SpawnFlags::INSIDE.bits();
        self.request.inside = environment.handle() as u32;
        self
    }

    /// The child finds this event at its default.
    pub fn default_event(&mut self, event: u32) -> &mut Command {
        self.request.default_events |= 1 << (event - 1);
        self
    }

    /// The child ignores this event.
    pub fn ignore_event(&mut self, event: u32) -> &mut Command {
        self.request.ignored_events |= 1 << (event - 1);
        self
    }

    /// The paths to try for the program's name.
    fn candidates(&self) -> Vec<Vec<u8>> {
        if self.program.contains(&b'/') {
            return alloc::vec![self.program.clone()];
        }
        let path = env::var_bytes("PATH").unwrap_or_else(|| b"/bin".to_vec());
        path.split(|&byte| byte == b':')
            .map(|directory| crate::path::join(directory, &self.program))
            .collect()
    }

    /// Starts the program.
    pub fn spawn(&mut self) -> io::Result<Child> {
        let _ = io::flush_standard_output();
        let mut parent_ends = [None, None, None];
        let mut kept = Vec::new();
        let mut map = Vec::new();
        for (number, parent_end) in parent_ends.iter_mut().enumerate() {
            if self
                .further
                .iter()
                .any(|&(target, _)| target as usize == number)
            {
                continue;
            }
            let source = match core::mem::take(&mut self.standard[number]) {
                Stdio::Inherit => Some(number),
                Stdio::Null => {
                    let flags = OpenFlags::READ | OpenFlags::WRITE | OpenFlags::CLOSE_ON_EXECUTE;
                    kept.push(OwnedHandle::open("/dev/null", flags, 0)?);
                    kept.last().map(AsHandle::handle)
                }
                Stdio::Piped => {
                    let (reading, writing) = pipe()?;
                    let (theirs, ours) = if number == 0 {
                        (reading, writing)
                    } else {
                        (writing, reading)
                    };
                    *parent_end = Some(ours);
                    kept.push(theirs);
                    kept.last().map(AsHandle::handle)
                }
                Stdio::Handle(handle) => {
                    kept.push(handle);
                    kept.last().map(AsHandle::handle)
                }
            };
            if let Some(source) = source {
                map.push(mapping(number as u32, source as u32));
            }
        }
        map.extend(
            self.further
                .iter()
                .map(|&(target, source)| mapping(target, source)),
        );
        // A standard handle that this program does not have, its child does not get either.
        map.retain(|line| {
            line.target > 2
                || sys::handle_info(line.source as usize, &mut Default::default()).is_ok()
        });
        let mut request = self.request;
        if let Some(directory) = &self.directory {
            let flags = OpenFlags::PATH_ONLY | OpenFlags::DIRECTORY | OpenFlags::CLOSE_ON_EXECUTE;
            kept.push(OwnedHandle::open(directory, flags, 0)?);
            request.working_directory =
                kept.last().map_or(CURRENT_DIRECTORY, AsHandle::handle) as u64;
        }
        let process = self.first_that_starts(|program| sys::spawn(program, request), &map)?;
        let [stdin, stdout, stderr] = parent_ends;
        Ok(Child {
            process: process as u32,
            stdin,
            stdout,
            stderr,
        })
    }

    /// Tries the candidates in turn; the most telling failure wins.
    fn first_that_starts(
        &self,
        mut start: impl FnMut(&Program<'_>) -> Result<usize, ErrorCode>,
        handles: &[HandleMapping],
    ) -> io::Result<usize> {
        let mut failure = ErrorCode::NotFound;
        for path in self.candidates() {
            let program = Program {
                path: &path,
                arguments: &self.arguments,
                environment: &self.environment,
                handles,
            };
            match start(&program) {
                Ok(value) => return Ok(value),
                Err(ErrorCode::NotFound | ErrorCode::NotDirectory) => {}
                Err(error) if error == ErrorCode::AccessDenied => failure = error,
                Err(error) => return Err(error.into()),
            }
        }
        Err(failure.into())
    }

    /// Replaces this program; returns only if that fails.
    pub fn exec(&mut self) -> io::Error {
        let _ = io::flush_standard_output();
        match self.first_that_starts(sys::execute, &[]) {
            Ok(_) => io::Error::other("the program was not replaced"),
            Err(error) => error,
        }
    }

    /// Starts the program and waits for it.
    pub fn status(&mut self) -> io::Result<ExitStatus> {
        self.spawn()?.wait()
    }

    /// Starts the program, collects what it prints, and waits for it.
    pub fn output(&mut self) -> io::Result<Output> {
        let mut child = self.stdout(Stdio::Piped).spawn()?;
        let mut stdout = Vec::new();
        if let Some(mut pipe) = child.stdout.take() {
            pipe.read_to_end(&mut stdout)?;
        }
        Ok(Output {
            status: child.wait()?,
            stdout,
        })
    }
}

fn mapping(target: u32, source: u32) -> HandleMapping {
    HandleMapping {
        target,
        source,
        rights: u32::MAX,
        reserved: 0,
    }
}

/// What a program printed, and how it ended.
#[derive(Debug)]
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// What it printed.
    pub stdout: Vec<u8>,
}

/// A started program.
pub struct Child {
    process: u32,
    /// The pipe to its input, if asked for.
    pub stdin: Option<OwnedHandle>,
    /// The pipe from its output, if asked for.
    pub stdout: Option<OwnedHandle>,
    /// The pipe from its error output, if asked for.
    pub stderr: Option<OwnedHandle>,
}

impl Child {
    /// Its process number.
    pub fn id(&self) -> u32 {
        self.process
    }

    /// Waits until it ends.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        drop(self.stdin.take());
        loop {
            match wait_for(self.process, WaitFlags::empty()) {
                Ok(Some(WaitOutcome::Ended(status))) => return Ok(status),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Ends it.
    pub fn kill(&mut self) -> io::Result<()> {
        crate::os::events::send(self.process, scarlet_abi::event::KILL)
    }
}
