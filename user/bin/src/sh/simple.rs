//! A simple command: assignments, a name, arguments.

use crate::builtins::{self, Builtin};
use crate::state::{Flow, Outcome, Shell, Variable};
use alloc::rc::Rc;
use scarlet::io::ErrorKind;
use scarlet::prelude::*;
use scarlet::process::{self, Command};
use shell::expand;
use shell::tree::{Assignment, Command as Tree, Redirection, Word};

extern crate alloc;

/// A variable's name and value.
pub(crate) type Value = (Vec<u8>, Vec<u8>);

/// What a command's name stands for.
pub(crate) enum Meaning {
    Function(Rc<Tree>),
    Builtin(Builtin),
    Program,
}

impl Shell {
    /// What a name stands for.
    pub(crate) fn meaning(&self, name: &[u8]) -> Meaning {
        if let Some(builtin) = builtins::special_builtin(name) {
            return Meaning::Builtin(builtin);
        }
        if let Some(body) = self.functions.get(name) {
            return Meaning::Function(body.clone());
        }
        match builtins::find(name) {
            Some(builtin) => Meaning::Builtin(builtin),
            None => Meaning::Program,
        }
    }

    pub(crate) fn run_simple(
        &mut self,
        assignments: &[Assignment],
        words: &[Word],
        redirections: &[Redirection],
    ) -> Outcome {
        self.substituted = None;
        let arguments = match expand::arguments(words, self) {
            Ok(arguments) => arguments,
            Err(message) => return self.expansion_failed(&message),
        };
        let Some(name) = arguments.first() else {
            return self.run_nameless(assignments, redirections);
        };
        if self.options.trace {
            self.trace(&arguments);
        }
        let meaning = self.meaning(name);
        // `exec` alone changes where the shell's own handles lead.
        let keeps_streams = name == b"exec" && arguments.len() == 1;
        let before = self.streams.clone();
        if let Err(message) = self.redirect(redirections) {
            self.streams = before;
            return self.fail(&message, 1);
        }
        let values = match self.values_of(assignments) {
            Ok(values) => values,
            Err(flow) => {
                self.streams = before;
                return Err(flow);
            }
        };
        let outcome = match meaning {
            Meaning::Program => self.run_program(&arguments, &values),
            Meaning::Builtin(builtin) => {
                self.with_values(values, |shell| builtins::run(shell, builtin, &arguments))
            }
            Meaning::Function(body) => {
                self.with_values(values, |shell| shell.run_function(&body, &arguments))
            }
        };
        if !keeps_streams {
            self.streams = before;
        }
        outcome
    }

    /// Assignments and redirections without a command.
    fn run_nameless(
        &mut self,
        assignments: &[Assignment],
        redirections: &[Redirection],
    ) -> Outcome {
        for (name, value) in self.values_of(assignments)? {
            if let Err(message) = self.assign(&name, value) {
                return self.expansion_failed(&message);
            }
        }
        let before = self.streams.clone();
        let redirected = self.redirect(redirections);
        self.streams = before;
        match redirected {
            Ok(()) => Ok(self.substituted.unwrap_or(0)),
            Err(message) => self.fail(&message, 1),
        }
    }

    fn values_of(&mut self, assignments: &[Assignment]) -> Result<Vec<Value>, Flow> {
        let mut values: Vec<Value> = Vec::new();
        for assignment in assignments {
            let value = match expand::single(&assignment.value, self) {
                Ok(value) => value,
                Err(message) => {
                    return Err(self
                        .expansion_failed(&message)
                        .err()
                        .unwrap_or(Flow::Abandon));
                }
            };
            values.push((assignment.name.clone(), value));
        }
        Ok(values)
    }

    /// Runs something with variables that are set and exported only for it.
    fn with_values(
        &mut self,
        values: Vec<Value>,
        run: impl FnOnce(&mut Shell) -> Outcome,
    ) -> Outcome {
        let mut before = Vec::new();
        for (name, value) in values {
            let old = self.variables.get(&name).cloned();
            if old.as_ref().is_some_and(|old| old.read_only) {
                let shown = String::from_utf8_lossy(&name).into_owned();
                return self.fail(&format!("{shown}: is read only"), 1);
            }
            let variable = Variable {
                value: Some(value),
                exported: true,
                read_only: false,
            };
            self.variables.insert(name.clone(), variable);
            before.push((name, old));
        }
        let outcome = run(self);
        for (name, old) in before.into_iter().rev() {
            self.restore(name, old);
        }
        outcome
    }

    pub(crate) fn restore(&mut self, name: Vec<u8>, old: Option<Variable>) {
        match old {
            Some(old) => {
                self.variables.insert(name, old);
            }
            None => {
                self.variables.remove(&name);
            }
        }
    }

