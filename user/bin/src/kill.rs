//! `kill`: sends a control event to processes; `kill -l` lists the events.
#![no_std]
#![no_main]

use scarlet::env;
use scarlet::os::events;
use scarlet::prelude::*;

scarlet::main!(main);

fn main() -> i32 {
    let mut arguments: Vec<String> = env::args().skip(1).collect();
    let mut event = events::TERMINATE;
    if let Some(first) = arguments.first().filter(|word| word.len() > 1 && word.starts_with('-')) {
        let name = first[1..].to_owned();
        arguments.remove(0);
        if name == "l" {
            for (number, word, sentence) in events::NAMES {
                println!("{number:2} {word:<10} {sentence}");
            }
            return 0;
        }
        let name = match name.as_str() {
            "s" if !arguments.is_empty() => arguments.remove(0),
            _ => name,
        };
        match events::number_of(&name) {
            Some(number) => event = number,
            None => {
                eprintln!("kill: {name}: there is no such event (kill -l lists them)");
                return 2;
            }
        }
    }
    if arguments.is_empty() {
        eprintln!("usage: kill [-EVENT] PID ...");
        return 2;
    }
    let mut status = 0;
    for word in &arguments {
        let result = match word.parse::<i64>() {
            Ok(number) => events::send_number(number, event).map_err(|error| error.to_string()),
            Err(_) => Err("not a number".to_owned()),
        };
        if let Err(reason) = result {
            eprintln!("kill: {word}: {reason}");
            status = 1;
        }
    }
    status
}
