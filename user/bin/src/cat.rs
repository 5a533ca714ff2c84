//! `cat`: prints files one after another. `-n` numbers the lines.
#![no_std]
#![no_main]

use scarlet::fs::File;
use scarlet::io::{self, BufRead, BufReader, Read, Write};
use scarlet::prelude::*;
use scarlet_programs::options::{Options, complain};

scarlet::main!(main);

fn main() -> i32 {
    let mut options = Options::read("nu", "", "cat [-n] [FILE…]");
    if options.names.is_empty() {
        options.names.push(b"-".to_vec());
    }
    let numbers = options.has('n');
    let mut line = 0;
    let mut status = 0;
    for name in &options.names {
        let outcome = if name == b"-" {
            print(&mut io::stdin(), numbers, &mut line)
        } else {
            File::open(name).and_then(|mut file| print(&mut file, numbers, &mut line))
        };
        if let Err(error) = outcome {
            complain(name, &error);
            status = 1;
        }
    }
    status
}

fn print(from: &mut dyn Read, numbers: bool, line: &mut usize) -> io::Result<()> {
    let mut output = io::stdout();
    if !numbers {
        io::copy(from, &mut output)?;
        return output.flush();
    }
    let mut reader = BufReader::new(from);
    let mut text = Vec::new();
    while reader.read_until(b'\n', &mut text)? > 0 {
        *line += 1;
        write!(output, "{line:6}\t")?;
        output.write_all(&text)?;
        text.clear();
    }
    output.flush()
}
