//! Executing a program: from a path to registers, without touching the caller until nothing can fail.
//!
//! [`prepare`] does everything that can go wrong: finds the file (and, for a script, the program that runs it:
//! [`runtime`]), checks it ([`elf`]), asks whose it is ([`crate::abi`]), builds a new address space aside ([`load`]),
//! and has the ABI lay out the first stack ([`stack`]). The result is a [`Prepared`] image that nobody sees.
//! [`exec()`] then ends the other threads and switches; [`crate::spawn()`] gives the image to a new process.
//!
//! What exec keeps and what it replaces, also across ABIs, is listed in docs/src/processes.md.

mod commit;
pub mod elf;
#[cfg(test)]
mod elf_tests;
mod load;
pub mod runtime;
pub mod stack;
mod start;

pub use commit::exec;
pub(crate) use commit::{enter, give_back, leave_memory};
pub use elf::{ElfError, ElfImage, ImageKind, Segment};
pub use start::{install_stack, standard_auxiliary, system_v_start};

use crate::abi::{self, Abi};
use crate::environment::{AbiView, Environment};
use crate::limits::{Limits, Resource};
use crate::process::{AbiState, Image};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use base::{Error, Result, log};
use hal::user::UserContext;
use mem::AddressSpace;
use vfs::{Credentials, FsContext, OpenFile, OpenOptions, Path};

/// What to execute.
#[derive(Clone, Default)]
pub struct ExecRequest {
    /// The path.
    pub path: Vec<u8>,
    /// Where a relative path starts; `None` for the working directory.
    pub at: Option<Path>,
    /// An open file to execute instead of looking `path` up; `path` is then what the program is told.
    pub file: Option<Arc<OpenFile>>,
    /// The last part of the path must not be a symbolic link.
    pub no_follow: bool,
    /// Program arguments, the first by custom the program's name.
    pub arguments: Vec<Vec<u8>>,
    /// Environment strings.
    pub environment: Vec<Vec<u8>>,
}

/// How an ABI lays out a program's memory, and how much of an argument list it takes.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// One past the highest byte of the stack.
    pub stack_top: usize,
    /// Where a relocatable program is loaded.
    pub program_base: usize,
    /// How many arguments and environment strings.
    pub argument_count: usize,
    /// How many bytes one of them may have, with its zero.
    pub argument_size: usize,
    /// How many bytes all together, with a pointer for each.
    pub argument_bytes: usize,
    /// Leave the addresses above as they are: the ABI's programs know them, or this one wants to find them again.
    pub fixed: bool,
    /// Whether programs may start at address 0.
    pub low_programs: bool,
}

impl Default for Layout {
    fn default() -> Self {
        Layout {
            stack_top: hal::USER_END - hal::PAGE_SIZE,
            program_base: (hal::USER_END / 3 * 2) & !0xFFFF,
            argument_count: 0x7FFF_FFFF,
            argument_size: 128 << 10,
            argument_bytes: 2 << 20,
            fixed: false,
            low_programs: false,
        }
    }
}

/// What an ABI is told to lay out the first stack.
pub struct ExecInfo<'a> {
    /// The program's file.
    pub image: &'a ElfImage,
    /// The path as it was given to exec (for a script: the script's).
    pub path: &'a [u8],
    /// Program arguments.
    pub arguments: &'a [Vec<u8>],
    /// Environment strings.
    pub environment: &'a [Vec<u8>],
    /// What was added to every address of the image.
    pub bias: usize,
    /// The program's own entry point.
    pub entry: usize,
    /// Where the interpreter is loaded, if there is one.
    pub interpreter_base: Option<usize>,
    /// Where execution starts: the interpreter's entry point, or the program's own.
    pub start: usize,
    /// The first page after the program's last segment.
    pub image_end: usize,
    /// Who the program acts as.
    pub credentials: &'a Credentials,
    /// Whether it got rights that its caller did not have.
    pub secure: bool,
    /// How far the stack may grow, in bytes.
    pub stack_limit: usize,
    /// Where the stack ends.
    pub stack_top: usize,
    /// Whether the stack must be executable.
    pub executable_stack: bool,
}

/// What an ABI gives back.
pub struct InitialState {
    /// The registers to start with.
    pub context: UserContext,
    /// Where the argument strings lie: first byte, byte after the last.
    pub arguments: (usize, usize),
    /// Where the environment strings lie.
    pub environment: (usize, usize),
}

/// A program that is ready to run, and that nobody sees yet.
pub(crate) struct Prepared {
    pub(crate) image: Image,
    pub(crate) space: Arc<AddressSpace>,
    pub(crate) context: UserContext,
    pub(crate) task_state: AbiState,
    pub(crate) credentials: Credentials,
    pub(crate) name: String,
    /// The view that the process moves into with this program; `None` to stay where it is.
    pub(crate) enters: Option<AbiView>,
}

/// Who executes.
pub(crate) struct Caller<'a> {
    /// Where it stands in the file tree, and as whom.
    pub(crate) fs: &'a FsContext,
    /// What the program will be shut into.
    pub(crate) environment: &'a Arc<Environment>,
    /// What the program may use.
    pub(crate) limits: &'a Limits,
    /// The ABI of the caller's own program, in that environment; `None` for a process that comes from outside.
    pub(crate) abi: Option<&'static str>,
    /// It stays in the view it is in, whatever the program's ABI is.
    pub(crate) keeps_view: bool,
    /// Whether the program's set-id bits give it nothing.
    pub(crate) no_new_privileges: bool,
    /// What its ABI remembers about its process and its task, if it is to become the program itself.
    pub(crate) before: Option<(&'a AbiState, &'a AbiState)>,
}

