//! Running the tree: lists, chains and compound commands.

use crate::state::{Flow, Outcome, Shell};
use alloc::rc::Rc;
use scarlet::prelude::*;
use scarlet::{fs, io};
use shell::expand;
use shell::pattern;
use shell::tree::{Chain, Command, CommandKind, Connector, Item, List, Redirection, Target, Word};

extern crate alloc;

impl Shell {
    /// Runs commands one after another.
    pub(crate) fn run_list(&mut self, list: &List) -> Outcome {
        for item in &list.items {
            self.check_events()?;
            if item.background {
                self.run_background(item)?;
            } else {
                self.run_chain(&item.chain)?;
            }
        }
        Ok(self.status)
    }

    fn run_background(&mut self, item: &Item) -> Outcome {
        let outcome = match item.chain.rest.as_slice() {
            [] => self.start_in_background(&item.chain.first, &item.text),
            // A whole chain in the background is one subshell.
            _ => {
                let chain = item.chain.clone();
                self.start_chain_in_background(&chain, &item.text)
            }
        };
        self.status = outcome?;
        Ok(self.status)
    }

    /// Runs pipelines joined by `&&` and `||`.
    pub(crate) fn run_chain(&mut self, chain: &Chain) -> Outcome {
        let mut rest = chain.rest.iter().peekable();
        let mut next = Some(&chain.first);
        while let Some(pipeline) = next.take() {
            let tested = rest.peek().is_some() || pipeline.negated;
            self.tested += usize::from(tested);
            let outcome = self.run_pipeline(pipeline);
            self.tested -= usize::from(tested);
            self.status = outcome?;
            if self.status != 0 && !tested {
                self.failed()?;
            }
            for (connector, pipeline) in rest.by_ref() {
                if (*connector == Connector::And) == (self.status == 0) {
                    next = Some(pipeline);
                    break;
                }
            }
        }
        Ok(self.status)
    }

    /// `set -e`
    fn failed(&mut self) -> Result<(), Flow> {
        if self.options.exit_on_failure && self.tested == 0 {
            return Err(Flow::Exit(self.status));
        }
        Ok(())
    }

    /// Runs one command here.
    pub(crate) fn run_command(&mut self, command: &Command) -> Outcome {
        if let CommandKind::Simple { assignments, words } = &command.kind {
            return self.run_simple(assignments, words, &command.redirections);
        }
        let before = self.streams.clone();
        if let Err(message) = self.redirect(&command.redirections) {
            self.streams = before;
            return self.fail(&message, 1);
        }
        let outcome = self.deeper(|shell| shell.run_compound(&command.kind));
        self.streams = before;
        outcome
    }

    fn run_compound(&mut self, kind: &CommandKind) -> Outcome {
        match kind {
            CommandKind::Simple { assignments, words } => self.run_simple(assignments, words, &[]),
            CommandKind::Group(list) => self.run_list(list),
            CommandKind::Subshell(list) => self.run_subshell(list),
            CommandKind::If(branches, otherwise) => self.run_if(branches, otherwise.as_ref()),
            CommandKind::Loop {
                until,
                condition,
                body,
            } => self.run_loop(*until, condition, body),
            CommandKind::For { name, words, body } => self.run_for(name, words.as_deref(), body),
            CommandKind::Case { word, arms } => self.run_case(word, arms),
            CommandKind::Function { name, body } => {
                self.functions.insert(name.clone(), body.clone());
                Ok(0)
            }
        }
    }

    fn condition(&mut self, list: &List) -> Result<bool, Flow> {
        self.tested += 1;
        let outcome = self.run_list(list);
        self.tested -= 1;
        Ok(outcome? == 0)
    }

    fn run_if(&mut self, branches: &[(List, List)], otherwise: Option<&List>) -> Outcome {
        for (condition, branch) in branches {
            if self.condition(condition)? {
                return self.run_list(branch);
            }
        }
        self.status = 0;
        match otherwise {
            Some(branch) => self.run_list(branch),
            None => Ok(0),
        }
    }

    /// One round of a loop; whether there may be another.
    fn round(&mut self, body: &List) -> Result<bool, Flow> {
        self.loops += 1;
        let outcome = self.run_list(body);
        self.loops -= 1;
        match outcome {
            Ok(_) | Err(Flow::Continue(0 | 1)) => Ok(true),
            Err(Flow::Break(0 | 1)) => Ok(false),
            Err(Flow::Continue(levels)) => Err(Flow::Continue(levels - 1)),
            Err(Flow::Break(levels)) => Err(Flow::Break(levels - 1)),
            Err(other) => Err(other),
        }
    }

