//! `login`: makes the console the terminal of its session, and starts root's shell in it.
//!
//! There is one user and no password, so there is nothing to ask. With `-c COMMAND` it says nothing and
//! runs the command; its status is the shell's.
#![no_std]
#![no_main]

use scarlet::io::{self, IsTerminal};
use scarlet::os::terminal;
use scarlet::prelude::*;
use scarlet::process::Command;
use scarlet::{env, fs};

scarlet::main!(main);

/// What root's line in `/etc/passwd` says of home and shell.
fn account() -> (String, String) {
    let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let line = accounts
        .lines()
        .find(|line| line.starts_with("root:"))
        .unwrap_or("");
    let field = |number: usize, otherwise: &str| {
        let text = line.split(':').nth(number).unwrap_or("");
        if text.is_empty() {
            otherwise.to_owned()
        } else {
            text.to_owned()
        }
    };
    (field(5, "/"), field(6, "/bin/sh"))
}

fn main() -> i32 {
    let mut arguments = env::args_bytes().into_iter().skip(1);
    let command = match (arguments.next().as_deref(), arguments.next()) {
        (None, _) => None,
        (Some(b"-c"), Some(command)) => Some(command),
        _ => {
            eprintln!("usage: login [-c COMMAND]");
            return 2;
        }
    };
    let is_terminal = io::stdin().is_terminal();
    if is_terminal && let Err(error) = terminal::attach(&io::stdin()) {
        eprintln!("login: the console cannot be the session's terminal: {error}");
    }
    let (home, program) = account();
    env::set_var("HOME", &home);
    env::set_var("SHELL", &program);
    env::set_var("LOGNAME", "root");
    env::set_var("USER", "root");
    let start_directory = if fs::exists(&home) {
        home
    } else {
        "/".to_owned()
    };
    let mut shell = Command::new(&program);
    match command {
        Some(command) => {
            shell.arg("-c").arg(command);
        }
        None => {
            println!("Login successful for user: root");
            shell.arg0("-sh").group(0);
            if is_terminal {
                shell.foreground(&io::stdin());
            }
        }
    }
    shell.current_dir(&start_directory);
    match shell.status() {
        Ok(status) => status.shell_status(),
        Err(error) => {
            eprintln!("login: {program}: {error}");
            127
        }
    }
}
