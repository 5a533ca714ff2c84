//! The commands that are part of the shell, as one table.

mod conditions;
mod control;
mod directory;
mod jobs;
mod output;
mod reading;
mod settings;
mod variables;

use crate::state::{Outcome, Shell};
use scarlet::prelude::*;

/// A builtin: the shell and the arguments, the name first.
pub(crate) type Builtin = fn(&mut Shell, &[Vec<u8>]) -> Outcome;

/// One builtin.
struct Entry {
    name: &'static str,
    run: Builtin,
    /// Found before functions, because it changes the course of commands.
    special: bool,
    /// What `help` says.
    usage: &'static str,
}

const fn plain(name: &'static str, run: Builtin, usage: &'static str) -> Entry {
    Entry {
        name,
        run,
        special: false,
        usage,
    }
}

const fn special(name: &'static str, run: Builtin, usage: &'static str) -> Entry {
    Entry {
        name,
        run,
        special: true,
        usage,
    }
}

const TABLE: &[Entry] = &[
    special(":", control::nothing, ": does nothing"),
    special(
        ".",
        control::source,
        ". FILE [ARGUMENT…]: runs a file's commands here",
    ),
    plain(
        "[",
        conditions::bracket,
        "[ CONDITION ]: whether a condition holds",
    ),
    plain(
        "alias",
        settings::alias,
        "alias [NAME=TEXT…]: sets or shows aliases",
    ),
    plain(
        "bg",
        jobs::background,
        "bg [JOB…]: lets stopped jobs go on in the background",
    ),
    special("break", control::leave_loop, "break [LEVELS]: leaves loops"),
    plain(
        "cd",
        directory::change,
        "cd [DIRECTORY | -]: changes the working directory",
    ),
    plain(
        "command",
        control::command,
        "command [-v] NAME…: runs or finds a command, not a function",
    ),
    special(
        "continue",
        control::next_round,
        "continue [LEVELS]: begins a loop's next round",
    ),
    plain("echo", output::echo, "echo [-neE] WORD…: prints words"),
    special("eval", control::eval, "eval WORD…: runs words as a command"),
    special(
        "exec",
        control::exec,
        "exec [COMMAND]: replaces the shell, or redirects its own handles",
    ),
    special("exit", control::exit, "exit [STATUS]: ends the shell"),
    special(
        "export",
        variables::export,
        "export [NAME[=VALUE]…]: gives variables to programs",
    ),
    plain("false", control::failure, "false: fails"),
    plain(
        "fg",
        jobs::foreground,
        "fg [JOB]: lets a job go on in the foreground",
    ),
    plain("help", output::help, "help: lists these commands"),
    plain(
        "history",
        settings::history,
        "history [-c]: shows or forgets the lines typed",
    ),
    plain("jobs", jobs::list, "jobs [-p]: lists jobs"),
    plain(
        "kill",
        jobs::kill,
        "kill [-EVENT] PROCESS | %JOB…: sends an event; -l lists them",
    ),
    plain(
        "local",
        variables::local,
        "local NAME[=VALUE]…: makes variables a function's own",
    ),
    plain(
        "printf",
        output::printf,
        "printf FORMAT [ARGUMENT…]: prints formatted",
    ),
    plain(
        "pwd",
        directory::print_directory,
        "pwd [-P]: prints the working directory",
    ),
    plain(
        "read",
        reading::read,
        "read [-r] [-p PROMPT] [NAME…]: reads a line into variables",
    ),
    special(
        "readonly",
        variables::read_only,
        "readonly [NAME[=VALUE]…]: makes variables constant",
    ),
    special(
        "return",
        control::leave_function,
        "return [STATUS]: leaves a function",
    ),
    special(
        "set",
        settings::set,
        "set [-eufx] [-o NAME] [WORD…]: options and parameters",
    ),
    special(
        "shift",
        variables::shift,
        "shift [COUNT]: drops positional parameters",
    ),
    plain(
        "source",
        control::source,
        "source FILE [ARGUMENT…]: runs a file's commands here",
    ),
    plain(
        "test",
        conditions::test,
        "test CONDITION: whether a condition holds",
    ),
    special(
        "trap",
        settings::trap,
        "trap [COMMAND EVENT…]: runs a command when an event comes",
    ),
    plain("true", control::nothing, "true: succeeds"),
    plain(
        "type",
        settings::kind,
        "type NAME…: tells what a command is",
    ),
    plain(
        "umask",
        settings::umask,
        "umask [MASK]: permissions that new files do not get",
    ),
    plain(
        "unalias",
        settings::unalias,
        "unalias NAME… | -a: removes aliases",
    ),
    special(
        "unset",
        variables::unset,
        "unset [-fv] NAME…: removes variables or functions",
    ),
    plain(
        "wait",
        jobs::wait,
        "wait [PROCESS | %JOB…]: waits for background jobs",
    ),
];

fn entry(name: &[u8]) -> Option<&'static Entry> {
    TABLE.iter().find(|entry| entry.name.as_bytes() == name)
}

/// The special builtin with a name.
pub(crate) fn special_builtin(name: &[u8]) -> Option<Builtin> {
    entry(name)
        .filter(|entry| entry.special)
        .map(|entry| entry.run)
}

/// The builtin with a name.
pub(crate) fn find(name: &[u8]) -> Option<Builtin> {
    entry(name).map(|entry| entry.run)
}

/// All names.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|entry| entry.name)
}

/// Runs a builtin, with the terminal as usual: it may read or print.
pub(crate) fn run(shell: &mut Shell, builtin: Builtin, arguments: &[Vec<u8>]) -> Outcome {
    builtin(shell, arguments)
}

/// An argument as text.
fn text(argument: &[u8]) -> String {
    String::from_utf8_lossy(argument).into_owned()
}

/// Prints, or fails as a program does whose output is closed.
fn print(shell: &Shell, name: &str, output: &[u8]) -> Outcome {
    match shell.streams.write(1, output) {
        Ok(()) => Ok(0),
        Err(error) => shell.fail(&format!("{name}: {error}"), 1),
    }
}

/// A text that the shell reads as this one word.
fn quoted(text: &[u8]) -> Vec<u8> {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-./:=,+@%".contains(byte);
    if !text.is_empty() && text.iter().all(is_plain) {
        return text.to_vec();
    }
    let mut result = b"'".to_vec();
    for &byte in text {
        if byte == b'\'' {
            result.extend_from_slice(b"'\\''");
        } else {
            result.push(byte);
        }
    }
    result.push(b'\'');
    result
}
