//! `date`: the date and time in UTC. `+FORMAT` prints it as told; `-s @SECONDS` sets it.
#![no_std]
#![no_main]

use scarlet::os::system;
use scarlet::prelude::*;
use scarlet::time::SystemTime;
use scarlet_programs::options::Options;
use scarlet_programs::times::Calendar;

scarlet::main!(main);

fn main() -> Result<(), String> {
    let options = Options::read("u", "sd", "date [-u] [-d @SECONDS] [-s @SECONDS] [+FORMAT]");
    let mut time = SystemTime::now();
    if let Some(text) = options.value('s').or(options.value('d')) {
        let seconds = text.strip_prefix('@').unwrap_or(text).parse::<u64>();
        let seconds = seconds.map_err(|_| format!("'{text}' is not @SECONDS"))?;
        let wanted = seconds
            .checked_mul(1_000_000_000)
            .ok_or("that is too far away")?;
        time = SystemTime::from_nanos(wanted);
        if options.value('s').is_some() {
            system::set_time(time).map_err(|error| format!("{error}"))?;
        }
    }
    let format = match options.names.as_slice() {
        [] => "%a %b %e %H:%M:%S UTC %Y".to_owned(),
        [one] if one.starts_with(b"+") => String::from_utf8_lossy(&one[1..]).into_owned(),
        _ => return Err("a format begins with +".to_owned()),
    };
    println!("{}", formatted(&format, time));
    Ok(())
}

fn formatted(format: &str, time: SystemTime) -> String {
    let since = time.since_epoch();
    let at = Calendar::from_seconds(since.as_secs());
    let mut result = String::new();
    let mut characters = format.chars();
    while let Some(character) = characters.next() {
        if character != '%' {
            result.push(character);
            continue;
        }
        let part = match characters.next() {
            Some('Y') => format!("{}", at.year),
            Some('y') => format!("{:02}", at.year.rem_euclid(100)),
            Some('m') => format!("{:02}", at.month),
            Some('d') => format!("{:02}", at.day),
            Some('e') => format!("{:2}", at.day),
            Some('H') => format!("{:02}", at.hour),
            Some('M') => format!("{:02}", at.minute),
            Some('S') => format!("{:02}", at.second),
            Some('N') => format!("{:09}", since.subsec_nanos()),
            Some('s') => format!("{}", since.as_secs()),
            Some('a') => at.day_name().to_owned(),
            Some('b' | 'h') => at.month_name().to_owned(),
            Some('u') => format!("{}", if at.weekday == 0 { 7 } else { at.weekday }),
            Some('Z') => "UTC".to_owned(),
            Some('z') => "+0000".to_owned(),
            Some('F') => format!("{}-{:02}-{:02}", at.year, at.month, at.day),
            Some('T') => format!("{:02}:{:02}:{:02}", at.hour, at.minute, at.second),
            Some('n') => "\n".to_owned(),
            Some('t') => "\t".to_owned(),
            Some('%') => "%".to_owned(),
            Some(other) => format!("%{other}"),
            None => "%".to_owned(),
        };
        result.push_str(&part);
    }
    result
}
