//! `mount`: lists the mounts, or makes one: `mount -t TYPE [-r] [-o OPTIONS] SOURCE TARGET`,
//! `mount --bind SOURCE TARGET` (`--rbind` with what is mounted below).
#![no_std]
#![no_main]

use scarlet::os::mount::{self, BindFlags, MountFlags};
use scarlet::prelude::*;
use scarlet::{env, fs, io};
use scarlet_programs::options::complain;

scarlet::main!(main);

const USAGE: &str = "mount [-t TYPE [-r] [-o OPTIONS] SOURCE TARGET | --bind SOURCE TARGET]";

fn main() -> i32 {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (target, result) = match words.as_slice() {
        [] => ("/proc/mounts", list()),
        ["--bind", source, target] => (*target, mount::bind(source, target, BindFlags::empty())),
        ["--rbind", source, target] => (*target, mount::bind(source, target, BindFlags::RECURSIVE)),
        words => {
            let Some((kind, options, flags, source, target)) = parse(words) else {
                eprintln!("usage: {USAGE}");
                return 2;
            };
            (target, mount::mount(kind, source, target, options, flags))
        }
    };
    match result {
        Ok(()) => 0,
        Err(error) => {
            complain(target.as_bytes(), &error);
            1
        }
    }
}

fn parse<'a>(words: &[&'a str]) -> Option<(&'a str, &'a str, MountFlags, &'a str, &'a str)> {
    let (mut kind, mut options, mut flags) = (None, "", MountFlags::empty());
    let mut names = Vec::new();
    let mut rest = words.iter();
    while let Some(&word) = rest.next() {
        match word {
            "-t" => kind = Some(*rest.next()?),
            "-o" => options = rest.next()?,
            "-r" => flags |= MountFlags::READ_ONLY,
            word if word.starts_with('-') => return None,
            word => names.push(word),
        }
    }
    match names.as_slice() {
        [source, target] => Some((kind?, options, flags, source, target)),
        _ => None,
    }
}

fn list() -> io::Result<()> {
    let text = fs::read_to_string("/proc/mounts")?;
    for line in text.lines() {
        let mut fields = line.split(' ');
        let mut next = || fields.next().unwrap_or("");
        let (source, target, kind, options) = (next(), next(), next(), next());
        println!("{source} on {target} type {kind} ({options})");
    }
    Ok(())
}
