//! All that a shell knows.

use crate::events::Traps;
use crate::interactive::Session;
use crate::jobs::Jobs;
use crate::streams::Streams;
use alloc::collections::BTreeMap;
use alloc::rc::Rc;
use scarlet::prelude::*;
use scarlet::{env, process};
use shell::parse::Aliases;
use shell::tree::Command;

extern crate alloc;

/// Why the ordinary course of commands is left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Flow {
    /// `break`, out of so many loops.
    Break(usize),
    /// `continue`, of the loop so many levels out.
    Continue(usize),
    /// `return`.
    Return(i32),
    /// `exit`.
    Exit(i32),
    /// ^C, or an error at a prompt: back to the prompt.
    Abandon,
}

/// A status, or a way out.
pub(crate) type Outcome = Result<i32, Flow>;

/// A variable.
#[derive(Clone, Default)]
pub(crate) struct Variable {
    /// `None` for one that is only marked.
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) exported: bool,
    pub(crate) read_only: bool,
}

/// What `set` switches.
#[derive(Clone, Copy, Default)]
pub(crate) struct Options {
    /// `-e`: a failing command ends the shell.
    pub(crate) exit_on_failure: bool,
    /// `-u`: a variable without a value is an error.
    pub(crate) unset_is_error: bool,
    /// `-x`: commands are shown before they run.
    pub(crate) trace: bool,
    /// `-f`: patterns stay as they are.
    pub(crate) no_patterns: bool,
    /// `-o pipefail`: a pipeline fails with any of its commands.
    pub(crate) pipeline_fails: bool,
}

impl Options {
    /// Switches the option with this letter.
    pub(crate) fn set(&mut self, letter: u8, on: bool) -> bool {
        match letter {
            b'e' => self.exit_on_failure = on,
            b'u' => self.unset_is_error = on,
            b'x' => self.trace = on,
            b'f' => self.no_patterns = on,
            _ => return false,
        }
        true
    }

    /// The letters of the options that are on: `$-`.
    pub(crate) fn letters(&self) -> Vec<u8> {
        let all = [
            (b'e', self.exit_on_failure),
            (b'f', self.no_patterns),
            (b'u', self.unset_is_error),
            (b'x', self.trace),
        ];
        all.iter()
            .filter(|(_, on)| *on)
            .map(|(letter, _)| *letter)
            .collect()
    }
}

/// A shell.
pub(crate) struct Shell {
    pub(crate) variables: BTreeMap<Vec<u8>, Variable>,
    pub(crate) functions: BTreeMap<Vec<u8>, Rc<Command>>,
    pub(crate) aliases: BTreeMap<Vec<u8>, Vec<u8>>,
    /// `$0` and the positional parameters.
    pub(crate) positional: Vec<Vec<u8>>,
    pub(crate) options: Options,
    /// `$?`
    pub(crate) status: i32,
    /// `$$`: the number of the first shell, also in subshells.
    pub(crate) process: u32,
    /// `$!`
    pub(crate) last_background: Option<u32>,
    pub(crate) jobs: Jobs,
    /// Where handles lead.
    pub(crate) streams: Streams,
    /// The prompt, in an interactive shell.
    pub(crate) session: Option<Session>,
    pub(crate) traps: Traps,
    /// Variables that `local` hides, one list for each function that runs.
    pub(crate) locals: Vec<Vec<(Vec<u8>, Option<Variable>)>>,
    pub(crate) loops: usize,
    /// In a condition, where a failure is an answer and not a failure.
    pub(crate) tested: usize,
    /// Functions, files and substitutions inside each other.
    pub(crate) depth: usize,
    /// The status of the last command substitution, which is that of a bare assignment.
    pub(crate) substituted: Option<i32>,
}

/// Deeper nesting of functions and files ends in a message instead of an exhausted stack.
const DEEPEST: usize = 200;

