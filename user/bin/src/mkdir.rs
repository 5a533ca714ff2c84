//! `mkdir`: makes directories; `-p` also those above, and minds none that is there.
#![no_std]
#![no_main]

use scarlet::fs;
use scarlet_programs::options::{Options, complain};

scarlet::main!(main);

fn main() -> i32 {
    let options = Options::read("p", "", "mkdir [-p] DIRECTORY ...");
    options.need_names("mkdir [-p] DIRECTORY ...");
    let mut status = 0;
    for name in &options.names {
        let result = if options.has('p') { fs::create_dir_all(name) } else { fs::create_dir(name) };
        if let Err(error) = result {
            complain(name, &error);
            status = 1;
        }
    }
    status
}
