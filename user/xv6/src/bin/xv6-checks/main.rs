//! What an xv6 program may rely on, checked from inside: `checks [NAME…]`.
//!
//! The expectations are those of the book "xv6: a simple, Unix-like teaching operating system" (chapter 1
//! and the chapters on memory, traps and the file system): calls refuse addresses that are not the
//! program's, memory that runs out is reported and comes back, limits are limits, names behave.
//!
//! Each check is a function that gives the first line at which the system did something else. It runs in
//! a child of its own, because some of them end badly on purpose, and is to leave nothing behind: when all
//! have run, there has to be as much free memory as before.
//!
//! They are meant for an environment of their own (`xv6 checks`): they use up processes, memory and disk.
#![cfg_attr(target_os = "none", no_std, no_main)]
extern crate alloc;

mod addresses;
mod directories;
mod files;
mod memory;
mod pipes;
mod processes;
mod programs;
mod shortage;

use xv6::{exit, fork, println, text, wait};

xv6::main!(program);

/// Where the system did something else than was expected.
pub(crate) struct Fault {
    file: &'static str,
    line: u32,
    what: &'static str,
}

/// How a check ended.
pub(crate) type Outcome = Result<(), Fault>;

/// Ends the check unless the condition holds.
#[macro_export]
macro_rules! expect {
    ($condition:expr) => {
        if !$condition {
            return Err($crate::fault(file!(), line!(), stringify!($condition)));
        }
    };
}

/// Ends the check unless the call worked; gives what it answered.
#[macro_export]
macro_rules! works {
    ($call:expr) => {
        match $call {
            Ok(answer) => answer,
            Err(_) => return Err($crate::fault(file!(), line!(), stringify!($call))),
        }
    };
}

pub(crate) fn fault(file: &'static str, line: u32, what: &'static str) -> Fault {
    Fault { file, line, what }
}

type Check = (&'static str, fn() -> Outcome);

const GROUPS: [&[Check]; 8] = [
    addresses::CHECKS,
    memory::CHECKS,
    processes::CHECKS,
    pipes::CHECKS,
    files::CHECKS,
    directories::CHECKS,
    programs::CHECKS,
    shortage::CHECKS,
];

/// Pages that a CPU which went idle may still hold of a program that has ended.
const KEPT_BY_IDLE: usize = 32;

fn program(arguments: &[&[u8]]) -> i32 {
    if let Some(status) = programs::as_another(arguments) {
        return status;
    }
    let wanted = arguments.get(1..).unwrap_or_default();
    let before = shortage::free_pages();
    let (mut good, mut bad) = (0, 0);
    for (name, check) in GROUPS.into_iter().flatten() {
        if !wanted.is_empty() && !wanted.contains(&name.as_bytes()) {
            continue;
        }
        match run_alone(*check) {
            Ok(0) => {
                println!("ok      {name}");
                good += 1;
            }
            outcome => {
                println!("FAILED  {name}: {}", outcome.unwrap_or(-1));
                bad += 1;
            }
        }
    }
    let after = shortage::free_pages();

    if after + KEPT_BY_IDLE < before {
        println!("LOST    {} of {before} pages", before - after);
        bad += 1;
    }
    println!("checks: {good} good, {bad} bad");
    i32::from(bad > 0)
}

/// Runs a check in a child of its own; gives the child's status.
fn run_alone(check: fn() -> Outcome) -> xv6::Result<i32> {
    let child = child(check)?;
    loop {
        let (ended, status) = wait()?;
        if ended == child {
            return Ok(status);
        }
    }
}

/// Starts a child that does something, and ends with 0 if that went as expected.
pub(crate) fn child(work: impl FnOnce() -> Outcome) -> xv6::Result<i32> {
    let child = fork()?;
    if child != 0 {
        return Ok(child);
    }
    match work() {
        Ok(()) => exit(0),
        Err(fault) => {
            println!(
                "{}:{}: {}",
                text(fault.file.as_bytes()),
                fault.line,
                fault.what
            );
            exit(1)
        }
    }
}

/// Waits for so many children, all of which have to end well.
pub(crate) fn collect(children: usize) -> Outcome {
    for _ in 0..children {
        let (_, status) = works!(wait());
        expect!(status == 0);
    }
    Ok(())
}

/// How a child that does something ends.
pub(crate) fn end_of(work: impl FnOnce() -> Outcome) -> xv6::Result<i32> {
    child(work)?;
    wait().map(|(_, status)| status)
}
