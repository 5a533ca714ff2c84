//! `head`: the first lines of files.
#![no_std]
#![no_main]

use scarlet::fs::File;
use scarlet::io::{self, BufReader};
use scarlet::path;
use scarlet::prelude::*;
use scarlet_programs::options::{Options, complain};

scarlet::main!(main);

const USAGE: &str = "head [-n LINES] [FILE ...]";

fn main() -> i32 {
    let options = Options::read("", "n", USAGE);
    let lines = match options.value('n').map(str::parse::<u64>) {
        None => 10,
        Some(Ok(lines)) => lines,
        Some(Err(_)) => {
            eprintln!("usage: {USAGE}");
            return 2;
        }
    };
    if options.names.is_empty() {
        let result = show(&mut io::stdin(), lines);
        return i32::from(result.is_err());
    }
    let mut status = 0;
    for (index, name) in options.names.iter().enumerate() {
        if options.names.len() > 1 {
            println!("{}==> {} <==", if index > 0 { "\n" } else { "" }, path::display(name));
        }
        if let Err(error) = File::open(name).and_then(|mut file| show(&mut file, lines)) {
            complain(name, &error);
            status = 1;
        }
    }
    status
}

fn show(input: &mut dyn Read, lines: u64) -> io::Result<()> {
    let mut input = BufReader::new(input);
    let mut output = io::stdout();
    let mut line = Vec::new();
    for _ in 0..lines {
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        output.write_all(&line)?;
    }
    output.flush()
}
