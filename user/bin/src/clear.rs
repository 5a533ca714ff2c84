//! `clear`: empties the screen.
#![no_std]
#![no_main]

use scarlet::prelude::*;

scarlet::main!(main);

fn main() {
    // Home, then erase the screen and what was scrolled away (ECMA-48 and xterm).
    print!("\x1b[H\x1b[2J\x1b[3J");
}
