//! `head`: the first lines of files, 10 unless told otherwise: `-n LINES` or `-LINES`; `-c BYTES`.
#![no_std]
#![no_main]

use scarlet::fs::File;
use scarlet::io::{self, BufRead, BufReader, Read, Write};
use scarlet::prelude::*;
use scarlet_programs::ends::{self, Amount};
use scarlet_programs::options::complain;

scarlet::main!(main);

fn print(from: &mut dyn Read, amount: Amount) -> io::Result<()> {
    let mut output = io::stdout();
    let mut reader = BufReader::new(from);
    let mut piece = Vec::new();
    match amount {
        Amount::Lines(count) => {
            for _ in 0..count {
                piece.clear();
                if reader.read_until(b'\n', &mut piece)? == 0 {
                    break;
                }
                output.write_all(&piece)?;
            }
        }
        Amount::Bytes(count) => {
            let mut left = count;
            while left > 0 {
                let buffer = reader.fill_buf()?;
                let length = buffer.len().min(left);
                if length == 0 {
                    break;
                }
                output.write_all(&buffer[..length])?;
                reader.consume(length);
                left -= length;
            }
        }
    }
    output.flush()
}

fn main() -> i32 {
    let (amount, names) = ends::arguments("head [-n LINES] [-c BYTES] [FILE…]");
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