    pub(crate) fn run_function(&mut self, body: &Tree, arguments: &[Vec<u8>]) -> Outcome {
        let mut inside = arguments.to_vec();
        if let (Some(first), Some(name)) = (inside.first_mut(), self.positional.first()) {
            first.clone_from(name);
        }
        let before = core::mem::replace(&mut self.positional, inside);
        let loops = core::mem::take(&mut self.loops);
        self.locals.push(Vec::new());
        let outcome = self.deeper(|shell| shell.run_command(body));
        for (name, old) in self.locals.pop().unwrap_or_default().into_iter().rev() {
            self.restore(name, old);
        }
        self.loops = loops;
        self.positional = before;
        match outcome {
            Err(Flow::Return(status)) => Ok(status),
            other => other,
        }
    }

    /// A program, as a child that is waited for.
    fn run_program(&mut self, arguments: &[Vec<u8>], values: &[Value]) -> Outcome {
        let mut command = match self.command(arguments, values) {
            Ok(command) => command,
            Err((message, status)) => return self.fail(&message, status),
        };
        let controls = self.controls_jobs();
        if controls {
            command.group(0);
            if let Some(session) = &self.session {
                command.foreground(session.terminal());
            }
        }
        self.prepare_terminal();
        match command.spawn() {
            Ok(child) => {
                let text = shown_command(arguments);
                let job = self.jobs.add(child.id(), vec![child.id()], text, controls);
                self.wait_for_job(job)
            }
            Err(error) if error.kind() == ErrorKind::NotExecutable => {
                self.run_headless_script(arguments, values)
            }
            Err(error) => {
                let (message, status) = start_failure(&arguments[0], &error);
                self.fail(&message, status)
            }
        }
    }

    /// A program named by words that are expanded already.
    pub(crate) fn run_words(&mut self, arguments: &[Vec<u8>]) -> Outcome {
        self.run_program(arguments, &[])
    }

    /// A command ready to be spawned with this shell's handles and variables; or a message and a
    /// status.
    pub(crate) fn command(
        &self,
        arguments: &[Vec<u8>],
        values: &[Value],
    ) -> Result<Command, (String, i32)> {
        let name = &arguments[0];
        let Some(path) = self.locate(name) else {
            return Err((format!("{}: not found", String::from_utf8_lossy(name)), 127));
        };
        let mut command = Command::new(&path);
        command
            .arg0(name)
            .args(&arguments[1..])
            .env_all(self.environment());
        for (name, value) in values {
            command.env(name, value);
        }
        for mapping in self.streams.mappings() {
            command.handle(mapping.target as usize, mapping.source as usize);
        }
        command.only_named_handles();
        for event in crate::events::default_in_children() {
            command.default_event(event);
        }
        Ok(command)
    }

    /// A file that is executable and of no kind that the system knows: commands for this shell.
    fn run_headless_script(&mut self, arguments: &[Vec<u8>], values: &[Value]) -> Outcome {
        let Some(path) = self.locate(&arguments[0]) else {
            return Ok(127);
        };
        let looks_binary = scarlet::fs::read(&path)
            .map(|text| text.iter().take(256).any(|&byte| byte == 0))
            .unwrap_or(true);
        if looks_binary {
            let shown = String::from_utf8_lossy(&arguments[0]).into_owned();
            return self.fail(
                &format!("{shown}: {}", ErrorKind::NotExecutable.sentence()),
                126,
            );
        }
        let mut command = vec![b"/bin/sh".to_vec(), path];
        command.extend_from_slice(&arguments[1..]);
        self.run_program(&command, values)
    }

    /// Replaces the shell by a program.
    pub(crate) fn replace(&mut self, arguments: &[Vec<u8>]) -> Outcome {
        let Some(path) = self.locate(&arguments[0]) else {
            let shown = String::from_utf8_lossy(&arguments[0]).into_owned();
            self.complain(&format!("{shown}: not found"));
            return Err(Flow::Exit(127));
        };
        self.prepare_terminal();
        if let Err(error) = self.streams.install() {
            self.complain(&format!("exec: {error}"));
            return Err(Flow::Exit(126));
        }
        for event in crate::events::default_in_children() {
            let _ = scarlet::os::events::set_action(event, scarlet::os::events::Action::Default);
        }
        let mut command = Command::new(&path);
        command
            .arg0(&arguments[0])
            .args(&arguments[1..])
            .env_all(self.environment());
        let error = command.exec();
        let (message, status) = start_failure(&arguments[0], &error);
        eprintln!("sh: {message}");
        process::exit(status)
    }

    fn trace(&self, arguments: &[Vec<u8>]) {
        let text = format!("+ {}\n", shown_command(arguments));
        let _ = self.streams.write(2, text.as_bytes());
    }
}

/// The message and status for a program that could not be started.
pub(crate) fn start_failure(name: &[u8], error: &scarlet::io::Error) -> (String, i32) {
    let shown = String::from_utf8_lossy(name);
    match error.kind() {
        ErrorKind::NotFound => (format!("{shown}: not found"), 127),
        _ => (format!("{shown}: {error}"), 126),
    }
}

/// A command as a person reads it.
pub(crate) fn shown_command(arguments: &[Vec<u8>]) -> String {
    let words: Vec<String> = arguments
        .iter()
        .map(|one| String::from_utf8_lossy(one).into_owned())
        .collect();
    words.join(" ")
}
