//! `wc`: counts lines, words and bytes. `-l`, `-w`, `-c` choose; `-m` counts characters.
#![no_std]
#![no_main]

use scarlet::fs::File;
use scarlet::io::{self, Read};
use scarlet::prelude::*;
use scarlet_programs::options::{Options, complain};

scarlet::main!(main);

#[derive(Default)]
struct Counts {
    lines: u64,
    words: u64,
    bytes: u64,
    characters: u64,
}

fn count(from: &mut dyn Read) -> io::Result<Counts> {
    let mut counts = Counts::default();
    let mut buffer = vec![0; 64 * 1024];
    let mut inside = false;
    loop {
        let length = from.read(&mut buffer)?;
        if length == 0 {
            return Ok(counts);
        }
        counts.bytes += length as u64;
        for &byte in &buffer[..length] {
            counts.lines += u64::from(byte == b'\n');
            counts.characters += u64::from(byte & 0xc0 != 0x80);
            let blank = byte.is_ascii_whitespace() || byte == 0x0b;
            counts.words += u64::from(!blank && !inside);
            inside = !blank;
        }
    }
}

fn main() -> i32 {
    let options = Options::read("lwcm", "", "wc [-lwcm] [FILE…]");
    let some = "lwcm".chars().any(|letter| options.has(letter));
    let show = |counts: &Counts, name: &[u8]| {
        let fields = [
            (!some || options.has('l'), counts.lines),
            (!some || options.has('w'), counts.words),
            (options.has('m'), counts.characters),
            (!some || options.has('c'), counts.bytes),
        ];
        let mut cells: Vec<String> = fields
            .iter()
            .filter(|(wanted, _)| *wanted)
            .map(|(_, number)| format!("{number}"))
            .collect();
        if cells.len() > 1 {
            cells = cells.iter().map(|cell| format!("{cell:>7}")).collect();
        }
        if !name.is_empty() {
            cells.push(String::from_utf8_lossy(name).into_owned());
        }
        println!("{}", cells.join(" "));
    };
    if options.names.is_empty() {
        return match count(&mut io::stdin()) {
            Ok(counts) => {
                show(&counts, b"");
                0
            }
            Err(error) => {
                complain(b"standard input", &error);
                1
            }
        };
    }
    let mut total = Counts::default();
    let mut status = 0;
    for name in &options.names {
        match File::open(name).and_then(|mut file| count(&mut file)) {
            Ok(counts) => {
                show(&counts, name);
                total.lines += counts.lines;
                total.words += counts.words;
                total.bytes += counts.bytes;
                total.characters += counts.characters;
            }
            Err(error) => {
                complain(name, &error);
                status = 1;
            }
        }
    }
    if options.names.len() > 1 {
        show(&total, b"total");
    }
    status
}
