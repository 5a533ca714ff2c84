//! The prompt: reading lines at a terminal, and keeping the terminal in order.

use crate::script::AliasTable;
use crate::state::{Flow, Outcome, Shell};
use scarlet::io::{self, ErrorKind};
use scarlet::os::terminal::{self, Mode};
use scarlet::os::{AsHandle, OwnedHandle};
use scarlet::prelude::*;
use scarlet::{env, fs, path, process};
use shell::editor::{Candidate, Completer, Editor, Event};
use shell::parse::{ParseError, Parser};

/// The shell's own handles are out of the way of what commands call by number.
const FIRST_OWN_HANDLE: usize = 10;

/// The terminal of an interactive shell.
pub(crate) struct Session {
    terminal: OwnedHandle,
    own_group: u32,
    editor: Editor,
    usual: Mode,
    is_raw: bool,
}

impl Session {
    fn open() -> io::Result<Session> {
        let terminal = OwnedHandle::duplicate(&0usize, FIRST_OWN_HANDLE, None)?;
        let usual = Mode::of(&terminal)?.usual();
        let own_group = process::information(0)?.group;
        Ok(Session {
            terminal,
            own_group,
            editor: Editor::new(),
            usual,
            is_raw: false,
        })
    }

    pub(crate) fn terminal(&self) -> &OwnedHandle {
        &self.terminal
    }

    /// A group of the shell's own, in the foreground, if the terminal lets it.
    fn take_charge(&mut self) {
        let own = process::id();
        if self.own_group != own && process::set_group(0, 0).is_ok() {
            self.own_group = own;
        }
        let _ = terminal::set_foreground(&self.terminal, self.own_group);
    }

    pub(crate) fn history(&mut self) -> &mut shell::editor::History {
        self.editor.history()
    }

    pub(crate) fn give_terminal_to(&self, group: u32) {
        let _ = terminal::set_foreground(&self.terminal, group);
    }

    /// After a command: the shell is in the foreground again, and keeps what the command made of the
    /// terminal only as far as programs agree on it.
    pub(crate) fn take_terminal(&mut self) {
        let _ = terminal::set_foreground(&self.terminal, self.own_group);
    }

    pub(crate) fn enter_usual_mode(&mut self) {
        if self.is_raw {
            let _ = self.usual.apply(&self.terminal);
            self.is_raw = false;
        }
    }

    fn enter_raw_mode(&mut self) {
        // A program may have left the terminal in any mode.
        let _ = self.usual.raw().apply(&self.terminal);
        self.is_raw = true;
    }

    /// A copy of the shell leaves the terminal alone.
    pub(crate) fn abandon(self) {}

