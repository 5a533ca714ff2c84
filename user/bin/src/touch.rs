//! `touch`: makes files that are not there, and gives those that are the present time. `-c` makes none.
#![no_std]
#![no_main]

use scarlet::fs::{self, OpenOptions};
use scarlet::io::ErrorKind;
use scarlet::prelude::*;
use scarlet_programs::options::{Options, complain};

scarlet::main!(main);

fn main() -> i32 {
    let options = Options::read("c", "", "touch [-c] FILE…");
    if options.names.is_empty() {
        eprintln!("touch: which file?");
        return 2;
    }
    let mut status = 0;
    for name in &options.names {
        let touched = match fs::touch(name) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                if options.has('c') {
                    Ok(())
                } else {
                    OpenOptions::new()
                        .write(true)
                        .create(true)
                        .open(name)
                        .map(|_| ())
                }
            }
            outcome => outcome,
        };
        if let Err(error) = touched {
            complain(name, &error);
            status = 1;
        }
    }
    status
}
