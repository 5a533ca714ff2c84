//! `uname`: what system this is.
#![no_std]
#![no_main]

use scarlet::io;
use scarlet::os::system::{self, field};
use scarlet::prelude::*;
use scarlet_programs::options::Options;

scarlet::main!(main);

fn main() -> io::Result<()> {
    let options = Options::read("asnrvm", "", "uname [-asnrvm]");
    let information = system::information()?;
    let fields = [
        ('s', &information.system),
        ('n', &information.host),
        ('r', &information.release),
        ('v', &information.version),
        ('m', &information.machine),
    ];
    let none = !fields.iter().any(|(letter, _)| options.has(*letter)) && !options.has('a');
    let shown: Vec<String> = fields
        .iter()
        .filter(|(letter, _)| options.has('a') || options.has(*letter) || none && *letter == 's')
        .map(|(_, text)| field(*text))
        .collect();
    println!("{}", shown.join(" "));
    Ok(())
}
