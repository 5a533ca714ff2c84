//! `clear`: empties the terminal's screen.
#![no_std]
#![no_main]

use scarlet::prelude::*;

scarlet::main!(main);

fn main() {
    print!("\x1b[H\x1b[2J\x1b[3J");
}
