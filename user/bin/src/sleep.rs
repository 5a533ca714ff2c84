//! `sleep`: waits. Times may have a fraction and a unit: s, m, h, d.
#![no_std]
#![no_main]

use scarlet::prelude::*;
use scarlet::time::Duration;
use scarlet::{env, thread};

scarlet::main!(main);

/// A time like `1.5m`.
fn duration(text: &str) -> Option<Duration> {
    let (digits, unit) = match text.char_indices().last() {
        Some((at, 's')) => (&text[..at], 1),
        Some((at, 'm')) => (&text[..at], 60),
        Some((at, 'h')) => (&text[..at], 3_600),
        Some((at, 'd')) => (&text[..at], 86_400),
        _ => (text, 1),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let seconds: u64 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    let mut nanoseconds = 0u64;
    let mut scale = 100_000_000u64;
    for digit in fraction.chars() {
        nanoseconds += u64::from(digit.to_digit(10)?) * scale;
        scale /= 10;
    }
    let total = seconds.checked_mul(unit)?;
    Some(Duration::from_secs(total) + Duration::from_nanos(nanoseconds) * unit as u32)
}

fn main() -> Result<(), String> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if arguments.is_empty() {
        return Err("how long? usage: sleep TIME[smhd]…".to_owned());
    }
    let mut total = Duration::ZERO;
    for argument in arguments {
        let one = duration(&argument).ok_or(format!("'{argument}' is not a time"))?;
        total = total.saturating_add(one);
    }
    thread::sleep(total);
    Ok(())
}
