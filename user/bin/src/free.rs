//! `free`: how much memory there is, in KiB; `-m` in MiB.
#![no_std]
#![no_main]

use scarlet::io;
use scarlet::os::system;
use scarlet::prelude::*;
use scarlet_programs::options::Options;
use scarlet_programs::table::Table;

scarlet::main!(main);

fn main() -> io::Result<()> {
    let options = Options::read("m", "", "free [-m]");
    let unit = if options.has('m') { 1024 * 1024 } else { 1024 };
    let memory = system::memory()?;
    let used = memory.total.saturating_sub(memory.free);
    let mut table = Table::new(&[false, true, true, true]);
    table.row(["", "total", "used", "free"]);
    table.row([
        "Memory:".to_owned(),
        (memory.total / unit).to_string(),
        (used / unit).to_string(),
        (memory.free / unit).to_string(),
    ]);
    table.print();
    Ok(())
}
