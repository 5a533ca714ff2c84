//! The shell of the xv6 environment: lists (`;`), background (`&`), pipes (`|`), redirections
//! (`<`, `>`, `>>`), groups (`( )`), and `cd`.
//!
//! A line is parsed and run in a child, which is the tree's interpreter: what it allocates goes
//! with it.
#![cfg_attr(target_os = "none", no_std, no_main)]
extern crate alloc;
use alloc::{boxed::Box, vec::Vec};
use xv6::{
    CREATE, Fd, READ_ONLY, READ_WRITE, TRUNCATE, WRITE_ONLY, change_directory, close, complain,
    duplicate, exec, exit, fork, open, pipe, read_line, text, wait, write,
};

xv6::main!(program);

/// What a line says.
enum Command {
    Simple {
        words: Vec<Vec<u8>>,
        redirections: Vec<Redirection>,
    },
    Group {
        body: Box<Command>,
        redirections: Vec<Redirection>,
    },
    Pipe(Box<Command>, Box<Command>),
    List(Box<Command>, Box<Command>),
    Background(Box<Command>),
}

struct Redirection {
    descriptor: Fd,
    path: Vec<u8>,
    mode: i32,
}

fn program(_arguments: &[&[u8]]) -> i32 {
    // Make sure that the three standard descriptors are open.
    while let Ok(descriptor) = open(b"console", READ_WRITE) {
        if descriptor >= 3 {
            let _ = close(descriptor);
            break;
        }
    }
    loop {
        let _ = write(2, b"$ ");
        let Ok(Some(line)) = read_line(0) else {
            return 0;
        };
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        // `cd` must happen here, not in a child.
        if line == b"cd" || line.starts_with(b"cd ") {
            let path = line[2..].trim_ascii();
            if change_directory(if path.is_empty() { b"/" } else { path }).is_err() {
                complain!("cannot cd {}", text(path));
            }
            continue;
        }
        match fork() {
            Err(_) => complain!("fork failed"),
            Ok(0) => exit(interpret(line)),
            Ok(child) => {
                // Background processes of earlier lines may end now as well.
                while wait().is_ok_and(|(ended, _)| ended != child) {}
            }
        }
    }
}

fn interpret(line: &[u8]) -> i32 {
    let mut parser = Parser { rest: line };
    match parser.list() {
        Ok(command) if parser.peek().is_none() => run(command),
        Ok(_) => {
            complain!("syntax: leftovers: {}", text(parser.rest));
            1
        }
        Err(reason) => {
            complain!("syntax: {reason}");
            1
        }
    }
}

/// Runs a command in this process, which ends with it.
fn run(command: Command) -> i32 {
    match command {
        Command::Simple {
            words,
            redirections,
        } => {
            if !redirect(redirections) {
                return 1;
            }
            let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
            let Some(name) = words.first() else { return 0 };
            exec(name, &words);
            complain!("exec {} failed", text(name));
            1
        }
        Command::Group { body, redirections } => {
            if redirect(redirections) {
                run(*body)
            } else {
                1
            }
        }
        Command::List(first, second) => {
            let Some(child) = spawn(*first) else { return 1 };
            while wait().is_ok_and(|(ended, _)| ended != child) {}
            run(*second)
        }
        Command::Background(body) => i32::from(spawn(*body).is_none()),
        Command::Pipe(left, right) => run_pipe(*left, *right),
    }
}

fn run_pipe(left: Command, right: Command) -> i32 {
    let Ok((reader, writer)) = pipe() else {
        complain!("pipe failed");
        return 1;
    };
    let mut children = 0;
    for (end, standard, side) in [(writer, 1, left), (reader, 0, right)] {
        match fork() {
            Err(_) => complain!("fork failed"),
            Ok(0) => {
                let _ = close(standard);
                let _ = duplicate(end);
                let _ = close(reader);
                let _ = close(writer);
                exit(run(side));
            }
            Ok(_) => children += 1,
        }
    }
    let _ = close(reader);
    let _ = close(writer);
    for _ in 0..children {
        let _ = wait();
    }
    0
}

fn spawn(command: Command) -> Option<i32> {
    match fork() {
        Err(_) => {
            complain!("fork failed");
            None
        }
        Ok(0) => exit(run(command)),
        Ok(child) => Some(child),
    }
}

fn redirect(redirections: Vec<Redirection>) -> bool {
    for Redirection {
        descriptor,
        path,
        mode,
    } in redirections
    {
        let _ = close(descriptor);
        // The lowest free descriptor is the one just closed.
        let Ok(opened) = open(&path, mode) else {
            complain!("open {} failed", text(&path));
            return false;
        };
        if mode & (CREATE | TRUNCATE) == CREATE {
            // `>>`: the ABI has no seek; reading to the end moves there.
            let mut buffer = [0; 512];
            while xv6::read(opened, &mut buffer).is_ok_and(|length| length > 0) {}
        }
    }
    true
}

struct Parser<'a> {
    rest: &'a [u8],
}

impl Parser<'_> {
    fn peek(&mut self) -> Option<u8> {
        self.rest = self.rest.trim_ascii_start();
        self.rest.first().copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.rest = &self.rest[1..];
        }
        found
    }

    fn list(&mut self) -> Result<Command, &'static str> {
        let mut command = self.pipeline()?;
        while self.take(b'&') {
            command = Command::Background(Box::new(command));
            if !matches!(self.peek(), None | Some(b')' | b'&' | b';')) {
                return Ok(Command::List(Box::new(command), Box::new(self.list()?)));
            }
        }
        if self.take(b';') && !matches!(self.peek(), None | Some(b')')) {
            return Ok(Command::List(Box::new(command), Box::new(self.list()?)));
        }
        Ok(command)
    }

    fn pipeline(&mut self) -> Result<Command, &'static str> {
        let command = self.simple()?;
        if self.take(b'|') {
            return Ok(Command::Pipe(Box::new(command), Box::new(self.pipeline()?)));
        }
        Ok(command)
    }

    fn simple(&mut self) -> Result<Command, &'static str> {
        let mut redirections = Vec::new();
        if self.take(b'(') {
            let body = Box::new(self.list()?);
            if !self.take(b')') {
                return Err("missing )");
            }
            while self.redirection(&mut redirections)? {}
            return Ok(Command::Group { body, redirections });
        }
        let mut words = Vec::new();
        loop {
            if self.redirection(&mut redirections)? {
                continue;
            }
            match self.word() {
                Some(word) => words.push(word),
                None => break,
            }
        }
        if words.is_empty() {
            return Err("missing command");
        }
        Ok(Command::Simple {
            words,
            redirections,
        })
    }

    fn redirection(&mut self, redirections: &mut Vec<Redirection>) -> Result<bool, &'static str> {
        let (descriptor, mode) = if self.take(b'<') {
            (0, READ_ONLY)
        } else if self.take(b'>') {
            if self.rest.first() == Some(&b'>') {
                self.rest = &self.rest[1..];
                (1, READ_WRITE | CREATE)
            } else {
                (1, WRITE_ONLY | CREATE | TRUNCATE)
            }
        } else {
            return Ok(false);
        };
        let path = self.word().ok_or("missing file for redirection")?;
        redirections.push(Redirection {
            descriptor,
            path,
            mode,
        });
        Ok(true)
    }

    fn word(&mut self) -> Option<Vec<u8>> {
        self.peek()?;
        let end = self
            .rest
            .iter()
            .position(|byte| byte.is_ascii_whitespace() || b"<|>&;()".contains(byte))
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!word.is_empty()).then(|| word.to_vec())
    }
}
