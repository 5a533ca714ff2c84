//! `init`: the first program.
//!
//! It mounts what every program expects ([`mounts`]), makes the environments of the other ABIs
//! ([`environments`]), and then either runs the one command that the image carries ([`command`]) and
//! switches the machine off, or keeps a login on the console. All the time it waits for children that
//! nobody else waits for.
//!
//! What cannot be done is said on the console, and the rest is done nevertheless: a system without
//! `/tmp` is better than none.
#![no_std]
#![no_main]

mod command;
mod console;
mod environments;
mod mounts;

use scarlet::io::ErrorKind;
use scarlet::os::system;
use scarlet::prelude::*;
use scarlet::process::{self, Command, ExitStatus, WaitFlags, WaitOutcome};
use scarlet::time::{Duration, Instant};
use scarlet::{env, fs, thread};

scarlet::main!(main);

/// A login that ends sooner than this has failed, and is not tried again at once.
const SHORT_LIFE: Duration = Duration::from_secs(1);
/// So many short lives in a row, and a person has to look.
const MOST_FAILURES: u32 = 5;

fn main() -> i32 {
    if process::id() != 1 {
        eprintln!("init: only the first process can be init");
        return 1;
    }
    for (name, value) in [
        ("PATH", "/bin"),
        ("HOME", "/root"),
        ("USER", "root"),
        ("TERM", "linux"),
    ] {
        env::set_var(name, value);
    }
    mounts::mount_all();
    console::set_size();
    environments::make_all();
    if let Ok(name) = fs::read_to_string("/etc/hostname")
        && let Err(error) = system::set_host_name(name.trim())
    {
        eprintln!("init: host name: {error}");
    }
    if let Some(order) = command::read() {
        command::run(&order)
    }
    let mut failures = 0;
    while failures < MOST_FAILURES {
        let started = Instant::now();
        match login() {
            Ok(_) if started.elapsed() >= SHORT_LIFE => failures = 0,
            Ok(_) => failures += 1,
            Err(error) => {
                eprintln!("init: /bin/login: {error}");
                failures += 1;
            }
        }
        if failures > 0 {
            thread::sleep(SHORT_LIFE);
        }
    }
    eprintln!("init: login ends again and again; starting a shell instead");
    let error = Command::new("/bin/sh").exec();
    eprintln!("init: /bin/sh: {error}");
    1
}

/// Starts a login and waits until it ends.
fn login() -> scarlet::io::Result<ExitStatus> {
    let child = Command::new("/bin/login").new_session().spawn()?;
    Ok(wait_for(child.id()))
}

/// Waits for one child, and meanwhile for all those that nobody else waits for.
fn wait_for(wanted: u32) -> ExitStatus {
    loop {
        match process::wait_any(WaitFlags::empty()) {
            Ok(Some((process, WaitOutcome::Ended(status)))) if process == wanted => return status,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // The child is gone already; nobody knows how it ended.
            Err(_) => return ExitStatus::Code(1),
        }
    }
}
