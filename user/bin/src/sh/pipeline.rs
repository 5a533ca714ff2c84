//! Pipelines, subshells and command substitution: whatever needs more than one process.

use crate::simple::Meaning;
use crate::state::{Flow, Outcome, Shell};
use alloc::rc::Rc;
use scarlet::io::{self, ErrorKind};
use scarlet::os::OwnedHandle;
use scarlet::prelude::*;
use scarlet::process::{self, WaitFlags, WaitOutcome};
use shell::expand;
use shell::tree::{Chain, Command, CommandKind, List, Pipeline};

extern crate alloc;

/// Where a started process belongs.
#[derive(Clone, Copy)]
struct Place {
    /// Its group: 0 for a new one, `None` for the shell's own.
    group: Option<u32>,
    foreground: bool,
}

impl Shell {
    /// Runs a pipeline and waits for it.
    pub(crate) fn run_pipeline(&mut self, pipeline: &Pipeline) -> Outcome {
        let status = match pipeline.commands.as_slice() {
            [command] => self.run_command(command)?,
            _ => {
                self.prepare_terminal();
                match self.start(pipeline, true) {
                    Ok((group, members)) => {
                        let controls = self.controls_jobs();
                        let text = pipeline.text.clone();
                        let job = self.jobs.add(group, members, text, controls);
                        self.wait_for_job(job)?
                    }
                    Err(error) => {
                        // A first stage may have started, and have the terminal.
                        if let Some(session) = &mut self.session {
                            session.take_terminal();
                        }
                        return self.fail(&format!("cannot start: {error}"), 126);
                    }
                }
            }
        };
        Ok(if pipeline.negated {
            i32::from(status == 0)
        } else {
            status
        })
    }

    pub(crate) fn start_in_background(&mut self, pipeline: &Pipeline, text: &str) -> Outcome {
        match self.start(pipeline, false) {
            Ok((group, members)) => self.announce(group, members, text),
            Err(error) => self.fail(&format!("cannot start: {error}"), 126),
        }
    }

    pub(crate) fn start_chain_in_background(&mut self, chain: &Chain, text: &str) -> Outcome {
        let place = self.background_place();
        let before = self.background_streams();
        let started = self.fork_to(place, |shell| shell.run_chain(chain));
        self.streams = before;
        match started {
            Ok(child) => self.announce(child, vec![child], text),
            Err(error) => self.fail(&format!("cannot start: {error}"), 126),
        }
    }

    fn announce(&mut self, group: u32, members: Vec<u32>, text: &str) -> Outcome {
        self.last_background = members.last().copied();
        let controls = self.controls_jobs();
        let job = self.jobs.add(group, members, format!("{text} &"), controls);
        if self.session.is_some() {
            let line = format!("[{job}] {group}\n");
            let _ = self.streams.write(2, line.as_bytes());
        }
        Ok(0)
    }

    fn background_place(&self) -> Place {
        Place {
            group: self.controls_jobs().then_some(0),
            foreground: false,
        }
    }

    /// Without job control, what runs in the background does not read what is meant for the shell.
    fn background_streams(&mut self) -> crate::streams::Streams {
        let before = self.streams.clone();
        if !self.controls_jobs()
            && let Ok(nothing) = scarlet::fs::File::open("/dev/null")
        {
            self.streams.set(0, Rc::new(nothing.into_handle()));
        }
        before
    }

    /// Starts all commands of a pipeline; gives the group and the processes.
    fn start(&mut self, pipeline: &Pipeline, foreground: bool) -> io::Result<(u32, Vec<u32>)> {
        let before = if foreground {
            self.streams.clone()
        } else {
            self.background_streams()
        };
        let outer = self.streams.clone();
        let mut place = Place {
            group: self.controls_jobs().then_some(0),
            foreground,
        };
        let mut members = Vec::new();
        let mut input: Option<Rc<OwnedHandle>> = None;
        let mut failure = None;
        for (number, command) in pipeline.commands.iter().enumerate() {
            self.streams = outer.clone();
            if let Some(input) = input.take() {
                self.streams.set(0, input);
            }
            let last = number + 1 == pipeline.commands.len();
            if !last {
                match scarlet::os::pipe() {
                    Ok((reading, writing)) => {
                        self.streams.set(1, Rc::new(writing));
                        input = Some(Rc::new(reading));
                    }
                    Err(error) => {
                        failure = Some(error);
                        break;
                    }
                }
            }
            match self.start_one(command, place) {
                Ok(child) => {
                    members.push(child);
                    if place.group == Some(0) {
                        place.group = Some(child);
                    }
                }
                Err(error) => {
                    failure = Some(error);
                    break;
                }
            }
        }
        self.streams = before;
        match (members.first(), failure) {
            (Some(&group), None) => Ok((group, members)),
            // What was started ends by itself when its pipes are closed.
            (_, failure) => Err(failure.unwrap_or_else(|| ErrorKind::OutOfMemory.into())),
        }
    }

