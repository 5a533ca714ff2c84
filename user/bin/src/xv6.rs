//! `xv6`: enters the xv6 environment.
//!
//! There is nothing to it but starting xv6's `init`: the kernel moves a process that starts a program of
//! another ABI into that ABI's view.
#![no_std]
#![no_main]

use scarlet::fs;
use scarlet::prelude::*;
use scarlet::process::Command;

scarlet::main!(main);

fn main() -> i32 {
    let program = "/system/xv6-riscv64/init";
    if !fs::exists(program) {
        eprintln!("xv6: there is no xv6 environment on this machine: {program} is missing");
        return 1;
    }
    println!("xv6 container");
    println!("Preparing to execute xv6 init...");
    let error = Command::new(program).arg0("init").exec();
    eprintln!("xv6: {program}: {error}");
    126
}
