//! `uname`: names of the system and the machine.
#![no_std]
#![no_main]

use scarlet::io;
use scarlet::os::system::{self, field};
use scarlet::prelude::*;
use scarlet_programs::options::Options;

scarlet::main!(main);

fn main() -> io::Result<()> {
    let options = Options::read("asnrvmpo", "", "uname [-asnrvm]");
    let info = system::information()?;
    let all = options.has('a');
    let fields = [
        ('s', &info.system),
        ('n', &info.host),
        ('r', &info.release),
        ('v', &info.version),
        ('m', &info.machine),
    ];
    let mut words: Vec<String> = fields
        .iter()
        .filter(|(letter, _)| all || options.has(*letter))
        .map(|(_, text)| field(&text[..]))
        .collect();
    if options.has('p') {
        words.push(field(&info.machine));
    }
    if words.is_empty() || options.has('o') {
        words.push(field(&info.system));
    }
    println!("{}", words.join(" "));
    Ok(())
}
