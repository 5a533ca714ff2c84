//! `shutdown`: ends the machine; `shutdown -r` starts it again.
#![no_std]
#![no_main]

use scarlet::io;
use scarlet::os::system;
use scarlet_programs::options::Options;

scarlet::main!(main);

fn main() -> io::Result<()> {
    let options = Options::read("r", "", "shutdown [-r]");
    if options.has('r') {
        system::restart()
    } else {
        system::power_off(0)
    }
}
