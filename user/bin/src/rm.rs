//! `rm`: removes files; `-r` directories with all in them; `-f` minds none that is missing.
#![no_std]
#![no_main]

use scarlet::prelude::*;
use scarlet::{fs, io, path};
use scarlet_programs::options::{Options, complain};

scarlet::main!(main);

const USAGE: &str = "rm [-rf] FILE ...";

fn main() -> i32 {
    let options = Options::read("rRf", "", USAGE);
    if !options.has('f') {
        options.need_names(USAGE);
    }
    let recursive = options.has('r') || options.has('R');
    let mut status = 0;
    for name in &options.names {
        if matches!(path::file_name(name), b"." | b"..") {
            eprintln!("rm: . and .. are not removed");
            status = 1;
            continue;
        }
        match remove(name, recursive) {
            Err(error) if options.has('f') && error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                complain(name, &error);
                status = 1;
            }
            Ok(()) => {}
        }
    }
    status
}

fn remove(name: &[u8], recursive: bool) -> io::Result<()> {
    // Of a link, the link goes, never what it leads to.
    if !fs::symlink_metadata(name)?.is_dir() {
        return fs::remove_file(name);
    }
    if !recursive {
        return Err(io::Error::from(io::ErrorKind::IsDirectory));
    }
    let entries: Vec<_> = fs::read_dir(name)?.collect::<io::Result<_>>()?;
    for entry in entries {
        remove(&entry.path(), true)?;
    }
    fs::remove_dir(name)
}
