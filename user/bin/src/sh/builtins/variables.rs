//! `export`, `readonly`, `local`, `unset`, `shift`.

use super::{print, quoted, text};
use crate::state::{Outcome, Shell, Variable};
use scarlet::prelude::*;
use shell::parse::is_name;

/// `NAME` or `NAME=VALUE`.
fn split(argument: &[u8]) -> (&[u8], Option<&[u8]>) {
    match argument.iter().position(|&byte| byte == b'=') {
        Some(equals) => (&argument[..equals], Some(&argument[equals + 1..])),
        None => (argument, None),
    }
}

/// The variables for which `which` holds, as commands that set them.
fn list(shell: &Shell, command: &str, which: fn(&Variable) -> bool) -> Vec<u8> {
    let mut output = Vec::new();
    for (name, variable) in shell
        .variables
        .iter()
        .filter(|(_, variable)| which(variable))
    {
        output.extend_from_slice(command.as_bytes());
        output.push(b' ');
        output.extend_from_slice(name);
        if let Some(value) = &variable.value {
            output.push(b'=');
            output.extend(quoted(value));
        }
        output.push(b'\n');
    }
    output
}

/// What `export` and `readonly` have in common.
fn mark(
    shell: &mut Shell,
    arguments: &[Vec<u8>],
    is_marked: fn(&Variable) -> bool,
    change: fn(&mut Variable),
) -> Outcome {
    let command = text(&arguments[0]);
    let names: Vec<&Vec<u8>> = arguments[1..]
        .iter()
        .filter(|word| !matches!(word.as_slice(), b"-p" | b"--"))
        .collect();
    if names.is_empty() {
        return print(shell, &command, &list(shell, &command, is_marked));
    }
    let mut status = 0;
    for argument in names {
        let (name, value) = split(argument);
        if !is_name(name) {
            shell.complain(&format!(
                "{command}: '{}' is not a variable's name",
                text(name)
            ));
            status = 1;
            continue;
        }
        if let Some(value) = value
            && let Err(message) = shell.assign(name, value.to_vec())
        {
            shell.complain(&format!("{command}: {message}"));
            status = 1;
            continue;
        }
        change(shell.variables.entry(name.to_vec()).or_default());
    }
    Ok(status)
}

pub(super) fn export(shell: &mut Shell, arguments: &[Vec<u8>]) -> Outcome {
    if arguments.get(1).is_some_and(|word| word == b"-n") {
        for argument in &arguments[2..] {
            if let Some(variable) = shell.variables.get_mut(split(argument).0) {
                variable.exported = false;
            }
        }
        return Ok(0);
    }
    mark(
        shell,
        arguments,
        |variable| variable.exported,
        |variable| variable.exported = true,
    )
}

pub(super) fn read_only(shell: &mut Shell, arguments: &[Vec<u8>]) -> Outcome {
    mark(
        shell,
        arguments,
        |variable| variable.read_only,
        |variable| variable.read_only = true,
    )
}

pub(super) fn local(shell: &mut Shell, arguments: &[Vec<u8>]) -> Outcome {
    if shell.locals.is_empty() {
        return shell.fail("local: only in a function", 1);
    }
    for argument in &arguments[1..] {
        let (name, value) = split(argument);
        if !is_name(name) {
            return shell.fail(
                &format!("local: '{}' is not a variable's name", text(name)),
                1,
            );
        }
        let old = shell.variables.get(name).cloned();
        let exported = old.as_ref().is_some_and(|old| old.exported);
        if let Some(hidden) = shell.locals.last_mut()
            && !hidden.iter().any(|(known, _)| known == name)
        {
            hidden.push((name.to_vec(), old));
        }
        let value = value.map(<[u8]>::to_vec);
        let variable = Variable {
            value,
            exported,
            read_only: false,
        };
        shell.variables.insert(name.to_vec(), variable);
    }
    Ok(0)
}

pub(super) fn unset(shell: &mut Shell, arguments: &[Vec<u8>]) -> Outcome {
    let mut functions = false;
    let mut status = 0;
    for argument in &arguments[1..] {
        match argument.as_slice() {
            b"-f" => functions = true,
            b"-v" => functions = false,
            name if functions => {
                shell.functions.remove(name);
            }
            name => {
                if shell
                    .variables
                    .get(name)
                    .is_some_and(|variable| variable.read_only)
                {
                    shell.complain(&format!("unset: {} is read only", text(name)));
                    status = 1;
                } else if shell.variables.remove(name).is_none() {
                    shell.functions.remove(name);
                }
            }
        }
    }
    Ok(status)
}

pub(super) fn shift(shell: &mut Shell, arguments: &[Vec<u8>]) -> Outcome {
    let count = match arguments.get(1) {
        None => Some(1),
        Some(argument) => text(argument).parse::<usize>().ok(),
    };
    match count {
        Some(count) if count < shell.positional.len() => {
            shell.positional.drain(1..count + 1);
            Ok(0)
        }
        _ => shell.fail("shift: there are not so many", 1),
    }
}