    /// Starts one command of a pipeline: a program directly, anything else in a copy of the shell.
    fn start_one(&mut self, command: &Command, place: Place) -> io::Result<u32> {
        if let CommandKind::Simple { assignments, words } = &command.kind
            && assignments.is_empty()
            && words.iter().all(is_harmless)
            && let Ok(arguments) = expand::arguments(words, self)
            && let Some(name) = arguments.first()
            && matches!(self.meaning(name), Meaning::Program)
        {
            let before = self.streams.clone();
            let redirected = self.redirect(&command.redirections);
            let started = match (redirected, self.command(&arguments, &[])) {
                (Ok(()), Ok(mut program)) => {
                    if let Some(group) = place.group {
                        program.group(group);
                    }
                    if let (true, Some(session)) = (place.foreground, &self.session) {
                        program.foreground(session.terminal());
                    }
                    program.spawn().ok()
                }
                _ => None,
            };
            self.streams = before;
            if let Some(child) = started {
                return Ok(child.id());
            }
            // The copy tries again, and fails with the right message on the right stream.
        }
        self.fork_to(place, |shell| shell.run_command(command))
    }

    /// Runs something in a copy of the shell.
    fn fork_to(
        &mut self,
        place: Place,
        run: impl FnOnce(&mut Shell) -> Outcome,
    ) -> io::Result<u32> {
        let Some(child) = process::fork()? else {
            self.become_subshell(place);
            let status = match run(self) {
                Ok(status) | Err(Flow::Exit(status) | Flow::Return(status)) => status,
                Err(_) => self.status,
            };
            let status = self.leave(status);
            process::exit(status)
        };
        if let Some(group) = place.group {
            // Both sides say so, because either may be first.
            let _ = process::set_group(child, group);
        }
        Ok(child)
    }

    fn become_subshell(&mut self, place: Place) {
        if let Some(group) = place.group {
            let _ = process::set_group(0, group);
            if let (true, Some(session)) = (place.foreground, &self.session) {
                session.give_terminal_to(process::information(0).map_or(0, |own| own.group));
            }
        }
        self.jobs = crate::jobs::Jobs::default();
        self.traps.forget();
        if let Some(session) = self.session.take() {
            session.abandon();
        }
        crate::events::reset();
        // The copy also got what the shell itself held, above all the reading end of the pipe that
        // it writes to: with that it would never hear that the reader is gone.
        self.streams.close_others();
    }

    /// `( … )`
    pub(crate) fn run_subshell(&mut self, list: &List) -> Outcome {
        self.prepare_terminal();
        let controls = self.controls_jobs();
        let place = Place {
            group: controls.then_some(0),
            foreground: true,
        };
        match self.fork_to(place, |shell| shell.run_list(list)) {
            Ok(child) => {
                let job = self
                    .jobs
                    .add(child, vec![child], String::from("( … )"), controls);
                self.wait_for_job(job)
            }
            Err(error) => self.fail(&format!("cannot start: {error}"), 126),
        }
    }

    /// `$( … )`: what it prints, without the newlines at the end.
    pub(crate) fn substitution(&mut self, list: &List) -> Result<Vec<u8>, String> {
        let failed = |error: io::Error| format!("command substitution: {error}");
        let (mut reading, writing) = scarlet::os::pipe().map_err(failed)?;
        let before = self.streams.clone();
        self.streams.set(1, Rc::new(writing));
        let place = Place {
            group: None,
            foreground: false,
        };
        let child = self.fork_to(place, |shell| shell.run_list(list));
        // The shell's own writing end must be closed before reading up to the end.
        self.streams = before;
        let child = child.map_err(failed)?;
        let mut output = Vec::new();
        let read = reading.read_to_end(&mut output);
        drop(reading);
        loop {
            match process::wait_for(child, WaitFlags::empty()) {
                Ok(Some(WaitOutcome::Ended(status))) => {
                    self.status = status.shell_status();
                    self.substituted = Some(self.status);
                    break;
                }
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        read.map_err(failed)?;
        while output.ends_with(b"\n") {
            output.pop();
        }
        Ok(output)
    }
}

/// Whether expanding a word changes nothing in the shell, so that it may be done in the parent.
fn is_harmless(word: &shell::tree::Word) -> bool {
    use shell::tree::{Operation, Part};
    fn harmless(part: &Part) -> bool {
        match part {
            Part::Text(_) | Part::Quoted(_) | Part::Tilde(_) => true,
            Part::DoubleQuoted(parts) => parts.iter().all(harmless),
            Part::Parameter(parameter) => matches!(parameter.operation, Operation::Value),
            Part::Substitution(_) | Part::Arithmetic(_) => false,
        }
    }
    word.parts.iter().all(harmless)
}
