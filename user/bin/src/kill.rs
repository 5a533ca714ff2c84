//! `kill`: sends an event to processes; TERM unless another is named. `-l` lists the events.
#![no_std]
#![no_main]

use scarlet::env;
use scarlet::os::events;
use scarlet::prelude::*;

scarlet::main!(main);

fn main() -> i32 {
    let mut rest: Vec<String> = env::args().skip(1).collect();
    let mut event = events::TERMINATE;
    if let Some(first) = rest.first().cloned()
        && first.starts_with('-')
        && first.len() > 1
    {
        if first == "-l" {
            for (number, word, sentence) in events::NAMES {
                println!("{number:2} {word:<6} {sentence}");
            }
            return 0;
        }
        let takes_next = matches!(first.as_str(), "-s" | "-n");
        let name = if takes_next {
            rest.get(1).cloned()
        } else {
            Some(first[1..].to_owned())
        };
        let known = name.as_deref().and_then(events::number_of);
        if first == "--" {
            rest.remove(0);
        } else if let Some(number) = known {
            event = number;
            rest.drain(..if takes_next { 2 } else { 1 });
        } else {
            eprintln!(
                "kill: {} is not an event; kill -l lists them",
                name.unwrap_or_default()
            );
            return 2;
        }
    }
    if rest.is_empty() {
        eprintln!("usage: kill [-EVENT] PROCESS…");
        return 2;
    }
    let mut status = 0;
    for name in rest {
        let outcome = match name.parse::<i64>() {
            Ok(number) => events::send_number(number, event).map_err(|error| format!("{error}")),
            Err(_) => Err("is not a process's number".to_owned()),
        };
        if let Err(message) = outcome {
            eprintln!("kill: {name}: {message}");
            status = 1;
        }
    }
    status
}
