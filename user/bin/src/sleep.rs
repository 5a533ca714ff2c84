//! `sleep`: waits for a number of seconds, which may have a fraction.
#![no_std]
#![no_main]

use scarlet::prelude::*;
use scarlet::time::Duration;
use scarlet::{env, thread};

scarlet::main!(main);

fn main() -> i32 {
    let mut total = Duration::ZERO;
    let words: Vec<String> = env::args().skip(1).collect();
    if words.is_empty() {
        eprintln!("usage: sleep SECONDS ...");
        return 2;
    }
    for word in words {
        match word.parse::<f64>().ok().and_then(|value| Duration::try_from_secs_f64(value).ok()) {
            Some(part) => total = total.saturating_add(part),
            None => {
                eprintln!("sleep: {word}: not a number of seconds");
                return 2;
            }
        }
    }
    thread::sleep(total);
    0
}
