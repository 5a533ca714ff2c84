//! Prints the lines that match a pattern of `^`, `.`, `*` and `$`.
#![cfg_attr(target_os = "none", no_std, no_main)]
extern crate alloc;
use alloc::vec::Vec;
use xv6::{Fd, READ_ONLY, close, complain, open, read, text, write};

xv6::main!(program);

fn program(arguments: &[&[u8]]) -> i32 {
    let Some(pattern) = arguments.get(1) else {
        complain!("usage: grep pattern [file ...]");
        return 1;
    };
    if arguments.len() == 2 {
        search(pattern, 0);
        return 0;
    }
    for path in &arguments[2..] {
        let Ok(file) = open(path, READ_ONLY) else {
            complain!("grep: cannot open {}", text(path));
            return 1;
        };
        search(pattern, file);
        let _ = close(file);
    }
    0
}

fn search(pattern: &[u8], file: Fd) {
    let mut pending = Vec::new();
    let mut buffer = [0; 1024];
    while let Ok(length @ 1..) = read(file, &mut buffer) {
        pending.extend_from_slice(&buffer[..length]);
        while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = pending.drain(..=end).collect();
            if matches(pattern, &line[..end]) {
                let _ = write(1, &line);
            }
        }
    }
    if !pending.is_empty() && matches(pattern, &pending) {
        pending.push(b'\n');
        let _ = write(1, &pending);
    }
}

fn matches(pattern: &[u8], line: &[u8]) -> bool {
    match pattern.strip_prefix(b"^") {
        Some(anchored) => here(anchored, line),
        None => (0..=line.len()).any(|start| here(pattern, &line[start..])),
    }
}

/// Whether the line begins with what the pattern says.
fn here(pattern: &[u8], line: &[u8]) -> bool {
    match pattern {
        [] => true,
        [one, b'*', rest @ ..] => {
            let fits = |byte: &u8| *one == b'.' || byte == one;
            let longest = line.iter().take_while(|byte| fits(byte)).count();
            (0..=longest).any(|length| here(rest, &line[length..]))
        }
        [b'$'] => line.is_empty(),
        [one, rest @ ..] => match line {
            [byte, others @ ..] if *one == b'.' || one == byte => here(rest, others),
            _ => false,
        },
    }
}
