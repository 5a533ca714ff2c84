//! `rm`: removes files. `-r` directories with all that is in them, `-d` empty ones; `-f` is content
//! with what is not there.
#![no_std]
#![no_main]

use scarlet::io::{self, ErrorKind};
use scarlet::prelude::*;
use scarlet::{fs, path};
use scarlet_programs::options::{Options, complain};

scarlet::main!(main);

fn main() -> i32 {
    let options = Options::read("rRfdv", "", "rm [-rfdv] FILE…");
    let force = options.has('f');
    if options.names.is_empty() && !force {
        eprintln!("rm: which file?");
        return 2;
    }
    let recursive = options.has('r') || options.has('R');
    let mut status = 0;
    for name in &options.names {
        if matches!(path::file_name(name), b"." | b".." | b"/") {
            eprintln!("rm: {}: will not be removed", path::display(name));
            status = 1;
            continue;
        }
        match remove(name, recursive, options.has('d')) {
            Ok(()) if options.has('v') => println!("{}", path::display(name)),
            Ok(()) => {}
            Err((_, error)) if force && error.kind() == ErrorKind::NotFound => {}
            Err((at, error)) => {
                complain(&at, &error);
                status = 1;
            }
        }
    }
    status
}

/// Removes one thing; a failure with the path at which it happened.
fn remove(name: &[u8], recursive: bool, empty: bool) -> Result<(), (Vec<u8>, io::Error)> {
    let at = |error: io::Error| (name.to_vec(), error);
    let found = fs::symlink_metadata(name).map_err(at)?;
    if !found.is_dir() {
        return fs::remove_file(name).map_err(at);
    }
    if !recursive && !empty {
        return Err((name.to_vec(), ErrorKind::IsDirectory.into()));
    }
    if recursive {
        // The list is read first: removing while reading may skip names.
        let entries: io::Result<Vec<fs::DirEntry>> =
            fs::read_dir(name).and_then(|entries| entries.collect());
        for entry in entries.map_err(at)? {
            remove(&entry.path(), true, empty)?;
        }
    }
    fs::remove_dir(name).map_err(at)
}
