//! `ps`: the processes, each with the ABI it speaks.
#![no_std]
#![no_main]

use scarlet::io;
use scarlet::os::system::field;
use scarlet::prelude::*;
use scarlet::{fs, process};
use scarlet_programs::options::Options;
use scarlet_programs::table::Table;

scarlet::main!(main);

fn main() -> io::Result<()> {
    let _ = Options::read("", "", "ps");
    let mut numbers: Vec<u32> = fs::read_dir("/proc")?
        .flatten()
        .filter_map(|entry| entry.name_text().parse().ok())
        .collect();
    numbers.sort_unstable();
    let mut table = Table::new(&[true, true, false, false, true, false]);
    table.row(["PID", "PPID", "ABI", "STATE", "TIME", "COMMAND"]);
    for number in numbers {
        // It may have ended since the directory was read.
        let Ok(information) = process::information(number) else { continue };
        let seconds = (information.user_ns + information.system_ns) / 1_000_000_000;
        table.row([
            number.to_string(),
            information.parent.to_string(),
            field(&information.abi),
            state(number),
            format!("{}:{:02}", seconds / 60, seconds % 60),
            command(number).unwrap_or_else(|| format!("[{}]", field(&information.name))),
        ]);
    }
    table.print();
    Ok(())
}

/// What the process does: the third field of its `stat`, as a word.
fn state(number: u32) -> String {
    let stat = fs::read(format!("/proc/{number}/stat")).unwrap_or_default();
    let stat = String::from_utf8_lossy(&stat).into_owned();
    let letter = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    match letter {
        Some('R') => "running",
        Some('S') => "sleeping",
        Some('D') => "waiting",
        Some('T' | 't') => "stopped",
        Some('Z') => "zombie",
        _ => "?",
    }
    .to_owned()
}

/// The command line, if the process still has one.
fn command(number: u32) -> Option<String> {
    let line = fs::read(format!("/proc/{number}/cmdline")).ok()?;
    let words: Vec<_> = line
        .split(|&byte| byte == 0)
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect();
    let text = words.join(" ").trim_end().to_owned();
    (!text.is_empty()).then_some(text)
}
