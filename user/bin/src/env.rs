//! `env`: prints the environment, or runs a program in a changed one:
//! `env [-i] [NAME=VALUE ...] [PROGRAM [ARGUMENT ...]]`.
#![no_std]
#![no_main]

use scarlet::env;
use scarlet::io;
use scarlet::prelude::*;
use scarlet::process::Command;

scarlet::main!(main);

fn main() -> i32 {
    let arguments = env::args_bytes();
    let mut rest = arguments.get(1..).unwrap_or(&[]);
    let mut entries = env::vars_bytes();
    if rest.first().is_some_and(|word| word == b"-i") {
        entries.clear();
        rest = &rest[1..];
    }
    while let Some((word, after)) = rest.split_first()
        && let Some(end) = word.iter().position(|&byte| byte == b'=')
    {
        entries.retain(|entry| !entry.starts_with(&word[..=end]));
        entries.push(word.clone());
        rest = after;
    }
    let Some((program, arguments)) = rest.split_first() else {
        let mut output = io::stdout();
        for mut entry in entries {
            entry.push(b'\n');
            if output.write_all(&entry).is_err() {
                return 1;
            }
        }
        return i32::from(output.flush().is_err());
    };
    let error = Command::new(program).args(arguments).env_all(entries).exec();
    eprintln!("env: {}: {error}", String::from_utf8_lossy(program));
    if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 }
}
