//! `cp`: copies files, with `-r` directories too.
#![no_std]
#![no_main]

use scarlet::fs::{self, Permissions};
use scarlet::prelude::*;
use scarlet::{io, path};
use scarlet_programs::options::{Options, complain, destination};

scarlet::main!(main);

fn main() -> i32 {
    let options = Options::read("rR", "", "cp [-r] FILE ... TARGET");
    let recursive = options.has('r') || options.has('R');
    let Some((target, sources)) = options.names.split_last().filter(|(_, rest)| !rest.is_empty())
    else {
        eprintln!("usage: cp [-r] FILE ... TARGET");
        return 2;
    };
    let mut status = 0;
    for source in sources {
        let result = destination(source, target, sources.len())
            .and_then(|to| copy(source, &to, recursive));
        if let Err(error) = result {
            complain(source, &error);
            status = 1;
        }
    }
    status
}

fn copy(from: &[u8], to: &[u8], recursive: bool) -> io::Result<()> {
    let metadata = fs::metadata(from)?;
    if let Ok(existing) = fs::metadata(to)
        && existing.is_same_file(&metadata)
    {
        return Err(io::Error::other("source and target are the same file"));
    }
    if !metadata.is_dir() {
        fs::copy(from, to)?;
        return Ok(());
    }
    if !recursive {
        return Err(io::Error::other("it is a directory; -r copies those"));
    }
    if is_within(to, from)? {
        return Err(io::Error::other("a directory cannot be copied into itself"));
    }
    // Listed before anything is written.
    let entries: Vec<_> = fs::read_dir(from)?.collect::<io::Result<_>>()?;
    if !fs::exists(to) {
        fs::create_dir(to)?;
    }
    for entry in entries {
        let target = path::join(to, entry.file_name());
        if entry.file_type().is_symlink() {
            fs::symlink(fs::read_link(entry.path())?, target)?;
        } else {
            copy(&entry.path(), &target, true)?;
        }
    }
    fs::set_permissions(to, Permissions::from_mode(metadata.permissions().mode()))
}

/// Whether a path to be lies in a directory.
fn is_within(path: &[u8], directory: &[u8]) -> io::Result<bool> {
    let directory = fs::metadata(directory)?;
    let mut above = path::parent(path).to_vec();
    if above.is_empty() {
        above = b".".to_vec();
    }
    loop {
        let here = fs::metadata(&above)?;
        if here.is_same_file(&directory) {
            return Ok(true);
        }
        let up = path::join(&above, "..");
        if fs::metadata(&up)?.is_same_file(&here) {
            return Ok(false);
        }
        above = up;
    }
}
