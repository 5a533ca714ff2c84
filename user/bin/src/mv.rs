//! `mv`: renames files; to another file system by copying. `-n` never replaces.
#![no_std]
#![no_main]

use scarlet::io::ErrorKind;
use scarlet::prelude::*;
use scarlet::{fs, path};
use scarlet_programs::files::{self, Failure};
use scarlet_programs::options::{Options, complain};

scarlet::main!(main);

const USAGE: &str = "mv [-fnv] SOURCE… TARGET";

fn main() -> i32 {
    let options = Options::read("fnv", "", USAGE);
    let mut status = 0;
    for (from, to) in files::pairs(&options.names, USAGE) {
        match rename(&from, &to, options.has('n')) {
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

fn rename(from: &[u8], to: &[u8], keep: bool) -> Result<(), Failure> {
    let outcome = if keep {
        fs::rename_new(from, to)
    } else {
        fs::rename(from, to)
    };
    match outcome {
        Err(error) if keep && error.kind() == ErrorKind::Exists => Ok(()),
        Err(error) if error.kind() == ErrorKind::CrossDevice => {
            files::copy(from, to, true, true)?;
            remove(from)
        }
        outcome => outcome.map_err(|error| (from.to_vec(), error)),
    }
}

fn remove(name: &[u8]) -> Result<(), Failure> {
    let at = |error| (name.to_vec(), error);
    if !fs::symlink_metadata(name).map_err(at)?.is_dir() {
        return fs::remove_file(name).map_err(at);
    }
    let entries: Vec<_> = fs::read_dir(name).map_err(at)?.collect();
    for entry in entries {
        remove(&entry.map_err(at)?.path())?;
    }
    fs::remove_dir(name).map_err(at)
}
