//! `ln`: gives a file a second name; `-s` makes a symbolic link.
#![no_std]
#![no_main]

use scarlet::fs;
use scarlet::prelude::*;
use scarlet_programs::options::{Options, complain, destination};

scarlet::main!(main);

fn main() -> i32 {
    let options = Options::read("sf", "", "ln [-sf] TARGET [NAME]");
    let (target, name) = match options.names.as_slice() {
        [target] => (target, b".".to_vec()),
        [target, name] => (target, name.clone()),
        _ => {
            eprintln!("usage: ln [-sf] TARGET [NAME]");
            return 2;
        }
    };
    let result = destination(target, &name, 1).and_then(|name| {
        if options.has('f') && fs::symlink_metadata(&name).is_ok() {
            fs::remove_file(&name)?;
        }
        if options.has('s') { fs::symlink(target, &name) } else { fs::hard_link(target, &name) }
    });
    match result {
        Ok(()) => 0,
        Err(error) => {
            complain(&name, &error);
            1
        }
    }
}
