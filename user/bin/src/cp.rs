//! `cp`: copies files. `-r` also directories, `-a` the same keeping symbolic links.
#![no_std]
#![no_main]

use scarlet::path;
use scarlet::prelude::*;
use scarlet_programs::files;
use scarlet_programs::options::{Options, complain};

scarlet::main!(main);

const USAGE: &str = "cp [-raPv] SOURCE… TARGET";

fn main() -> i32 {
    let options = Options::read("rRaPdpfv", "", USAGE);
    let recursive = options.has('r') || options.has('R') || options.has('a');
    let keep_links = options.has('P') || options.has('d') || recursive;
    let mut status = 0;
    for (from, to) in files::pairs(&options.names, USAGE) {
        match files::copy(&from, &to, recursive, keep_links) {
            Ok(()) if options.has('v') => {
                println!("{} -> {}", path::display(&from), path::display(&to));
            }
            Ok(()) => {}
            Err((at, error)) => {
                complain(&at, &error);
                status = 1;
            }
        }
    }
    status
}
