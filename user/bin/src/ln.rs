//! `ln`: gives files second names. `-s` makes symbolic links, `-f` replaces what is there.
#![no_std]
#![no_main]

use scarlet::prelude::*;
use scarlet::{fs, path};
use scarlet_programs::files;
use scarlet_programs::options::{Options, complain};

scarlet::main!(main);

const USAGE: &str = "ln [-sfv] TARGET… NAME";

fn main() -> i32 {
    let mut options = Options::read("sfvn", "", USAGE);
    // A target alone gets its own name here.
    if let [target] = options.names.as_slice() {
        let name = path::file_name(target).to_vec();
        options.names.push(name);
    }
    let mut status = 0;
    for (target, name) in files::pairs(&options.names, USAGE) {
        if options.has('f') {
            // What is not there need not be removed; what cannot be is told by what follows.
            let _ = fs::remove_file(&name);
        }
        let made = if options.has('s') {
            fs::symlink(&target, &name)
        } else {
            fs::hard_link(&target, &name)
        };
        match made {
            Ok(()) if options.has('v') => {
                println!("{} -> {}", path::display(&name), path::display(&target));
            }
            Ok(()) => {}
            Err(error) => {
                complain(&name, &error);
                status = 1;
            }
        }
    }
    status
}
