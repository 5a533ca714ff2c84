//! `umount`: takes mounts away. `-l` now, even if they are in use; they go when their last user goes.
#![no_std]
#![no_main]

use scarlet::os::mount::{UnmountFlags, unmount};
use scarlet::prelude::*;
use scarlet_programs::options::{Options, complain};

scarlet::main!(main);

fn main() -> i32 {
    let options = Options::read("l", "", "umount [-l] DIRECTORY…");
    if options.names.is_empty() {
        eprintln!("umount: which directory?");
        return 2;
    }
    let mut flags = UnmountFlags::empty();
    flags.set(UnmountFlags::DETACH, options.has('l'));
    let mut status = 0;
    for name in &options.names {
        if let Err(error) = unmount(name, flags) {
            complain(name, &error);
            status = 1;
        }
    }
    status
}
