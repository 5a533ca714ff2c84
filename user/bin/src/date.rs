//! `date`: the date and time, in UTC; `-s SECONDS` sets it, `-u` changes nothing.
#![no_std]
#![no_main]

use scarlet::io;
use scarlet::os::system;
use scarlet::prelude::*;
use scarlet::time::SystemTime;
use scarlet_programs::options::Options;
use scarlet_programs::times::Calendar;

scarlet::main!(main);

fn main() -> io::Result<()> {
    let options = Options::read("u", "s", "date [-u] [-s SECONDS]");
    if let Some(text) = options.value('s') {
        let seconds: u64 = text
            .parse()
            .map_err(|_| io::Error::other("-s wants a number of seconds since 1970"))?;
        let nanoseconds = seconds
            .checked_mul(1_000_000_000)
            .ok_or(io::Error::other("that time is too far away"))?;
        system::set_time(SystemTime::from_nanos(nanoseconds))?;
    }
    let date = Calendar::from_seconds(SystemTime::now().since_epoch().as_secs());
    println!(
        "{} {} {:2} {:02}:{:02}:{:02} UTC {}",
        date.day_name(),
        date.month_name(),
        date.day,
        date.hour,
        date.minute,
        date.second,
        date.year
    );
    Ok(())
}
