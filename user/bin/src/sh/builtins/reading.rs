//! `read`.

use super::text;
use crate::state::{Outcome, Shell};
use scarlet::io::ErrorKind;
use scarlet::prelude::*;
use shell::parse::is_name;

/// A byte of a line, and whether a backslash stood before it.
type Character = (u8, bool);

pub(super) fn read(shell: &mut Shell, arguments: &[Vec<u8>]) -> Outcome {
    let mut raw = false;
    let mut names: Vec<Vec<u8>> = Vec::new();
    let mut rest = arguments[1..].iter();
    while let Some(argument) = rest.next() {
        match argument.as_slice() {
            b"-r" => raw = true,
            b"-p" => {
                let prompt = rest.next().cloned().unwrap_or_default();
                let _ = shell.streams.write(2, &prompt);
            }
            name if is_name(name) => names.push(name.to_vec()),
            other => {
                return shell.fail(
                    &format!("read: '{}' is not a variable's name", text(other)),
                    2,
                );
            }
        }
    }
    if names.is_empty() {
        names.push(b"REPLY".to_vec());
    }
    let (line, ended) = match read_line(shell, raw) {
        Ok(read) => read,
        Err(outcome) => return outcome,
    };
    let separators = shell
        .value(b"IFS")
        .cloned()
        .unwrap_or_else(|| b" \t\n".to_vec());
    for (name, value) in names.iter().zip(fields(&line, &separators, names.len())) {
        if let Err(message) = shell.assign(name, value) {
            return shell.fail(&format!("read: {message}"), 1);
        }
    }
    Ok(i32::from(!ended))
}

/// Reads up to a newline, not a byte further; whether there was one.
fn read_line(shell: &mut Shell, raw: bool) -> Result<(Vec<Character>, bool), Outcome> {
    let mut line: Vec<Character> = Vec::new();
    let mut escaped = false;
    let mut byte = [0];
    loop {
        match shell.streams.read(0, &mut byte) {
            Ok(1) => {}
            Ok(_) => return Ok((line, false)),
            Err(error) if error.kind() == ErrorKind::Interrupted => {
                shell.check_events().map_err(Err)?;
                continue;
            }
            Err(error) => return Err(shell.fail(&format!("read: {error}"), 1)),
        }
        match (byte[0], escaped) {
            (b'\n', true) => escaped = false,
            (b'\n', false) => return Ok((line, true)),
            (b'\\', false) if !raw => escaped = true,
            (other, _) => {
                line.push((other, escaped));
                escaped = false;
            }
        }
    }
}

/// The line as so many fields; the last takes all that is left.
fn fields(line: &[Character], separators: &[u8], count: usize) -> Vec<Vec<u8>> {
    let separates = |&(byte, escaped): &Character| !escaped && separators.contains(&byte);
    let blank = |one: &Character| separates(one) && one.0.is_ascii_whitespace();
    let mut result: Vec<Vec<u8>> = Vec::new();
    let mut rest = line;
    while let Some((_, after)) = rest.split_first().filter(|(first, _)| blank(first)) {
        rest = after;
    }
    while result.len() + 1 < count {
        let length = rest.iter().position(separates).unwrap_or(rest.len());
        result.push(rest[..length].iter().map(|one| one.0).collect());
        rest = &rest[length..];
        let mut hard = false;
        while let Some((first, after)) = rest.split_first() {
            if !(blank(first) || (!hard && separates(first))) {
                break;
            }
            hard |= !blank(first);
            rest = after;
        }
    }
    while let Some((_, before)) = rest.split_last().filter(|(last, _)| blank(last)) {
        rest = before;
    }
    result.push(rest.iter().map(|one| one.0).collect());
    result
}
