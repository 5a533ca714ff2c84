//! `free`: how memory is used, in KiB; `-m` in MiB, `-b` in bytes, `-h` as a person reads it.
#![no_std]
#![no_main]

use scarlet::io;
use scarlet::os::system;
use scarlet::prelude::*;
use scarlet_programs::options::Options;
use scarlet_programs::table::{Table, human};

scarlet::main!(main);

fn main() -> io::Result<()> {
    let options = Options::read("bkmgh", "", "free [-bkmgh]");
    let info = system::memory()?;
    let shown = |bytes: u64| {
        if options.has('h') {
            return human(bytes);
        }
        let unit = if options.has('b') {
            1
        } else if options.has('m') {
            1 << 20
        } else if options.has('g') {
            1 << 30
        } else {
            1 << 10
        };
        format!("{}", bytes / unit)
    };
    let mut table = Table::new(&[false, true, true, true]);
    table.row(["", "total", "used", "free"]);
    table.row([
        "Memory:".to_owned(),
        shown(info.total),
        shown(info.total - info.free.min(info.total)),
        shown(info.free),
    ]);
    table.print();
    Ok(())
}
