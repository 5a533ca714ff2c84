//! `rmdir`: removes empty directories.
#![no_std]
#![no_main]

use scarlet::fs;
use scarlet::prelude::*;
use scarlet_programs::options::{Options, complain};

scarlet::main!(main);

fn main() -> i32 {
    let options = Options::read("", "", "rmdir DIRECTORY…");
    if options.names.is_empty() {
        eprintln!("rmdir: which directory?");
        return 2;
    }
    let mut status = 0;
    for name in &options.names {
        if let Err(error) = fs::remove_dir(name) {
            complain(name, &error);
            status = 1;
        }
    }
    status
}
