//! `cargo scarlet image shell`: look at a root disk and change it from the host, without being
//! root and without booting it.
//!
//! One command a line, with the names that everybody knows; [`HELP`] lists them. The disk is locked
//! and put in order first. Each command is a script for debugfs ([`commands`]) or a few.

mod commands;
#[cfg(test)]
mod tests;
mod words;

use super::{RootDisk, Sharing, place};
use crate::{arch::Arch, project::Project, ui};
use anyhow::{Result, bail};
use commands::Session;
use std::io::{BufRead, IsTerminal, Write};

/// What `help` shows.
const HELP: &str = "\
ls [PATH]             list a directory, or say what a file is
cat FILE              print a file
get FILE [HOSTFILE]   copy a file of the disk to this machine
put HOSTFILE [PATH]   copy a file of this machine to the disk
edit FILE             change a file of the disk with $EDITOR
mkdir PATH            make a directory
rm [-r] PATH          remove a file; with -r a directory and what is in it
mv OLD NEW            rename a file
ln -s TARGET PATH     make a symbolic link
chmod MODE PATH       set permission bits, such as 755
chown USER[:GROUP] PATH   set the owner, by numbers
cd [PATH], pwd        where names begin
df                    how full the disk is
help, exit
";

/// Runs one command, or those that are typed; the result is the tool's exit status.
pub fn run(project: &Project, arch: Arch, command: &[String]) -> Result<u8> {
    let path = place(project, arch);
    if !path.exists() {
        bail!(
            "there is no disk for {} yet: `cargo scarlet image --arch {}` makes it",
            arch.name(),
            arch.name()
        );
    }
    let disk = RootDisk::open(&path, Sharing::Alone)?;
    disk.put_in_order()?;
    ui::clear();
    let mut session = Session::new(project, disk);
    if !command.is_empty() {
        session.carry_out(command)?;
        return Ok(0);
    }
    let person = std::io::stdin().is_terminal();
    if person {
        println!("The {} disk; `help` lists the commands.", arch.name());
    }
    let mut status = 0;
    let mut input = std::io::stdin().lock();
    loop {
        if person {
            print!("{}:{}> ", arch.name(), session.directory());
            std::io::stdout().flush()?;
        }
        let mut line = String::new();
        if input.read_line(&mut line)? == 0 {
            break;
        }
        let done = words::split(&line).and_then(|words| match words.first().map(String::as_str) {
            None => Ok(true),
            Some("exit" | "quit") => Ok(false),
            Some(_) => session.carry_out(&words).map(|()| true),
        });
        match done {
            Ok(true) => {}
            Ok(false) => return Ok(status),
            Err(error) => {
                eprintln!("{error:#}");
                // A script is told at its end that something was wrong; a person has seen it.
                status = u8::from(!person);
            }
        }
    }
    if person {
        println!();
    }
    Ok(status)
}