    fn run_loop(&mut self, until: bool, condition: &List, body: &List) -> Outcome {
        let mut status = 0;
        loop {
            self.check_events()?;
            self.loops += 1;
            let holds = self.condition(condition);
            self.loops -= 1;
            let holds = match holds {
                Err(Flow::Break(0 | 1)) => break,
                Err(Flow::Continue(0 | 1)) => continue,
                other => other?,
            };
            if holds == until {
                break;
            }
            let goes_on = self.round(body)?;
            status = self.status;
            if !goes_on {
                break;
            }
        }
        self.status = status;
        Ok(status)
    }

    fn run_for(&mut self, name: &[u8], words: Option<&[Word]>, body: &List) -> Outcome {
        let values = match words {
            Some(words) => match expand::arguments(words, self) {
                Ok(values) => values,
                Err(message) => return self.expansion_failed(&message),
            },
            None => self.positional.iter().skip(1).cloned().collect(),
        };
        self.status = 0;
        for value in values {
            if let Err(message) = self.assign(name, value) {
                return self.fail(&message, 1);
            }
            if !self.round(body)? {
                break;
            }
        }
        Ok(self.status)
    }

    fn run_case(&mut self, word: &Word, arms: &[(Vec<Word>, List)]) -> Outcome {
        let text = match expand::single(word, self) {
            Ok(text) => text,
            Err(message) => return self.expansion_failed(&message),
        };
        for (patterns, list) in arms {
            for word in patterns {
                let pattern = match expand::pattern(word, self) {
                    Ok(pattern) => pattern,
                    Err(message) => return self.expansion_failed(&message),
                };
                if pattern::matches(&pattern, &text) {
                    self.status = 0;
                    return self.run_list(list);
                }
            }
        }
        Ok(0)
    }

    /// A word that has no value: the command is not run; outside of a prompt that ends the shell.
    pub(crate) fn expansion_failed(&mut self, message: &str) -> Outcome {
        self.complain(message);
        self.status = 1;
        Err(if self.session.is_some() {
            Flow::Abandon
        } else {
            Flow::Exit(1)
        })
    }

    /// Lets handles lead elsewhere from now on.
    pub(crate) fn redirect(&mut self, redirections: &[Redirection]) -> Result<(), String> {
        for redirection in redirections {
            self.redirect_one(redirection)?;
        }
        Ok(())
    }

    fn redirect_one(&mut self, redirection: &Redirection) -> Result<(), String> {
        let handle = redirection.handle;
        let mut options = fs::OpenOptions::new();
        let word = match &redirection.target {
            Target::Read(word) => {
                options.read(true);
                word
            }
            Target::Write(word) => {
                options.write(true).create(true).truncate(true);
                word
            }
            Target::Append(word) => {
                options.append(true).create(true);
                word
            }
            Target::ReadWrite(word) => {
                options.read(true).write(true).create(true);
                word
            }
            Target::Duplicate(word) => {
                let text = expand::single(word, self)?;
                return self.duplicate(handle, &text);
            }
            Target::Here(body) => {
                let word = body.get().cloned().unwrap_or_default();
                let text = expand::single(&word, self)?;
                let file = self
                    .here_document(&text)
                    .map_err(|error| format!("<<: {error}"))?;
                self.streams.set(handle, file);
                return Ok(());
            }
        };
        let path = expand::single(word, self)?;
        let shown = String::from_utf8_lossy(&path).into_owned();
        let file = options
            .open(&path)
            .map_err(|error| format!("{shown}: {error}"))?;
        self.streams.set(handle, Rc::new(file.into_handle()));
        Ok(())
    }

    fn duplicate(&mut self, handle: u32, text: &[u8]) -> Result<(), String> {
        if text == b"-" {
            self.streams.close(handle);
            return Ok(());
        }
        let shown = String::from_utf8_lossy(text);
        let number: u32 = shown
            .parse()
            .map_err(|_| format!("'{shown}' is not a handle's number"))?;
        if self.streams.copy(number, handle) {
            Ok(())
        } else {
            Err(format!("{number}: {}", io::ErrorKind::BadHandle.sentence()))
        }
    }

    /// A handle from which a text can be read: a pipe if it fits, else a file without a name.
    fn here_document(&self, text: &[u8]) -> io::Result<Rc<scarlet::os::OwnedHandle>> {
        const PIPE_ROOM: usize = 4096;
        if text.len() <= PIPE_ROOM {
            let (reading, mut writing) = scarlet::os::pipe()?;
            writing.write_all(text)?;
            return Ok(Rc::new(reading));
        }
        let path = format!("/tmp/sh-here-{}-{}", self.process, scarlet::time::now_ns());
        let mut options = fs::OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        let reading = fs::File::open(&path);
        let _ = fs::remove_file(&path);
        file.write_all(text)?;
        Ok(Rc::new(reading?.into_handle()))
    }
}
