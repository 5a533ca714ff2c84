//! `test` and `[`.

use super::text;
use crate::state::{Outcome, Shell};
use crate::streams::Streams;
use scarlet::contract::file::FileKind;
use scarlet::prelude::*;
use scarlet::{fs, process};
use shell::condition::{Files, evaluate};

pub(super) fn test(shell: &mut Shell, arguments: &[Vec<u8>]) -> Outcome {
    decide(shell, &arguments[0], &arguments[1..])
}

pub(super) fn bracket(shell: &mut Shell, arguments: &[Vec<u8>]) -> Outcome {
    match arguments[1..].split_last() {
        Some((last, condition)) if last == b"]" => decide(shell, &arguments[0], condition),
        _ => shell.fail("[: ']' is missing", 2),
    }
}

fn decide(shell: &Shell, name: &[u8], condition: &[Vec<u8>]) -> Outcome {
    match evaluate(
        condition,
        &mut Disk {
            streams: &shell.streams,
        },
    ) {
        Ok(holds) => Ok(i32::from(!holds)),
        Err(message) => shell.fail(&format!("{}: {message}", text(name)), 2),
    }
}

/// The files there are.
struct Disk<'a> {
    streams: &'a Streams,
}

impl Files for Disk<'_> {
    fn is(&mut self, question: u8, path: &[u8]) -> bool {
        let itself = matches!(question, b'L' | b'h');
        let found = if itself {
            fs::symlink_metadata(path)
        } else {
            fs::metadata(path)
        };
        let Ok(found) = found else {
            return false;
        };
        let kind = found.file_type().kind();
        let mode = found.permissions().mode();
        let record = found.record();
        match question {
            b'e' => true,
            b'f' => kind == FileKind::Regular,
            b'd' => kind == FileKind::Directory,
            b'L' | b'h' => kind == FileKind::SymbolicLink,
            b'p' => kind == FileKind::Fifo,
            b'c' => kind == FileKind::CharacterDevice,
            b'b' => kind == FileKind::BlockDevice,
            b'S' => kind == FileKind::Socket,
            b's' => found.len() > 0,
            b'u' => mode & 0o4000 != 0,
            b'g' => mode & 0o2000 != 0,
            b'k' => mode & 0o1000 != 0,
            b'O' => process::information(0).is_ok_and(|own| own.user == record.user),
            b'G' => process::information(0).is_ok_and(|own| own.user_group == record.group),
            b'r' => allowed(&found, 4),
            b'w' => allowed(&found, 2),
            _ => allowed(&found, 1),
        }
    }

    fn is_terminal(&mut self, handle: u32) -> bool {
        let number = self.streams.number(handle);
        number.is_some_and(|number| scarlet::os::terminal::Mode::of(&number).is_ok())
    }

    fn compare(&mut self, one: &[u8], question: &[u8], two: &[u8]) -> bool {
        match (question, fs::metadata(one), fs::metadata(two)) {
            (b"-ef", Ok(one), Ok(two)) => one.is_same_file(&two),
            (b"-nt", Ok(one), Ok(two)) => one.modified() > two.modified(),
            (b"-nt", Ok(_), Err(_)) => true,
            (b"-ot", Ok(one), Ok(two)) => one.modified() < two.modified(),
            (b"-ot", Err(_), Ok(_)) => true,
            _ => false,
        }
    }
}

/// Whether the caller may read (4), write (2) or run (1) a file.
fn allowed(found: &fs::Metadata, wanted: u32) -> bool {
    let mode = found.permissions().mode();
    let record = found.record();
    let Ok(own) = process::information(0) else {
        return false;
    };
    if own.user == 0 {
        return wanted != 1 || found.is_dir() || mode & 0o111 != 0;
    }
    let shift = if own.user == record.user {
        6
    } else if own.user_group == record.group {
        3
    } else {
        0
    };
    mode >> shift & wanted != 0
}
