//! `trace`: runs a program, of any ABI, and shows its system calls on standard error:
//! `trace PROGRAM [ARGUMENT…]`.
//!
//! The kernel writes the lines down ([`/proc/scarlet/trace`]); a copy of this process asks to be
//! traced and becomes the program, and the original reads until the program has ended.
#![no_std]
#![no_main]

use core::time::Duration;
use scarlet::env;
use scarlet::fs;
use scarlet::io::{self, ErrorKind, Write};
use scarlet::prelude::*;
use scarlet::process::{self, Command, WaitFlags, WaitOutcome};
use scarlet::thread;

const LINES: &str = "/proc/scarlet/trace";

scarlet::main!(main);

fn main() -> i32 {
    let mut words = env::args_bytes().into_iter().skip(1);
    let Some(program) = words.next() else {
        eprintln!("usage: trace PROGRAM [ARGUMENT…]");
        return 2;
    };
    // Lines of an earlier trace that nobody read are not this one's.
    let _ = fs::read(LINES);
    match process::fork() {
        Ok(None) => become_traced(&program, words.collect()),
        Ok(Some(child)) => follow(child),
        Err(error) => {
            eprintln!("trace: {error}");
            1
        }
    }
}

/// The copy: asks to be traced, then executes.
fn become_traced(program: &[u8], words: Vec<Vec<u8>>) -> i32 {
    if let Err(error) = fs::write(LINES, format!("{}", process::id())) {
        eprintln!("trace: {LINES}: {error}");
        return 126;
    }
    let error = Command::new(program).args(words).exec();
    eprintln!("trace: {}: {error}", String::from_utf8_lossy(program));
    if error.kind() == ErrorKind::NotFound {
        127
    } else {
        126
    }
}

/// The original: shows lines until the program has ended.
fn follow(child: u32) -> i32 {
    loop {
        let outcome = process::wait_for(child, WaitFlags::NO_HANG);
        show();
        match outcome {
            Ok(Some(WaitOutcome::Ended(status))) => return status.shell_status(),
            Ok(_) => thread::sleep(Duration::from_millis(10)),
            Err(error) => {
                eprintln!("trace: {error}");
                return 1;
            }
        }
    }
}

fn show() {
    if let Ok(lines) = fs::read(LINES) {
        let _ = io::stderr().write_all(&lines);
    }
}
