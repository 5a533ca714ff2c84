//! Builtins that change the course of commands.

use super::{find, print, text};
use crate::script;
use crate::simple::Meaning;
use crate::state::{Flow, Outcome, Shell};
use scarlet::prelude::*;

pub(super) fn nothing(_shell: &mut Shell, _arguments: &[Vec<u8>]) -> Outcome {
    Ok(0)
}

pub(super) fn failure(_shell: &mut Shell, _arguments: &[Vec<u8>]) -> Outcome {
    Ok(1)
}

/// The number given as the first argument, or `otherwise`.
fn number(shell: &Shell, arguments: &[Vec<u8>], otherwise: i32) -> Result<i32, Outcome> {
    match arguments.get(1) {
        None => Ok(otherwise),
        Some(argument) => text(argument).parse().map_err(|_| {
            let message = format!(
                "{}: '{}' is not a number",
                text(&arguments[0]),
                text(argument)
            );
            shell.fail(&message, 2)
        }),
    }
}

pub(super) fn exit(shell: &mut Shell, arguments: &[Vec<u8>]) -> Outcome {
    match number(shell, arguments, shell.status) {
        Ok(status) => Err(Flow::Exit(status & 0xff)),
        Err(_) => Err(Flow::Exit(2)),
    }
}

pub(super) fn leave_function(shell: &mut Shell, arguments: &[Vec<u8>]) -> Outcome {
    match number(shell, arguments, shell.status) {
        Ok(status) => Err(Flow::Return(status & 0xff)),
        Err(outcome) => outcome,
    }
}

fn levels(shell: &Shell, arguments: &[Vec<u8>]) -> Result<Option<usize>, Outcome> {
    let levels = number(shell, arguments, 1)?;
    if levels < 1 {
        return Err(shell.fail(&format!("{}: at least 1", text(&arguments[0])), 2));
    }
    Ok((shell.loops > 0).then_some((levels as usize).min(shell.loops)))
}

pub(super) fn leave_loop(shell: &mut Shell, arguments: &[Vec<u8>]) -> Outcome {
    match levels(shell, arguments) {
        Ok(Some(levels)) => {
            shell.status = 0;
            Err(Flow::Break(levels))
        }
        Ok(None) => Ok(0),
        Err(outcome) => outcome,
    }
}

pub(super) fn next_round(shell: &mut Shell, arguments: &[Vec<u8>]) -> Outcome {
    match levels(shell, arguments) {
        Ok(Some(levels)) => {
            shell.status = 0;
            Err(Flow::Continue(levels))
        }
        Ok(None) => Ok(0),
        Err(outcome) => outcome,
    }
}

pub(super) fn eval(shell: &mut Shell, arguments: &[Vec<u8>]) -> Outcome {
    let command = arguments[1..].join(&b' ');
    shell.status = 0;
    shell.deeper(|shell| script::run_text(shell, &command))
}

pub(super) fn exec(shell: &mut Shell, arguments: &[Vec<u8>]) -> Outcome {
    if arguments.len() == 1 {
        Ok(0)
    } else {
        shell.replace(&arguments[1..])
    }
}

pub(super) fn source(shell: &mut Shell, arguments: &[Vec<u8>]) -> Outcome {
    let Some(file) = arguments.get(1) else {
        return shell.fail(&format!("{}: which file?", text(&arguments[0])), 2);
    };
    let path = if file.contains(&b'/') || scarlet::fs::exists(file) {
        file.clone()
    } else {
        shell.locate(file).unwrap_or_else(|| file.clone())
    };
    if arguments.len() == 2 {
        return script::source(shell, &path);
    }
    let mut inside = arguments[1..].to_vec();
    inside[0] = shell.positional.first().cloned().unwrap_or_default();
    let before = core::mem::replace(&mut shell.positional, inside);
    let outcome = script::source(shell, &path);
    shell.positional = before;
    outcome
}

pub(super) fn command(shell: &mut Shell, arguments: &[Vec<u8>]) -> Outcome {
    let mut rest = &arguments[1..];
    let mut only_find = false;
    while let Some(option) = rest.first().filter(|word| word.starts_with(b"-")) {
        match option.as_slice() {
            b"-v" | b"-V" => only_find = true,
            b"-p" => {}
            b"--" => {
                rest = &rest[1..];
                break;
            }
            other => {
                return shell.fail(&format!("command: option {} is not known", text(other)), 2);
            }
        }
        rest = &rest[1..];
    }
    let Some(name) = rest.first() else {
        return Ok(0);
    };
    if only_find {
        let mut status = 0;
        for name in rest {
            match path_of(shell, name) {
                Some(found) => {
                    print(shell, "command", &[found.as_slice(), b"\n"].concat())?;
                }
                None => status = 127,
            }
        }
        return Ok(status);
    }
    match find(name) {
        Some(builtin) => builtin(shell, rest),
        None => shell.run_words(rest),
    }
}

/// What `command -v` prints: an alias's text, a name that the shell knows, a program's path.
fn path_of(shell: &Shell, name: &[u8]) -> Option<Vec<u8>> {
    if let Some(alias) = shell.aliases.get(name) {
        return Some([b"alias ", name, b"=", &super::quoted(alias)].concat());
    }
    match shell.meaning(name) {
        Meaning::Function(_) | Meaning::Builtin(_) => Some(name.to_vec()),
        Meaning::Program => {
            let reserved = shell::parse::RESERVED
                .iter()
                .any(|word| word.as_bytes() == name);
            if reserved {
                return Some(name.to_vec());
            }
            shell.locate(name).filter(|path| scarlet::fs::exists(path))
        }
    }
}
