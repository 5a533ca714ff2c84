//! `cat`: copies files, or standard input, to standard output.
#![no_std]
#![no_main]

use scarlet::fs::File;
use scarlet::io;
use scarlet::prelude::*;
use scarlet_programs::options::{Options, complain};

scarlet::main!(main);

fn main() -> i32 {
    let mut options = Options::read("", "", "cat [FILE ...]");
    if options.names.is_empty() {
        options.names.push(b"-".to_vec());
    }
    let mut status = 0;
    for name in &options.names {
        if let Err(error) = copy(name) {
            // Nobody reads any more: that is no news.
            if error.kind() == io::ErrorKind::BrokenPipe {
                return 1;
            }
            complain(name, &error);
            status = 1;
        }
    }
    status
}

fn copy(name: &[u8]) -> io::Result<()> {
    let mut output = io::stdout();
    let mut buffer = vec![0; 32 * 1024];
    let mut input: Box<dyn Read> = match name {
        b"-" => Box::new(io::stdin()),
        path => Box::new(File::open(path)?),
    };
    loop {
        match input.read(&mut buffer)? {
            0 => return output.flush(),
            length => {
                output.write_all(&buffer[..length])?;
                output.flush()?;
            }
        }
    }
}
