//! `env`: shows the environment, or runs a program in a changed one:
//! `env [-i] [-u NAME] [NAME=VALUE…] [PROGRAM [ARGUMENT…]]`.
#![no_std]
#![no_main]

use scarlet::env;
use scarlet::io::{ErrorKind, Write};
use scarlet::prelude::*;
use scarlet::process::Command;

scarlet::main!(main);

fn main() -> i32 {
    let mut rest = env::args_bytes().into_iter().skip(1).peekable();
    let mut variables = env::vars_bytes();
    let remove = |variables: &mut Vec<Vec<u8>>, name: &[u8]| {
        variables.retain(|entry| {
            entry
                .strip_prefix(name)
                .is_none_or(|value| !value.starts_with(b"="))
        });
    };
    while let Some(option) = rest.next_if(|word| word.starts_with(b"-")) {
        match option.as_slice() {
            b"-i" | b"-" => variables.clear(),
            b"-u" => match rest.next() {
                Some(name) => remove(&mut variables, &name),
                None => return usage("option -u wants a name"),
            },
            b"--" => break,
            other => {
                let shown = String::from_utf8_lossy(other);
                return usage(&format!("option {shown} is not known"));
            }
        }
    }
    while let Some(entry) = rest.next_if(|word| word.contains(&b'=')) {
        let name = entry
            .split(|&byte| byte == b'=')
            .next()
            .unwrap_or(b"")
            .to_vec();
        remove(&mut variables, &name);
        variables.push(entry);
    }
    let Some(program) = rest.next() else {
        let mut output = scarlet::io::stdout();
        for entry in variables {
            let _ = output
                .write_all(&entry)
                .and_then(|()| output.write_all(b"\n"));
        }
        return 0;
    };
    let error = Command::new(&program).args(rest).env_all(variables).exec();
    eprintln!("env: {}: {error}", String::from_utf8_lossy(&program));
    if error.kind() == ErrorKind::NotFound {
        127
    } else {
        126
    }
}

fn usage(message: &str) -> i32 {
    eprintln!("env: {message}");
    eprintln!("usage: env [-i] [-u NAME] [NAME=VALUE…] [PROGRAM [ARGUMENT…]]");
    2
}
