//! `tee`: copies its input to its output and to files. `-a` adds to the files.
#![no_std]
#![no_main]

use scarlet::fs::OpenOptions;
use scarlet::io::{self, Read, Write};
use scarlet::prelude::*;
use scarlet_programs::options::{Options, complain};

scarlet::main!(main);

fn main() -> i32 {
    let options = Options::read("a", "", "tee [-a] [FILE…]");
    let mut status = 0;
    let mut files = Vec::new();
    for name in &options.names {
        let mut open = OpenOptions::new();
        if options.has('a') {
            open.append(true).create(true);
        } else {
            open.write(true).create(true).truncate(true);
        }
        match open.open(name) {
            Ok(file) => files.push((name, file)),
            Err(error) => {
                complain(name, &error);
                status = 1;
            }
        }
    }
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = match io::stdin().read(&mut buffer) {
            Ok(0) => return status,
            Ok(length) => length,
            Err(error) => {
                complain(b"standard input", &error);
                return 1;
            }
        };
        let mut output = io::stdout();
        if let Err(error) = output
            .write_all(&buffer[..length])
            .and_then(|()| output.flush())
        {
            complain(b"standard output", &error);
            return 1;
        }
        for (name, file) in &mut files {
            if let Err(error) = file.write_all(&buffer[..length]) {
                complain(name, &error);
                status = 1;
            }
        }
    }
}
