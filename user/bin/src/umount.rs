//! `umount`: takes mounts away; `-l` now, though something still uses them.
#![no_std]
#![no_main]

use scarlet::os::mount::{self, UnmountFlags};
use scarlet_programs::options::{Options, complain};

scarlet::main!(main);

fn main() -> i32 {
    let options = Options::read("l", "", "umount [-l] TARGET ...");
    options.need_names("umount [-l] TARGET ...");
    let flags = if options.has('l') { UnmountFlags::DETACH } else { UnmountFlags::empty() };
    let mut status = 0;
    for name in &options.names {
        if let Err(error) = mount::unmount(name, flags) {
            complain(name, &error);
            status = 1;
        }
    }
    status
}
