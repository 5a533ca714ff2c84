//! `cd` and `pwd`.

use super::{print, text};
use crate::state::{Outcome, Shell};
use scarlet::prelude::*;
use scarlet::{env, path};

pub(super) fn change(shell: &mut Shell, arguments: &[Vec<u8>]) -> Outcome {
    let mut rest = &arguments[1..];
    while rest
        .first()
        .is_some_and(|word| matches!(word.as_slice(), b"-L" | b"-P" | b"--"))
    {
        rest = &rest[1..];
    }
    let mut shows = false;
    let target = match rest {
        [] => match shell.value(b"HOME") {
            Some(home) => home.clone(),
            None => return shell.fail("cd: HOME is not set", 1),
        },
        [word] if word == b"-" => match shell.value(b"OLDPWD") {
            Some(old) => {
                shows = true;
                old.clone()
            }
            None => return shell.fail("cd: there is no directory to go back to", 1),
        },
        [word] => word.clone(),
        _ => return shell.fail("cd: one directory at a time", 2),
    };
    let (target, found) = match along_search_path(shell, &target) {
        Some(found) => (found, true),
        None => (target, false),
    };
    if let Err(error) = env::set_current_dir(&target) {
        return shell.fail(&format!("cd: {}: {error}", text(&target)), 1);
    }
    let before = shell.value(b"PWD").cloned().unwrap_or_default();
    // The path as it was walked, symbolic links and all, if it still leads here.
    let logical = simplified(&path::join(&before, &target));
    let is_here = match (scarlet::fs::metadata(&logical), scarlet::fs::metadata(".")) {
        (Ok(one), Ok(two)) => one.is_same_file(&two),
        _ => false,
    };
    let now = if is_here {
        logical
    } else {
        env::current_dir().unwrap_or(target)
    };
    for (name, value) in [(&b"OLDPWD"[..], &before), (b"PWD", &now)] {
        shell.put(name, value);
        if let Some(variable) = shell.variables.get_mut(name) {
            variable.exported = true;
        }
    }
    if shows || found {
        return print(shell, "cd", &[now.as_slice(), b"\n"].concat());
    }
    Ok(0)
}

/// A directory below one of `CDPATH`.
fn along_search_path(shell: &Shell, target: &[u8]) -> Option<Vec<u8>> {
    if target.starts_with(b"/") || target.starts_with(b".") {
        return None;
    }
    let directories = shell.value(b"CDPATH")?;
    directories
        .split(|&byte| byte == b':')
        .filter(|directory| !directory.is_empty())
        .map(|directory| path::join(directory, target))
        .find(|candidate| scarlet::fs::metadata(candidate).is_ok_and(|found| found.is_dir()))
}

/// Without `.`, `..` and doubled slashes, by text alone.
fn simplified(path: &[u8]) -> Vec<u8> {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|&byte| byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    let mut result = Vec::new();
    for part in parts {
        result.push(b'/');
        result.extend_from_slice(part);
    }
    if result.is_empty() {
        b"/".to_vec()
    } else {
        result
    }
}

pub(super) fn print_directory(shell: &mut Shell, arguments: &[Vec<u8>]) -> Outcome {
    let physical = arguments.get(1).is_some_and(|word| word == b"-P");
    let known = shell.value(b"PWD").filter(|_| !physical).cloned();
    let here =
        known.filter(
            |known| match (scarlet::fs::metadata(known), scarlet::fs::metadata(".")) {
                (Ok(one), Ok(two)) => one.is_same_file(&two),
                _ => false,
            },
        );
    let directory = match here.map(Ok).unwrap_or_else(env::current_dir) {
        Ok(directory) => directory,
        Err(error) => return shell.fail(&format!("pwd: {error}"), 1),
    };
    print(shell, "pwd", &[directory.as_slice(), b"\n"].concat())
}
