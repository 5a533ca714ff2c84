//! `grep`: the lines that match a pattern.
#![no_std]
#![no_main]

use scarlet::fs::File;
use scarlet::io::{self, BufReader};
use scarlet::path;
use scarlet::prelude::*;
use scarlet_programs::options::{Options, complain};
use scarlet_programs::pattern::Pattern;

scarlet::main!(main);

const USAGE: &str = "grep [-icnvq] PATTERN [FILE ...]";

fn main() -> i32 {
    let options = Options::read("icnvqF", "", USAGE);
    let Some((pattern, names)) = options.names.split_first() else {
        eprintln!("usage: {USAGE}");
        return 2;
    };
    let pattern = Pattern::new(pattern, options.has('F'), options.has('i'));
    let mut matched = false;
    let mut failed = false;
    if names.is_empty() {
        match search(&options, &pattern, &mut io::stdin(), None) {
            Ok(found) => matched |= found,
            Err(error) => {
                eprintln!("grep: {error}");
                failed = true;
            }
        }
    }
    for name in names {
        let label = (names.len() > 1).then_some(name.as_slice());
        let result =
            File::open(name).and_then(|mut file| search(&options, &pattern, &mut file, label));
        match result {
            Ok(found) => matched |= found,
            Err(error) => {
                complain(name, &error);
                failed = true;
            }
        }
    }
    match (failed, matched) {
        (true, _) => 2,
        (false, true) => 0,
        (false, false) => 1,
    }
}

fn search(
    options: &Options,
    pattern: &Pattern,
    input: &mut dyn Read,
    label: Option<&[u8]>,
) -> io::Result<bool> {
    let mut input = BufReader::new(input);
    let mut output = io::stdout();
    let prefix = label.map(|name| format!("{}:", path::display(name))).unwrap_or_default();
    let mut line = Vec::new();
    let (mut number, mut count) = (0u64, 0u64);
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        number += 1;
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        if pattern.matches(text) == options.has('v') {
            continue;
        }
        count += 1;
        if options.has('q') {
            return Ok(true);
        }
        if !options.has('c') {
            output.write_all(prefix.as_bytes())?;
            if options.has('n') {
                output.write_all(format!("{number}:").as_bytes())?;
            }
            output.write_all(text)?;
            output.write_all(b"\n")?;
        }
    }
    if options.has('c') {
        output.write_all(format!("{prefix}{count}\n").as_bytes())?;
    }
    output.flush()?;
    Ok(count > 0)
}
