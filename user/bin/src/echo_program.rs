//! `echo`: prints its arguments. `-n` without a newline, `-e` with backslash sequences.
#![no_std]
#![no_main]

use scarlet::env;
use scarlet::io::{self, Write};

scarlet::main!(main);

fn main() -> io::Result<()> {
    let line = scarlet_programs::echo::line(&env::args_bytes()[1..]);
    io::stdout().write_all(&line)?;
    io::stdout().flush()
}
