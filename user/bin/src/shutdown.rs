//! `shutdown`: ends all programs and switches the machine off. `-r` restarts it, `-f` does not wait for
//! anybody.
#![no_std]
#![no_main]

use scarlet::os::{events, system};
use scarlet::prelude::*;
use scarlet::time::{Duration, Instant};
use scarlet::{fs, io, process, thread};
use scarlet_programs::options::Options;

scarlet::main!(main);

/// How long programs have to end by themselves.
const PATIENCE: Duration = Duration::from_secs(2);

/// The processes of the system, but the first, this one, and those it was started by.
fn others() -> Vec<u32> {
    let mut own = vec![1, process::id()];
    let mut next = process::parent_id();
    while next > 1 && own.len() < 64 {
        own.push(next);
        next = process::information(next).map_or(0, |record| record.parent);
    }
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let numbers = entries
        .flatten()
        .filter_map(|entry| entry.name_text().parse().ok());
    numbers.filter(|number| !own.contains(number)).collect()
}

/// Whether a process has not ended yet.
fn runs(process: u32) -> bool {
    events::send(process, 0).is_ok()
}

fn main() -> io::Result<()> {
    let options = Options::read("rfhP", "", "shutdown [-rf] [now]");
    if !options.has('f') {
        let all = others();
        for &process in &all {
            let _ = events::send(process, events::TERMINATE);
            let _ = events::send(process, events::CONTINUE);
        }
        let start = Instant::now();
        while all.iter().any(|&process| runs(process)) && start.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(20));
        }
        for process in others() {
            let _ = events::send(process, events::KILL);
        }
    }
    if options.has('r') {
        println!("The system restarts.");
        io::flush_standard_output()?;
        system::restart()
    } else {
        println!("The system is switched off.");
        io::flush_standard_output()?;
        system::power_off(0)
    }
}
