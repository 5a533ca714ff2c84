//! `uptime`: how long the system runs, and its load over one, five and fifteen minutes.
#![no_std]
#![no_main]

use scarlet::io;
use scarlet::os::system;
use scarlet::prelude::*;

scarlet::main!(main);

fn main() -> io::Result<()> {
    let memory = system::memory()?;
    let seconds = memory.uptime_ns / 1_000_000_000;
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    // Loads are fixed-point numbers with 16 bits behind the point.
    let load = memory.load.map(|value| f64::from(value) / 65_536.0);
    println!(
        "up {days} days, {hours:2}:{minutes:02}:{:02}, {} processes, load {:.2} {:.2} {:.2}",
        seconds % 60,
        memory.processes,
        load[0],
        load[1],
        load[2]
    );
    Ok(())
}