impl Shell {
    pub(crate) fn new(positional: Vec<Vec<u8>>) -> Shell {
        let mut shell = Shell {
            variables: BTreeMap::new(),
            functions: BTreeMap::new(),
            aliases: BTreeMap::new(),
            positional,
            options: Options::default(),
            status: 0,
            process: process::id(),
            last_background: None,
            jobs: Jobs::default(),
            streams: Streams::standard(),
            session: None,
            traps: Traps::default(),
            locals: Vec::new(),
            loops: 0,
            tested: 0,
            depth: 0,
            substituted: None,
        };
        for entry in env::vars_bytes() {
            let Some(equals) = entry.iter().position(|&byte| byte == b'=') else {
                continue;
            };
            if shell::parse::is_name(&entry[..equals]) {
                let value = Some(entry[equals + 1..].to_vec());
                let variable = Variable {
                    value,
                    exported: true,
                    read_only: false,
                };
                shell.variables.insert(entry[..equals].to_vec(), variable);
            }
        }
        if shell.value(b"PATH").is_none() {
            shell.put(b"PATH", b"/bin");
        }
        if let Ok(directory) = env::current_dir() {
            shell.put(b"PWD", &directory);
            shell.variables.entry(b"PWD".to_vec()).or_default().exported = true;
        }
        shell
    }

    /// A variable's value.
    pub(crate) fn value(&self, name: &[u8]) -> Option<&Vec<u8>> {
        self.variables.get(name)?.value.as_ref()
    }

    /// Sets a variable that is the shell's own.
    pub(crate) fn put(&mut self, name: &[u8], value: &[u8]) {
        self.variables.entry(name.to_vec()).or_default().value = Some(value.to_vec());
    }

    /// Sets a variable as a user does.
    pub(crate) fn assign(&mut self, name: &[u8], value: Vec<u8>) -> Result<(), String> {
        let variable = self.variables.entry(name.to_vec()).or_default();
        if variable.read_only {
            return Err(format!("{}: is read only", String::from_utf8_lossy(name)));
        }
        variable.value = Some(value);
        Ok(())
    }

    /// The environment of programs, each entry `NAME=value`.
    pub(crate) fn environment(&self) -> Vec<Vec<u8>> {
        let exported = self
            .variables
            .iter()
            .filter(|(_, variable)| variable.exported);
        exported
            .filter_map(|(name, variable)| {
                let value = variable.value.as_ref()?;
                Some([name.as_slice(), b"=", value].concat())
            })
            .collect()
    }

    /// Prints an error with the shell's name before it.
    pub(crate) fn complain(&self, message: &str) {
        let name = self
            .positional
            .first()
            .map_or(&b"sh"[..], |name| name.as_slice());
        let name = String::from_utf8_lossy(scarlet::path::file_name(name)).into_owned();
        let name = if self.session.is_some() {
            "sh"
        } else {
            name.trim_start_matches('-')
        };
        let text = format!("{name}: {message}\n");
        let _ = self.streams.write(2, text.as_bytes());
    }

    /// Prints an error and gives a status.
    pub(crate) fn fail(&self, message: &str, status: i32) -> Outcome {
        self.complain(message);
        Ok(status)
    }

    /// Runs something one level deeper.
    pub(crate) fn deeper(&mut self, run: impl FnOnce(&mut Shell) -> Outcome) -> Outcome {
        if self.depth >= DEEPEST {
            self.complain("nested too deeply");
            return Err(Flow::Abandon);
        }
        self.depth += 1;
        let outcome = run(self);
        self.depth -= 1;
        outcome
    }

    /// What is done before the shell ends: the exit trap. Gives the status.
    pub(crate) fn leave(&mut self, status: i32) -> i32 {
        self.status = status;
        let Some(command) = self.traps.take_exit() else {
            return status;
        };
        match crate::script::run_text(self, &command) {
            Err(Flow::Exit(status)) => status,
            _ => status,
        }
    }
}

impl Aliases for Shell {
    fn alias(&self, name: &[u8]) -> Option<Vec<u8>> {
        self.aliases.get(name).cloned()
    }
}
