//! Files that another program runs: `#!` scripts, and whatever a registered runtime claims.
//!
//! A [`Runtime`] says by which bytes (with a mask) or which extension its files are known, which program runs them
//! and with which extra arguments. `#!` is the case where the file itself names the program. Either
//! way the argument list becomes: the runtime, its own arguments, the file's path, the file's arguments but the first
//! (execve(2), "Interpreter scripts").

use super::{ExecRequest, load, open_program};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use base::rank;
use base::sync::SpinLock;
use base::{Error, Result};
use hal::Global;
use vfs::{FsContext, OpenFile};

/// How many runtimes may run each other.
const DEEPEST: usize = 5;
/// How much of a file's beginning counts, as on Linux (`BINPRM_BUF_SIZE`).
pub const HEAD: usize = 256;

/// How a runtime's files are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// By bytes at an offset, after both were masked.
    Magic {
        /// Where.
        offset: usize,
        /// Which bytes.
        magic: Vec<u8>,
        /// Which of their bits count.
        mask: Vec<u8>,
    },
    /// By the part of the name after the last dot.
    Extension(Vec<u8>),
}

/// A program that runs other files.
#[derive(Clone, Debug)]
pub struct Runtime {
    /// Its name in the registry.
    pub name: String,
    /// How its files are known.
    pub pattern: Pattern,
    /// The program's path.
    pub program: Vec<u8>,
    /// Arguments before the file's path.
    pub arguments: Vec<Vec<u8>>,
}

impl Runtime {
    /// Whether a file with this beginning and path is its.
    pub fn takes(&self, head: &[u8], path: &[u8]) -> bool {
        match &self.pattern {
            Pattern::Magic {
                offset,
                magic,
                mask,
            } => {
                let Some(bytes) = head.get(*offset..).and_then(|rest| rest.get(..magic.len()))
                else {
                    return false;
                };
                bytes
                    .iter()
                    .zip(magic)
                    .enumerate()
                    .all(|(index, (byte, wanted))| {
                        let mask = mask.get(index).copied().unwrap_or(0xFF);
                        byte & mask == wanted & mask
                    })
            }
            Pattern::Extension(extension) => {
                let mut parts = path.rsplitn(2, |byte| *byte == b'.');
                let last = parts.next();
                parts.next().is_some() && last == Some(extension.as_slice())
            }
        }
    }
}

static RUNTIMES: Global<SpinLock<Vec<Arc<Runtime>>>> =
    Global::new(|| SpinLock::new(rank::HANDLES, Vec::new()));

/// Registers a runtime; a later one of the same name takes the place of the earlier.
pub fn register(runtime: Runtime) {
    let mut runtimes = RUNTIMES.lock();
    let replaced = runtimes.iter().position(|other| other.name == runtime.name);
    let replaced = replaced.map(|index| runtimes.remove(index));
    runtimes.push(Arc::new(runtime));
    drop(runtimes);
    drop(replaced);
}

/// Forgets the runtime of that name; says whether there was one.
pub fn unregister(name: &str) -> bool {
    let mut runtimes = RUNTIMES.lock();
    let position = runtimes.iter().position(|runtime| runtime.name == name);
    let removed = position.map(|index| runtimes.remove(index));
    drop(runtimes);
    removed.is_some()
}

/// The registered runtimes.
pub fn all() -> Vec<Arc<Runtime>> {
    RUNTIMES.lock().clone()
}

/// A program to load, and what it is told.
pub(crate) struct Found {
    pub(crate) file: Arc<OpenFile>,
    /// What was asked for: for a script, the script.
    pub(crate) path: Vec<u8>,
    pub(crate) arguments: Vec<Vec<u8>>,
    pub(crate) environment: Vec<Vec<u8>>,
}

/// Follows scripts and runtimes to the program that is really to be loaded.
pub(crate) fn find_program(fs: &FsContext, mut request: ExecRequest) -> Result<Found> {
    let path = request.path.clone();
    for _ in 0..=DEEPEST {
        let file = open_program(fs, &request)?;
        let mut head = [0; HEAD];
        let length = load::read_some(&file, 0, &mut head)?;
        let head = &head[..length];
        let runner = match script_runner(head)? {
            Some(runner) => runner,
            None => match all()
                .iter()
                .find(|runtime| runtime.takes(head, &request.path))
            {
                Some(runtime) => (runtime.program.clone(), runtime.arguments.clone()),
                None => {
                    return Ok(Found {
                        file,
                        path,
                        arguments: request.arguments,
                        environment: request.environment,
                    });
                }
            },
        };
        request = run_by(request, runner);
    }
    Err(Error::SymlinkLoop)
}

