//! The children: which there are, what they do, who is in the foreground.

use crate::state::{Flow, Outcome, Shell};
use scarlet::io::ErrorKind;
use scarlet::os::events;
use scarlet::prelude::*;
use scarlet::process::{self, ExitStatus, WaitFlags, WaitOutcome};

/// What one process of a job does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Running,
    Stopped,
    Done(ExitStatus),
}

/// A pipeline that was started.
pub(crate) struct Job {
    pub(crate) number: usize,
    pub(crate) group: u32,
    pub(crate) members: Vec<(u32, State)>,
    pub(crate) text: String,
    /// It has a process group of its own.
    pub(crate) grouped: bool,
    /// What was last told about it.
    told: State,
}

impl Job {
    /// What the job as a whole does.
    pub(crate) fn state(&self) -> State {
        if self
            .members
            .iter()
            .any(|(_, state)| *state == State::Running)
        {
            return State::Running;
        }
        if self
            .members
            .iter()
            .any(|(_, state)| *state == State::Stopped)
        {
            return State::Stopped;
        }
        self.members
            .last()
            .map_or(State::Done(ExitStatus::Code(0)), |(_, state)| *state)
    }

    /// What was stopped was just sent something that makes it go on, or end: it is waited for again.
    pub(crate) fn no_longer_stopped(&mut self) {
        for (_, state) in &mut self.members {
            if *state == State::Stopped {
                *state = State::Running;
            }
        }
    }

    /// Whether all its processes have ended.
    pub(crate) fn is_done(&self) -> bool {
        matches!(self.state(), State::Done(_))
    }

    /// The job's status: that of its last process, or with `any_failure` of the last that failed.
    fn status(&self, any_failure: bool) -> i32 {
        let mut statuses = self.members.iter().map(|(_, state)| match state {
            State::Done(status) => status.shell_status(),
            State::Stopped => 128 + events::TERMINAL_STOP as i32,
            State::Running => 0,
        });
        if any_failure {
            return statuses.rev().find(|status| *status != 0).unwrap_or(0);
        }
        statuses.next_back().unwrap_or(0)
    }

    /// The line of `jobs`.
    pub(crate) fn line(&self, is_current: bool) -> String {
        let state = match self.state() {
            State::Running => String::from("Running"),
            State::Stopped => String::from("Stopped"),
            State::Done(ExitStatus::Code(0)) => String::from("Done"),
            State::Done(ExitStatus::Code(code)) => format!("Exit {code}"),
            State::Done(ExitStatus::Event(event)) => ending(event),
        };
        let mark = if is_current { '+' } else { ' ' };
        format!("[{}]{mark} {state:<12} {}\n", self.number, self.text)
    }
}

/// How a person is told that an event ended a process.
fn ending(event: u32) -> String {
    match event {
        events::KILL => String::from("Killed"),
        events::TERMINATE => String::from("Terminated"),
        events::MEMORY => String::from("Memory fault"),
        events::ABORT => String::from("Aborted"),
        events::HANG_UP => String::from("Hung up"),
        events::QUIT => String::from("Quit"),
        events::BUS => String::from("Bus error"),
        events::ILLEGAL => String::from("Illegal instruction"),
        _ => format!("Ended by {}", events::name_of(event).unwrap_or("an event")),
    }
}

/// All jobs, oldest first.
#[derive(Default)]
pub(crate) struct Jobs(pub(crate) Vec<Job>);

impl Jobs {
    /// Notes a started job; gives its number.
    pub(crate) fn add(
        &mut self,
        group: u32,
        members: Vec<u32>,
        text: String,
        grouped: bool,
    ) -> usize {
        let number = self.0.iter().map(|job| job.number).max().unwrap_or(0) + 1;
        let members = members
            .into_iter()
            .map(|member| (member, State::Running))
            .collect();
        self.0.push(Job {
            number,
            group,
            members,
            text,
            grouped,
            told: State::Running,
        });
        number
    }

    pub(crate) fn get(&self, number: usize) -> Option<&Job> {
        self.0.iter().find(|job| job.number == number)
    }

    pub(crate) fn get_mut(&mut self, number: usize) -> Option<&mut Job> {
        self.0.iter_mut().find(|job| job.number == number)
    }

    pub(crate) fn remove(&mut self, number: usize) {
        self.0.retain(|job| job.number != number);
    }

    /// The job that `fg` without a name means: the last stopped one, else the last.
    pub(crate) fn current(&self) -> Option<usize> {
        let stopped = self
            .0
            .iter()
            .rev()
            .find(|job| job.state() == State::Stopped);
        stopped.or(self.0.last()).map(|job| job.number)
    }

    /// The job that `%…` means.
    pub(crate) fn named(&self, name: &str) -> Option<usize> {
        let name = name.strip_prefix('%').unwrap_or(name);
        match name {
            "" | "%" | "+" => self.current(),
            "-" => self.0.iter().rev().nth(1).map(|job| job.number),
            _ => match name.parse() {
                Ok(number) => self.get(number).map(|job| job.number),
                Err(_) => self
                    .0
                    .iter()
                    .find(|job| job.text.starts_with(name))
                    .map(|job| job.number),
            },
        }
    }

