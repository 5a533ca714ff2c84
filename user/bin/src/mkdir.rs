//! `mkdir`: makes directories. `-p` also those above, and is content with what is there; `-m` sets the
//! permission bits.
#![no_std]
#![no_main]

use scarlet::fs::{self, Permissions};
use scarlet::prelude::*;
use scarlet_programs::options::{Options, complain};

scarlet::main!(main);

fn main() -> i32 {
    let options = Options::read("pv", "m", "mkdir [-p] [-m MODE] DIRECTORY…");
    if options.names.is_empty() {
        eprintln!("mkdir: which directory?");
        return 2;
    }
    let mode = match options.value('m').map(|text| u32::from_str_radix(text, 8)) {
        None => None,
        Some(Ok(mode)) => Some(mode),
        Some(Err(_)) => {
            eprintln!("mkdir: the mode must be an octal number");
            return 2;
        }
    };
    let mut status = 0;
    for name in &options.names {
        let made = if options.has('p') {
            fs::create_dir_all(name)
        } else {
            fs::create_dir(name)
        };
        let set = made.and_then(|()| match mode {
            Some(mode) => fs::set_permissions(name, Permissions::from_mode(mode)),
            None => Ok(()),
        });
        match set {
            Ok(()) if options.has('v') => println!("{}", String::from_utf8_lossy(name)),
            Ok(()) => {}
            Err(error) => {
                complain(name, &error);
                status = 1;
            }
        }
    }
    status
}