fn run_by(request: ExecRequest, runner: (Vec<u8>, Vec<Vec<u8>>)) -> ExecRequest {
    let (program, own_arguments) = runner;
    let mut arguments = vec![program.clone()];
    arguments.extend(own_arguments);
    arguments.push(request.path);
    arguments.extend(request.arguments.into_iter().skip(1));
    ExecRequest {
        path: program,
        at: None,
        file: None,
        no_follow: false,
        arguments,
        environment: request.environment,
    }
}

/// A program's path, and the arguments that come before the file's own.
type Runner = (Vec<u8>, Vec<Vec<u8>>);

/// Reads a `#!` line: the program's path and at most one argument, everything after the first blank. A line that does
/// not end within [`HEAD`] bytes is good only if the path itself does.
pub(crate) fn script_runner(head: &[u8]) -> Result<Option<Runner>> {
    let Some(line) = head.strip_prefix(b"#!") else {
        return Ok(None);
    };
    let blank = |byte: &u8| *byte == b' ' || *byte == b'\t';
    let end = line.iter().position(|byte| *byte == b'\n' || *byte == 0);
    let (line, whole) = (
        &line[..end.unwrap_or(line.len())],
        end.is_some() || head.len() < HEAD,
    );
    let start = line
        .iter()
        .position(|byte| !blank(byte))
        .ok_or(Error::NotExecutable)?;
    let line = &line[start..];
    let path_end = line.iter().position(blank);
    if path_end.is_none() && !whole {
        return Err(Error::NotExecutable);
    }
    let (path, rest) = line.split_at(path_end.unwrap_or(line.len()));
    let argument = rest.trim_ascii();
    let arguments = if argument.is_empty() {
        Vec::new()
    } else {
        vec![argument.to_vec()]
    };
    Ok(Some((path.to_vec(), arguments)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runner(head: &[u8]) -> (Vec<u8>, Vec<Vec<u8>>) {
        script_runner(head).expect("well-formed").expect("a script")
    }

    #[test]
    fn a_line_gives_a_program_and_one_argument() {
        assert_eq!(runner(b"#!/bin/sh\necho"), (b"/bin/sh".to_vec(), vec![]));
        assert_eq!(
            runner(b"#! /bin/sh -e  -x \n"),
            (b"/bin/sh".to_vec(), vec![b"-e  -x".to_vec()])
        );
        assert_eq!(runner(b"#!/bin/sh"), (b"/bin/sh".to_vec(), vec![]));
    }

    #[test]
    fn no_program_is_an_error_and_no_mark_is_none() {
        assert_eq!(script_runner(b"#!\n"), Err(Error::NotExecutable));
        assert_eq!(script_runner(b"#!   "), Err(Error::NotExecutable));
        assert_eq!(script_runner(b"\x7fELF"), Ok(None));
        assert_eq!(script_runner(b""), Ok(None));
    }

    #[test]
    fn a_path_cut_off_by_the_limit_is_refused_but_an_argument_may_be() {
        let mut head = b"#!/".to_vec();
        head.resize(HEAD, b'a');
        assert_eq!(script_runner(&head), Err(Error::NotExecutable));
        head[10] = b' ';
        assert_eq!(runner(&head).0, b"/aaaaaaa");
    }

    #[test]
    fn runtimes_know_their_files_by_magic_and_extension() {
        let wasm = Runtime {
            name: "wasm".into(),
            pattern: Pattern::Magic {
                offset: 0,
                magic: b"\0asm".to_vec(),
                mask: vec![],
            },
            program: b"/bin/wasm".to_vec(),
            arguments: vec![],
        };
        assert!(wasm.takes(b"\0asm\x01", b"x"));
        assert!(!wasm.takes(b"\0as", b"x"));
        let lua = Runtime {
            pattern: Pattern::Extension(b"lua".to_vec()),
            ..wasm
        };
        assert!(lua.takes(b"", b"/a/b.lua"));
        assert!(!lua.takes(b"", b"lua"));
    }
}