/// Builds everything for a program, aside.
pub(crate) fn prepare(caller: &Caller<'_>, request: ExecRequest) -> Result<Prepared> {
    let Caller {
        fs,
        environment,
        limits,
        ..
    } = *caller;
    let path = request.path.clone();
    let found = runtime::find_program(fs, request)?;
    let (image, abi) = recognise(&found.file, environment)?;
    let mut layout = abi.layout();
    check_arguments(&found.arguments, &found.environment, &layout)?;
    // A program of another ABI sees another tree: its interpreter is there, and its own path is told as seen there.
    let enters = if caller.keeps_view || caller.abi == Some(abi.name()) {
        None
    } else {
        environment.view(abi.name())
    };
    let mut inside = fs.clone();
    let mut executable = found.file.clone();
    if let Some(view) = &enters {
        enter(&mut inside, view.clone());
        if let Some(place) = view.locate(executable.path()) {
            executable = inside
                .open_place(place, &OpenOptions::executing())
                .unwrap_or(executable);
        }
    }
    let interpreter = load::open_interpreter(&inside, &found.file, &image)?;
    let mut credentials = fs.credentials.clone();
    let secure = load::apply_set_id(&found.file, &mut credentials, caller.no_new_privileges)?;
    let before = caller.before.filter(|_| caller.abi == Some(abi.name()));
    let (process_state, task_state) = match before {
        Some((process, task)) => (
            abi.exec_process_state(process, secure),
            abi.exec_task_state(task),
        ),
        None => (abi.new_process_state(), abi.new_task_state()),
    };
    let space = if abi.wants_fixed_places(&process_state) {
        layout.fixed = true;
        AddressSpace::new_fixed()?
    } else {
        AddressSpace::new()?
    };
    space.set_limit(
        limits
            .soft(Resource::AddressSpace)
            .try_into()
            .unwrap_or(usize::MAX),
    );
    let loaded = load::load(&space, &found.file, &image, interpreter.as_ref(), &layout)?;
    let stack_limit = usize::try_from(limits.soft(Resource::Stack)).unwrap_or(usize::MAX);
    let info = ExecInfo {
        image: &image,
        path: &found.path,
        arguments: &found.arguments,
        environment: &found.environment,
        bias: loaded.bias,
        entry: loaded.entry,
        interpreter_base: loaded.interpreter_base,
        start: loaded.start,
        image_end: loaded.image_end,
        credentials: &credentials,
        secure,
        stack_limit: stack_limit.clamp(128 << 10, 1 << 30),
        stack_top: load::stack_top(&layout),
        executable_stack: image.executable_stack,
    };
    let state = abi.initial_stack(&info, &space)?;
    let stack_start = state.context.sp();
    let (first, last) = image.span();
    let image = Image {
        space: Some(space.clone()),
        abi_state: process_state,
        abi: abi.clone(),
        executable: Some(executable),
        arguments: state.arguments,
        environment: state.environment,
        extent: (first as usize + loaded.bias, last as usize + loaded.bias),
        stack_start,
        path: found.path,
    };
    Ok(Prepared {
        image,
        space,
        context: state.context,
        task_state,
        credentials,
        name: short_name(&path),
        enters,
    })
}

/// Checks the file and finds out whose program it is.
fn recognise(file: &Arc<OpenFile>, environment: &Environment) -> Result<(ElfImage, Arc<dyn Abi>)> {
    let image = load::read_image(file)?;
    let abi = abi::recognise(&image, environment).inspect_err(|_| {
        log::warn!(
            "exec: no ABI takes this program (OS/ABI {})",
            image.header.os_abi
        );
    })?;
    Ok((image, abi))
}

fn check_arguments(arguments: &[Vec<u8>], environment: &[Vec<u8>], layout: &Layout) -> Result<()> {
    let mut bytes = 0usize;
    for string in arguments.iter().chain(environment) {
        if string.len() >= layout.argument_size {
            return Err(Error::ArgumentListTooLong);
        }
        bytes = bytes.saturating_add(string.len() + 1 + size_of::<u64>());
    }
    if bytes > layout.argument_bytes || arguments.len() + environment.len() > layout.argument_count
    {
        return Err(Error::ArgumentListTooLong);
    }
    Ok(())
}

/// The part after the last slash, at most 15 bytes, as `ps` shows it (prctl(2) PR_SET_NAME).
fn short_name(path: &[u8]) -> String {
    let last = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
    let text = String::from_utf8_lossy(last);
    text.chars()
        .scan(0, |length, c| {
            *length += c.len_utf8();
            (*length <= 15).then_some(c)
        })
        .collect()
}

/// Opens the file that a request names, for execution.
pub(crate) fn open_program(fs: &FsContext, request: &ExecRequest) -> Result<Arc<OpenFile>> {
    let options = OpenOptions {
        no_follow: request.no_follow,
        ..OpenOptions::executing()
    };
    match &request.file {
        Some(file) => fs.open_place(file.path().clone(), &options),
        None => fs.open_at(request.at.as_ref(), &request.path, &options),
    }
}