    fn print(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            match io::write_handle(self.terminal.handle(), rest) {
                Ok(0) => return,
                Ok(length) => rest = &rest[length..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }
}

/// Runs the prompt until `exit` or the end of input.
pub(crate) fn run(shell: &mut Shell) -> Outcome {
    match Session::open() {
        Ok(session) => shell.session = Some(session),
        Err(error) => {
            // Asked for with `-i`, but there is no terminal.
            shell.complain(&format!("no terminal: {error}"));
            return crate::script::run_input(shell);
        }
    }
    shell.guard_against_terminal();
    if let Some(session) = &mut shell.session {
        session.take_charge();
        session.print(b"Scarlet Shell (Interactive Mode)\r\n");
    }
    if shell.value(b"PS1").is_none() {
        shell.put(b"PS1", b"\\$ ");
    }
    if shell.value(b"PS2").is_none() {
        shell.put(b"PS2", b"> ");
    }
    let mut warned = false;
    loop {
        let news = shell.jobs.news();
        if let Some(session) = &mut shell.session {
            session.print(news.replace('\n', "\r\n").as_bytes());
        }
        match read_command(shell) {
            Reading::Commands(text) => {
                warned = false;
                match run_line(shell, &text) {
                    Ok(_) | Err(Flow::Abandon | Flow::Break(_) | Flow::Continue(_)) => {}
                    Err(Flow::Return(status)) => shell.status = status,
                    Err(Flow::Exit(status)) => return leave(shell, status),
                }
            }
            Reading::Nothing => {}
            Reading::End => {
                let stopped = shell
                    .jobs
                    .0
                    .iter()
                    .any(|job| job.state() == crate::jobs::State::Stopped);
                if stopped && !warned {
                    shell.complain("there are stopped jobs; exit again to leave them");
                    warned = true;
                    continue;
                }
                return leave(shell, shell.status);
            }
        }
    }
}

fn leave(shell: &mut Shell, status: i32) -> Outcome {
    shell.prepare_terminal();
    // Whoever waits for the session should not wait for jobs that nobody can reach any more.
    for job in &shell.jobs.0 {
        if job.grouped {
            let _ = scarlet::os::events::send_group(job.group, scarlet::os::events::HANG_UP);
            let _ = scarlet::os::events::send_group(job.group, scarlet::os::events::CONTINUE);
        }
    }
    Err(Flow::Exit(status))
}

fn run_line(shell: &mut Shell, text: &str) -> Outcome {
    let aliases = AliasTable::of(shell);
    let mut parser = Parser::whole(text.as_bytes(), &aliases);
    shell.tested = 0;
    shell.loops = 0;
    shell.depth = 0;
    shell.locals.clear();
    loop {
        match parser.next_line() {
            Ok(Some(list)) => {
                shell.prepare_terminal();
                shell.run_list(&list)?;
            }
            Ok(None) => return Ok(shell.status),
            Err(error) => return crate::script::syntax_error(shell, &error),
        }
    }
}

enum Reading {
    Commands(String),
    Nothing,
    End,
}

/// Reads lines until they make whole commands.
fn read_command(shell: &mut Shell) -> Reading {
    let mut text = String::new();
    loop {
        let prompt = prompt(shell, if text.is_empty() { b"PS1" } else { b"PS2" });
        match read_line(shell, &prompt) {
            Event::Line(line) => {
                text.push_str(&line);
                text.push('\n');
            }
            Event::Interrupted => {
                shell.status = 130;
                return Reading::Nothing;
            }
            Event::EndOfInput if text.is_empty() => {
                if let Some(session) = &mut shell.session {
                    session.enter_usual_mode();
                }
                return Reading::End;
            }
            Event::EndOfInput => {
                shell.complain("syntax error: unexpected end");
                shell.status = 2;
                return Reading::Nothing;
            }
        }
        let aliases = AliasTable::of(shell);
        let mut parser = Parser::new(text.as_bytes(), &aliases);
        let incomplete = loop {
            match parser.next_line() {
                Ok(Some(_)) => {}
                Ok(None) | Err(ParseError::Syntax(_)) => break false,
                Err(ParseError::Incomplete) => break true,
            }
        };
        if !incomplete {
            if let Some(session) = &mut shell.session {
                session.editor.history().add(text.trim_end());
            }
            return Reading::Commands(text);
        }
    }
}

/// Reads one line with the editor.
fn read_line(shell: &mut Shell, prompt: &str) -> Event {
    let mut names = Names::of(shell);
    let Some(session) = &mut shell.session else {
        return Event::EndOfInput;
    };
    session.enter_raw_mode();
    let columns = terminal::window(&session.terminal).map_or(0, |(_, columns)| columns);
    let output = session.editor.begin(prompt, usize::from(columns));
    session.print(&output);
    let mut byte = [0];
    loop {
        match io::read_handle(session.terminal.handle(), &mut byte) {
            Ok(1) => {
                let step = session.editor.feed(byte[0], &mut names);
                session.print(&step.output);
                if let Some(event) = step.event {
                    return event;
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            _ => return Event::EndOfInput,
        }
    }
}

/// A prompt with its sequences replaced.
fn prompt(shell: &Shell, variable: &[u8]) -> String {
    let text = shell.value(variable).cloned().unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let mut result = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            result.push(character);
            continue;
        }
        match characters.next() {
            Some('$') => {
                let root = process::information(0).is_ok_and(|own| own.user == 0);
                result.push(if root { '#' } else { '$' });
            }
            Some('w') => result.push_str(&short_directory(shell)),
            Some('W') => {
                let directory = short_directory(shell);
                result.push_str(&String::from_utf8_lossy(path::file_name(
                    directory.as_bytes(),
                )));
            }
            Some('h') => {
                let host = scarlet::os::system::information();
                result.push_str(
                    &host.map_or(String::new(), |own| scarlet::os::system::field(&own.host)),
                );
            }
            Some('u') => result.push_str(&env::var("USER").unwrap_or_default()),
            Some('e') => result.push('\x1b'),
            Some('n') => result.push('\n'),
            Some(other) => result.push(other),
            None => result.push('\\'),
        }
    }
    result
}

fn short_directory(shell: &Shell) -> String {
    let directory = shell.value(b"PWD").cloned().unwrap_or_default();
    let directory = String::from_utf8_lossy(&directory).into_owned();
    let home = shell.value(b"HOME").cloned().unwrap_or_default();
    let home = String::from_utf8_lossy(&home).into_owned();
    match directory.strip_prefix(home.as_str()) {
        Some(rest) if home.len() > 1 && (rest.is_empty() || rest.starts_with('/')) => {
            format!("~{rest}")
        }
        _ => directory,
    }
}

/// What the Tab key knows.
struct Names {
    commands: Vec<String>,
    variables: Vec<String>,
    search_path: Vec<Vec<u8>>,
    home: Vec<u8>,
}

impl Names {
    fn of(shell: &Shell) -> Names {
        let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
        let mut commands: Vec<String> = crate::builtins::names().map(str::to_owned).collect();
        commands.extend(shell.functions.keys().map(text));
        commands.extend(shell.aliases.keys().map(text));
        commands.extend(shell::parse::RESERVED.iter().map(|&word| word.to_owned()));
        Names {
            commands,
            variables: shell.variables.keys().map(text).collect(),
            search_path: shell.search_path(),
            home: shell.value(b"HOME").cloned().unwrap_or_default(),
        }
    }
}

fn matching<'a>(names: impl Iterator<Item = &'a String>, start: &str) -> Vec<Candidate> {
    let fitting = names.filter(|name| name.starts_with(start));
    fitting
        .map(|name| Candidate {
            name: name.clone(),
            is_directory: false,
        })
        .collect()
}

impl Completer for Names {
    fn commands(&mut self, start: &str) -> Vec<Candidate> {
        let mut found = matching(self.commands.iter(), start);
        for directory in &self.search_path {
            let Ok(entries) = fs::read_dir(directory) else {
                continue;
            };
            for entry in entries.flatten() {
                let name = entry.name_text();
                if name.starts_with(start) && !entry.file_type().is_dir() {
                    found.push(Candidate {
                        name,
                        is_directory: false,
                    });
                }
            }
        }
        // Directories can begin a command's path.
        found.extend(
            self.paths("", start)
                .into_iter()
                .filter(|one| one.is_directory),
        );
        found
    }

    fn paths(&mut self, directory: &str, start: &str) -> Vec<Candidate> {
        let place = match directory.strip_prefix("~/") {
            Some(rest) => path::join(&self.home, rest),
            None if directory.is_empty() => b".".to_vec(),
            None => directory.as_bytes().to_vec(),
        };
        let Ok(entries) = fs::read_dir(&place) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for entry in entries.flatten() {
            let name = entry.name_text();
            let hidden = name.starts_with('.') && !start.starts_with('.');
            if hidden || !name.starts_with(start) {
                continue;
            }
            let mut is_directory = entry.file_type().is_dir();
            if entry.file_type().is_symlink() {
                is_directory = fs::metadata(entry.path()).is_ok_and(|target| target.is_dir());
            }
            found.push(Candidate { name, is_directory });
        }
        found
    }

    fn variables(&mut self, start: &str) -> Vec<Candidate> {
        matching(self.variables.iter(), start)
    }
}
