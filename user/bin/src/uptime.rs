//! `uptime`: the time, how long the system runs, its processes and load.
#![no_std]
#![no_main]

use scarlet::io;
use scarlet::os::system;
use scarlet::prelude::*;
use scarlet::time::SystemTime;
use scarlet_programs::times::Calendar;

scarlet::main!(main);

/// A load in units of 1/65536 with two digits.
fn load(value: u32) -> String {
    let hundredths = (u64::from(value) * 100 + 32_768) >> 16;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

fn main() -> io::Result<()> {
    let info = system::memory()?;
    let now = Calendar::from_seconds(SystemTime::now().since_epoch().as_secs());
    let minutes = info.uptime_ns / 60_000_000_000;
    let (days, hours, minutes) = (minutes / 1_440, minutes / 60 % 24, minutes % 60);
    let days = match days {
        0 => String::new(),
        1 => "1 day, ".to_owned(),
        _ => format!("{days} days, "),
    };
    println!(
        " {:02}:{:02}:{:02} up {days}{hours}:{minutes:02}, {} processes, load average: {}, {}, {}",
        now.hour,
        now.minute,
        now.second,
        info.processes,
        load(info.load[0]),
        load(info.load[1]),
        load(info.load[2])
    );
    Ok(())
}
