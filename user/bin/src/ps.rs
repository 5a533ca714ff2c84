//! `ps`: the processes, each with its parent, ABI, state and command line. `-l` also with times and
//! memory, `-e` and `-a` as ever mean all, which is the default.
#![no_std]
#![no_main]

use scarlet::prelude::*;
use scarlet::{fs, io, process};
use scarlet_programs::options::Options;
use scarlet_programs::table::{Table, human};

scarlet::main!(main);

/// What one process's files say.
struct Process {
    number: u32,
    parent: String,
    abi: String,
    state: String,
    time: String,
    memory: String,
    command: String,
}

/// A field of `/proc/N/status`.
fn field<'a>(status: &'a str, name: &str) -> &'a str {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.unwrap_or("").trim()
}

fn read(number: u32) -> Option<Process> {
    let information = process::information(number).ok()?;
    let status = fs::read_to_string(format!("/proc/{number}/status")).unwrap_or_default();
    let words = fs::read(format!("/proc/{number}/cmdline")).unwrap_or_default();
    let words: Vec<&[u8]> = words
        .split(|&byte| byte == 0)
        .filter(|word| !word.is_empty())
        .collect();
    let name = scarlet::os::system::field(&information.name);
    let command = if words.is_empty() {
        format!("[{name}]")
    } else {
        // A command line may contain anything, also what would break the table.
        let text = String::from_utf8_lossy(&words.join(&b' ')).into_owned();
        text.chars()
            .map(|character| {
                if character.is_control() {
                    ' '
                } else {
                    character
                }
            })
            .collect()
    };
    let state = field(&status, "State")
        .split(' ')
        .next()
        .unwrap_or("")
        .to_owned();
    let seconds = (information.user_ns + information.system_ns) / 1_000_000_000;
    let kilobytes = field(&status, "VmRSS")
        .split(' ')
        .next()
        .and_then(|text| text.parse().ok());
    Some(Process {
        number,
        parent: format!("{}", information.parent),
        abi: scarlet::os::system::field(&information.abi),
        state: if state.is_empty() {
            "?".to_owned()
        } else {
            state
        },
        time: format!("{}:{:02}", seconds / 60, seconds % 60),
        memory: human(kilobytes.unwrap_or(0u64) << 10),
        command,
    })
}

fn main() -> io::Result<()> {
    let options = Options::read("aeflxuwAj", "o", "ps [-l]");
    let long = options.has('l') || options.has('f') || options.has('u');
    let mut numbers: Vec<u32> = fs::read_dir("/proc")
        .map_err(|error| io::Error::new(error.kind(), format!("/proc: {error}")))?
        .flatten()
        .filter_map(|entry| entry.name_text().parse().ok())
        .collect();
    numbers.sort_unstable();
    let all: Vec<Process> = numbers.into_iter().filter_map(read).collect();
    if long {
        let mut table = Table::new(&[true, true, false, false, true, true]);
        table.row(["PID", "PPID", "ABI", "STATE", "TIME", "MEMORY", "COMMAND"]);
        for one in all {
            let number = format!("{}", one.number);
            table.row([
                number,
                one.parent,
                one.abi,
                one.state,
                one.time,
                one.memory,
                one.command,
            ]);
        }
        table.print();
        return Ok(());
    }
    let mut table = Table::new(&[true, true]);
    table.row(["PID", "PPID", "ABI", "STATE", "COMMAND"]);
    for one in all {
        table.row([
            format!("{}", one.number),
            one.parent,
            one.abi,
            one.state,
            one.command,
        ]);
    }
    table.print();
    Ok(())
}
