//! `echo`: prints its arguments.
#![no_std]
#![no_main]

use scarlet::prelude::*;
use scarlet::{env, io};

scarlet::main!(main);

fn main() -> io::Result<()> {
    let words = env::args_bytes();
    let mut output = io::stdout();
    output.write_all(&scarlet_programs::echo::line(words.get(1..).unwrap_or(&[])))?;
    output.flush()
}