    /// The job with this process.
    pub(crate) fn of_process(&self, process: u32) -> Option<usize> {
        let has = |job: &&Job| job.members.iter().any(|(member, _)| *member == process);
        self.0.iter().find(has).map(|job| job.number)
    }

    fn note(&mut self, process: u32, outcome: WaitOutcome) {
        let members = self.0.iter_mut().flat_map(|job| job.members.iter_mut());
        for (member, state) in members {
            if *member == process {
                *state = match outcome {
                    WaitOutcome::Ended(status) => State::Done(status),
                    WaitOutcome::Stopped(_) => State::Stopped,
                    WaitOutcome::Continued => State::Running,
                };
            }
        }
    }

    /// Hears the news of all children without waiting.
    pub(crate) fn refresh(&mut self) {
        let flags = WaitFlags::NO_HANG | WaitFlags::STOPPED | WaitFlags::CONTINUED;
        while let Ok(Some((process, outcome))) = process::wait_any(flags) {
            self.note(process, outcome);
        }
    }

    /// The lines that a prompt shows for jobs whose state has changed; done jobs are forgotten.
    pub(crate) fn news(&mut self) -> String {
        self.refresh();
        let current = self.current();
        let mut lines = String::new();
        for job in &mut self.0 {
            let state = job.state();
            if state != job.told && state != State::Running {
                lines.push_str(&job.line(Some(job.number) == current));
            }
            job.told = state;
        }
        self.0.retain(|job| !job.is_done());
        lines
    }
}

impl Shell {
    /// Whether jobs get process groups of their own.
    pub(crate) fn controls_jobs(&self) -> bool {
        self.session.is_some()
    }

    /// Before a command has the terminal: it becomes as programs expect it.
    pub(crate) fn prepare_terminal(&mut self) {
        if let Some(session) = &mut self.session {
            session.enter_usual_mode();
        }
    }

    /// Waits until a job in the foreground is done or stopped, and takes the terminal back.
    pub(crate) fn wait_for_job(&mut self, number: usize) -> Outcome {
        let mut interrupted = false;
        while self.jobs.get(number).map(Job::state) == Some(State::Running) {
            match process::wait_any(WaitFlags::STOPPED | WaitFlags::CONTINUED) {
                Ok(Some((process, outcome))) => self.jobs.note(process, outcome),
                Ok(None) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {
                    // A job without its own group got the same event, and decides for itself.
                    interrupted |= self.take_interrupt();
                }
                Err(_) => break,
            }
        }
        if let Some(session) = &mut self.session {
            session.take_terminal();
        }
        let any_failure = self.options.pipeline_fails;
        let Some(job) = self.jobs.get_mut(number) else {
            return Ok(0);
        };
        let status = job.status(any_failure);
        let state = job.state();
        job.told = state;
        if state == State::Stopped {
            if self.session.is_some() {
                let line = format!(
                    "\n{}",
                    self.jobs
                        .get(number)
                        .map_or(String::new(), |job| job.line(true))
                );
                let _ = self.streams.write(2, line.as_bytes());
            }
            return Ok(status);
        }
        self.jobs.remove(number);
        if let State::Done(ExitStatus::Event(event)) = state {
            self.tell_of_event(event);
            if event == events::INTERRUPT && self.session.is_some() {
                self.status = status;
                return Err(Flow::Abandon);
            }
        }
        if interrupted && self.session.is_some() {
            self.status = status;
            return Err(Flow::Abandon);
        }
        Ok(status)
    }

    fn tell_of_event(&self, event: u32) {
        match event {
            events::INTERRUPT => {
                if self.session.is_some() {
                    let _ = self.streams.write(2, b"\n");
                }
            }
            events::PIPE => {}
            _ => {
                let line = format!("{}\n", ending(event));
                let _ = self.streams.write(2, line.as_bytes());
            }
        }
    }

    /// Lets a stopped or background job go on.
    pub(crate) fn continue_job(&mut self, number: usize, foreground: bool) -> Outcome {
        let Some(job) = self.jobs.get_mut(number) else {
            return Ok(1);
        };
        job.no_longer_stopped();
        job.told = State::Running;
        let (group, grouped) = (job.group, job.grouped);
        let text = job.text.trim_end_matches(" &").to_owned();
        if foreground {
            job.text.clone_from(&text);
            let _ = self.streams.write(1, format!("{text}\n").as_bytes());
            self.prepare_terminal();
            if let (true, Some(session)) = (grouped, &self.session) {
                session.give_terminal_to(group);
            }
        } else {
            job.text = format!("{text} &");
            let _ = self
                .streams
                .write(1, format!("[{number}] {text} &\n").as_bytes());
        }
        let sent = if grouped {
            events::send_group(group, events::CONTINUE)
        } else {
            events::send(group, events::CONTINUE)
        };
        if let Err(error) = sent {
            return self.fail(&format!("{error}"), 1);
        }
        if foreground {
            self.wait_for_job(number)
        } else {
            Ok(0)
        }
    }
}
