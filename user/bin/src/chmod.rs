//! `chmod`: sets permission bits, as an octal number or as `u+x,go-w`. `-R` below directories too.
#![no_std]
#![no_main]

use scarlet::fs::{self, Permissions};
use scarlet::io;
use scarlet::prelude::*;
use scarlet_programs::options::complain;

scarlet::main!(main);

/// The bits after a change that is written as `who`, an operator and permissions.
fn changed(mode: u32, text: &str, is_directory: bool) -> Option<u32> {
    if let Ok(octal) = u32::from_str_radix(text, 8) {
        return (octal <= 0o7777).then_some(octal);
    }
    let mut mode = mode;
    for clause in text.split(',') {
        let at = clause.find(['+', '-', '='])?;
        let (who, rest) = clause.split_at(at);
        let (operator, permissions) = rest.split_at(1);
        let mut mask = 0;
        for letter in who.chars() {
            mask |= match letter {
                'u' => 0o4700,
                'g' => 0o2070,
                'o' => 0o1007,
                'a' => 0o7777,
                _ => return None,
            };
        }
        if who.is_empty() {
            mask = 0o7777;
        }
        let mut bits = 0;
        for letter in permissions.chars() {
            bits |= match letter {
                'r' => 0o444,
                'w' => 0o222,
                'x' => 0o111,
                'X' if is_directory || mode & 0o111 != 0 => 0o111,
                'X' => 0,
                's' => 0o6000,
                't' => 0o1000,
                _ => return None,
            };
        }
        bits &= mask;
        mode = match operator {
            "+" => mode | bits,
            "-" => mode & !bits,
            _ => (mode & !(mask & 0o777)) | bits,
        };
    }
    Some(mode)
}

fn apply(name: &[u8], text: &str, recursive: bool) -> Result<(), (Vec<u8>, io::Error)> {
    let at = |error| (name.to_vec(), error);
    let found = fs::metadata(name).map_err(at)?;
    let mode = changed(found.permissions().mode(), text, found.is_dir())
        .ok_or_else(|| at(format!("'{text}' is not a mode").into()))?;
    fs::set_permissions(name, Permissions::from_mode(mode)).map_err(at)?;
    if recursive && found.is_dir() {
        for entry in fs::read_dir(name).map_err(at)? {
            let entry = entry.map_err(at)?;
            if !entry.file_type().is_symlink() {
                apply(&entry.path(), text, true)?;
            }
        }
    }
    Ok(())
}

fn main() -> i32 {
    let mut arguments: Vec<Vec<u8>> = scarlet::env::args_bytes().into_iter().skip(1).collect();
    let recursive = arguments.first().is_some_and(|first| first == b"-R");
    if recursive {
        arguments.remove(0);
    }
    let Some((mode, names)) = arguments
        .split_first()
        .filter(|(_, names)| !names.is_empty())
    else {
        eprintln!("usage: chmod [-R] MODE FILE…");
        return 2;
    };
    let mode = String::from_utf8_lossy(mode).into_owned();
    let mut status = 0;
    for name in names {
        if let Err((at, error)) = apply(name, &mode, recursive) {
            complain(&at, &error);
            status = 1;
        }
    }
    status
}
