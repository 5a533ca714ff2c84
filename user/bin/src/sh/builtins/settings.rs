//! `set`, `alias`, `type`, `trap`, `umask`, `history`.

use super::{print, quoted, text};
use crate::simple::Meaning;
use crate::state::{Outcome, Shell};
use scarlet::os::events;
use scarlet::prelude::*;

pub(super) fn set(shell: &mut Shell, arguments: &[Vec<u8>]) -> Outcome {
    if arguments.len() == 1 {
        let mut output = Vec::new();
        for (name, variable) in &shell.variables {
            if let Some(value) = &variable.value {
                output.extend([name.as_slice(), b"=", &quoted(value), b"\n"].concat());
            }
        }
        return print(shell, "set", &output);
    }
    let mut rest = arguments[1..].iter();
    while let Some(argument) = rest.next() {
        match argument.as_slice() {
            b"--" => {
                shell.positional.truncate(1);
                shell.positional.extend(rest.cloned());
                return Ok(0);
            }
            [sign @ (b'-' | b'+'), letters @ ..] if !letters.is_empty() => {
                let on = *sign == b'-';
                for &letter in letters {
                    let known = if letter == b'o' {
                        let name = rest.next().map_or(&b""[..], |name| name.as_slice());
                        set_named(shell, name, on)
                    } else {
                        shell.options.set(letter, on)
                    };
                    if !known {
                        let message = format!("set: option {} is not known", text(argument));
                        return shell.fail(&message, 2);
                    }
                }
            }
            first => {
                shell.positional.truncate(1);
                shell.positional.push(first.to_vec());
                shell.positional.extend(rest.cloned());
                return Ok(0);
            }
        }
    }
    Ok(0)
}

fn set_named(shell: &mut Shell, name: &[u8], on: bool) -> bool {
    match name {
        b"errexit" => shell.options.set(b'e', on),
        b"nounset" => shell.options.set(b'u', on),
        b"xtrace" => shell.options.set(b'x', on),
        b"noglob" => shell.options.set(b'f', on),
        b"pipefail" => {
            shell.options.pipeline_fails = on;
            true
        }
        _ => false,
    }
}

pub(super) fn alias(shell: &mut Shell, arguments: &[Vec<u8>]) -> Outcome {
    let line = |name: &[u8], value: &[u8]| [name, b"=", &quoted(value), b"\n"].concat();
    if arguments.len() == 1 {
        let lines: Vec<Vec<u8>> = shell
            .aliases
            .iter()
            .map(|(name, value)| line(name, value))
            .collect();
        return print(shell, "alias", &lines.concat());
    }
    let mut status = 0;
    for argument in &arguments[1..] {
        if let Some(equals) = argument.iter().position(|&byte| byte == b'=') {
            let (name, value) = (argument[..equals].to_vec(), argument[equals + 1..].to_vec());
            shell.aliases.insert(name, value);
        } else if let Some(value) = shell.aliases.get(argument) {
            print(shell, "alias", &line(argument, value))?;
        } else {
            shell.complain(&format!("alias: {} is none", text(argument)));
            status = 1;
        }
    }
    Ok(status)
}

pub(super) fn unalias(shell: &mut Shell, arguments: &[Vec<u8>]) -> Outcome {
    let mut status = 0;
    for argument in &arguments[1..] {
        if argument == b"-a" {
            shell.aliases.clear();
        } else if shell.aliases.remove(argument).is_none() {
            shell.complain(&format!("unalias: {} is none", text(argument)));
            status = 1;
        }
    }
    Ok(status)
}

pub(super) fn kind(shell: &mut Shell, arguments: &[Vec<u8>]) -> Outcome {
    let mut status = 0;
    for name in &arguments[1..] {
        let shown = text(name);
        let is_reserved = shell::parse::RESERVED
            .iter()
            .any(|word| word.as_bytes() == name);
        let sentence = if let Some(alias) = shell.aliases.get(name) {
            format!("{shown} is an alias for {}", text(alias))
        } else if is_reserved {
            format!("{shown} is a word of the shell's language")
        } else {
            match shell.meaning(name) {
                Meaning::Function(_) => format!("{shown} is a function"),
                Meaning::Builtin(_) => format!("{shown} is a command of the shell itself"),
                Meaning::Program => {
                    match shell.locate(name).filter(|path| scarlet::fs::exists(path)) {
                        Some(path) => format!("{shown} is {}", text(&path)),
                        None => {
                            shell.complain(&format!("type: {shown}: not found"));
                            status = 127;
                            continue;
                        }
                    }
                }
            }
        };
        print(shell, "type", (sentence + "\n").as_bytes())?;
    }
    Ok(status)
}

pub(super) fn trap(shell: &mut Shell, arguments: &[Vec<u8>]) -> Outcome {
    let rest = match arguments.get(1).map(Vec::as_slice) {
        Some(b"--") => &arguments[2..],
        _ => &arguments[1..],
    };
    if rest.is_empty() {
        let mut output = Vec::new();
        for (name, command) in shell.traps.list() {
            output.extend(
                [
                    b"trap -- ",
                    quoted(&command).as_slice(),
                    b" ",
                    name.as_bytes(),
                    b"\n",
                ]
                .concat(),
            );
        }
        return print(shell, "trap", &output);
    }
    // With a number or a name alone, its trap is taken away.
    let (command, names) = match rest {
        [only] => (None, core::slice::from_ref(only)),
        [command, names @ ..] if command == b"-" => (None, names),
        [command, names @ ..] => (Some(command.clone()), names),
        [] => return Ok(0),
    };
    let mut status = 0;
    for name in names {
        let name = text(name);
        if name == "EXIT" || name == "0" {
            shell
                .traps
                .set_exit(command.clone().filter(|command| !command.is_empty()));
            continue;
        }
        match events::number_of(&name) {
            Some(event) if event != 0 && event != events::KILL && event != events::STOP => {
                shell.set_trap(event, command.clone());
            }
            _ => {
                shell.complain(&format!("trap: {name} cannot be trapped"));
                status = 1;
            }
        }
    }
    Ok(status)
}

pub(super) fn umask(shell: &mut Shell, arguments: &[Vec<u8>]) -> Outcome {
    let result = match arguments.get(1) {
        None => scarlet::fs::set_mask(0).and_then(|mask| {
            scarlet::fs::set_mask(mask)?;
            Ok(Some(mask))
        }),
        Some(argument) => match u32::from_str_radix(&text(argument), 8) {
            Ok(mask) => scarlet::fs::set_mask(mask).map(|_| None),
            Err(_) => {
                let message = format!("umask: '{}' is not an octal number", text(argument));
                return shell.fail(&message, 2);
            }
        },
    };
    match result {
        Ok(Some(mask)) => print(shell, "umask", format!("{mask:04o}\n").as_bytes()),
        Ok(None) => Ok(0),
        Err(error) => shell.fail(&format!("umask: {error}"), 1),
    }
}

pub(super) fn history(shell: &mut Shell, arguments: &[Vec<u8>]) -> Outcome {
    let Some(session) = &mut shell.session else {
        return Ok(0);
    };
    if arguments.get(1).is_some_and(|word| word == b"-c") {
        session.history().clear();
        return Ok(0);
    }
    let mut output = String::new();
    for (number, line) in session.history().lines().iter().enumerate() {
        output.push_str(&format!("{:5}  {line}\n", number + 1));
    }
    print(shell, "history", output.as_bytes())
}
