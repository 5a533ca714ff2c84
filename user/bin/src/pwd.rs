//! `pwd`: prints the working directory.
#![no_std]
#![no_main]

use scarlet::env;
use scarlet::io::{self, Write};

scarlet::main!(main);

fn main() -> io::Result<()> {
    let mut line = env::current_dir()?;
    line.push(b'\n');
    io::stdout().write_all(&line)
}
