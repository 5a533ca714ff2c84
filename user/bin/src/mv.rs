//! `mv`: renames files, or moves them into a directory; between file systems it copies.
#![no_std]
#![no_main]

use scarlet::prelude::*;
use scarlet::{fs, io};
use scarlet_programs::options::{Options, complain, destination};

scarlet::main!(main);

fn main() -> i32 {
    let options = Options::read("f", "", "mv FILE ... TARGET");
    let Some((target, sources)) = options.names.split_last().filter(|(_, rest)| !rest.is_empty())
    else {
        eprintln!("usage: mv FILE ... TARGET");
        return 2;
    };
    let mut status = 0;
    for source in sources {
        let result =
            destination(source, target, sources.len()).and_then(|to| move_file(source, &to));
        if let Err(error) = result {
            complain(source, &error);
            status = 1;
        }
    }
    status
}

fn move_file(from: &[u8], to: &[u8]) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossDevice => {}
        result => return result,
    }
    if fs::symlink_metadata(from)?.is_dir() {
        return Err(io::Error::other("a directory cannot be moved to another file system"));
    }
    fs::copy(from, to)?;
    fs::remove_file(from)
}
