//! `sh`: the Scarlet shell.
//!
//! The language and the line editor are the crate `shell`; here the tree is run.
//!
//! * [`shell::Shell`](state::Shell) is all that a shell knows; `host` lets expansion ask it.
//! * `run` runs lists, pipelines and compound commands; `simple` a command with its arguments.
//! * `streams` holds where handles lead. Redirections change that table, never the shell's own
//!   handles: a child gets exactly the table's handles, and there is nothing to restore.
//! * `jobs` knows the children, `builtins` the commands that are part of the shell.
//! * `interactive` is the prompt, `script` everything else that commands come from.
//!
//! A command that is a program is spawned; a subshell is a fork.
#![no_std]
#![no_main]

mod builtins;
mod events;
mod host;
mod interactive;
mod jobs;
mod locate;
mod pipeline;
mod run;
mod script;
mod simple;
mod state;
mod streams;

use scarlet::io::IsTerminal;
use scarlet::prelude::*;
use scarlet::{env, io, process};
use state::{Flow, Shell};

scarlet::main!(main);

/// What the command line asked for.
#[derive(Default)]
struct Start {
    command: Option<Vec<u8>>,
    file: Option<Vec<u8>>,
    positional: Vec<Vec<u8>>,
    interactive: bool,
    login: bool,
    options: Vec<u8>,
}

fn read_arguments() -> Result<Start, String> {
    let mut arguments = env::args_bytes().into_iter();
    let mut start = Start::default();
    let name = arguments.next().unwrap_or_else(|| b"sh".to_vec());
    start.login = name.starts_with(b"-");
    start.positional.push(name);
    let mut takes_command = false;
    let mut rest: Vec<Vec<u8>> = Vec::new();
    while let Some(argument) = arguments.next() {
        match argument.as_slice() {
            b"--" => {
                rest.extend(arguments);
                break;
            }
            [b'-', letters @ ..] if !letters.is_empty() => {
                for &letter in letters {
                    match letter {
                        b'c' => takes_command = true,
                        b'i' => start.interactive = true,
                        b'l' => start.login = true,
                        b's' => {}
                        b'e' | b'u' | b'x' | b'f' => start.options.push(letter),
                        other => return Err(format!("option -{} is not known", other as char)),
                    }
                }
            }
            _ => {
                rest.push(argument);
                rest.extend(arguments);
                break;
            }
        }
    }
    let mut rest = rest.into_iter();
    if takes_command {
        start.command = Some(rest.next().ok_or("option -c wants a command")?);
        if let Some(name) = rest.next() {
            start.positional[0] = name;
        }
    } else if let Some(file) = rest.next() {
        start.positional[0] = file.clone();
        start.file = Some(file);
    }
    start.positional.extend(rest);
    Ok(start)
}

fn main() -> i32 {
    let start = match read_arguments() {
        Ok(start) => start,
        Err(message) => {
            eprintln!("sh: {message}");
            return 2;
        }
    };
    let mut shell = Shell::new(start.positional);
    for option in start.options {
        shell.options.set(option, true);
    }
    if start.login {
        for file in [&b"/etc/profile"[..], b"/root/.profile"] {
            script::run_if_there(&mut shell, file);
        }
    }
    let from_terminal = start.command.is_none() && start.file.is_none();
    let talks = from_terminal && io::stdin().is_terminal() && io::stderr().is_terminal();
    let flow = if let Some(command) = start.command {
        script::run_text(&mut shell, &command)
    } else if let Some(file) = start.file {
        script::run_file(&mut shell, &file)
    } else if start.interactive || talks {
        interactive::run(&mut shell)
    } else {
        script::run_input(&mut shell)
    };
    let status = match flow {
        Ok(status) | Err(Flow::Exit(status) | Flow::Return(status)) => status,
        Err(_) => shell.status,
    };
    let status = shell.leave(status);
    process::exit(status)
}
