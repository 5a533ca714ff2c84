//! `wc`: counts lines, words and bytes.
#![no_std]
#![no_main]

use scarlet::fs::File;
use scarlet::io;
use scarlet::path;
use scarlet::prelude::*;
use scarlet_programs::options::{Options, complain};

scarlet::main!(main);

#[derive(Clone, Copy, Default)]
struct Counts {
    lines: u64,
    words: u64,
    bytes: u64,
}

fn main() -> i32 {
    let options = Options::read("lwc", "", "wc [-lwc] [FILE ...]");
    let mut status = 0;
    let mut total = Counts::default();
    if options.names.is_empty() {
        match count(&mut io::stdin()) {
            Ok(counts) => show(&options, counts, ""),
            Err(error) => {
                eprintln!("wc: {error}");
                status = 1;
            }
        }
    }
    for name in &options.names {
        match File::open(name).and_then(|mut file| count(&mut file)) {
            Ok(counts) => {
                show(&options, counts, &path::display(name));
                total.lines += counts.lines;
                total.words += counts.words;
                total.bytes += counts.bytes;
            }
            Err(error) => {
                complain(name, &error);
                status = 1;
            }
        }
    }
    if options.names.len() > 1 {
        show(&options, total, "total");
    }
    status
}

fn count(input: &mut dyn Read) -> io::Result<Counts> {
    let mut counts = Counts::default();
    let mut inside = false;
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let length = input.read(&mut buffer)?;
        if length == 0 {
            return Ok(counts);
        }
        counts.bytes += length as u64;
        for byte in &buffer[..length] {
            counts.lines += u64::from(*byte == b'\n');
            let space = byte.is_ascii_whitespace() || *byte == 0x0b;
            counts.words += u64::from(!space && !inside);
            inside = !space;
        }
    }
}

fn show(options: &Options, counts: Counts, name: &str) {
    let all = !"lwc".chars().any(|letter| options.has(letter));
    let mut fields = Vec::new();
    for (letter, value) in [('l', counts.lines), ('w', counts.words), ('c', counts.bytes)] {
        if all || options.has(letter) {
            fields.push(value.to_string());
        }
    }
    if !name.is_empty() {
        fields.push(name.to_owned());
    }
    println!("{}", fields.join(" "));
}
