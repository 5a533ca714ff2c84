//! `tail`: the last lines of files, 10 unless told otherwise: `-n LINES` or `-LINES`; `-c BYTES`.
#![no_std]
#![no_main]

use scarlet::fs::File;
use scarlet::io::{self, Read, Write};
use scarlet::prelude::*;
use scarlet_programs::ends::{self, Amount};
use scarlet_programs::options::complain;

scarlet::main!(main);

fn print(from: &mut dyn Read, amount: Amount) -> io::Result<()> {
    let mut text = Vec::new();
    from.read_to_end(&mut text)?;
    let start = match amount {
        Amount::Bytes(count) => text.len().saturating_sub(count),
        Amount::Lines(0) => text.len(),
        Amount::Lines(count) => {
            // The newline at the very end ends the last line and begins none.
            let body = text.strip_suffix(b"\n").unwrap_or(&text);
            let mut newlines = body
                .iter()
                .enumerate()
                .rev()
                .filter(|(_, byte)| **byte == b'\n');
            newlines.nth(count - 1).map_or(0, |(at, _)| at + 1)
        }
    };
    let mut output = io::stdout();
    output.write_all(&text[start..])?;
    output.flush()
}

fn main() -> i32 {
    let (amount, names) = ends::arguments("tail [-n LINES] [-c BYTES] [FILE…]");
    if names.is_empty() {
        return match print(&mut io::stdin(), amount) {
            Ok(()) => 0,
            Err(error) => {
                complain(b"standard input", &error);
                1
            }
        };
    }
    let mut status = 0;
    for (number, name) in names.iter().enumerate() {
        ends::title(&names, number);
        if let Err(error) = File::open(name).and_then(|mut file| print(&mut file, amount)) {
            complain(name, &error);
            status = 1;
        }
    }
    status
}
