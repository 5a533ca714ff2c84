//! `xv6`: enters the xv6 environment.
//!
//! There is nothing to it but starting xv6's `init`: the kernel moves a process that starts a program of
//! another ABI into that ABI's view. It starts in the environment's root, because xv6's programs are
//! found relative to the working directory.
#![no_std]
#![no_main]

use scarlet::prelude::*;
use scarlet::process::Command;
use scarlet::{env, fs};

scarlet::main!(main);

fn main() -> i32 {
    let program = "/system/xv6-riscv64/init";
    if !fs::exists(program) {
        eprintln!("xv6: there is no xv6 environment on this machine: {program} is missing");
        return 1;
    }
    if let Err(error) = env::set_current_dir("/system/xv6-riscv64") {
        eprintln!("xv6: {error}");
        return 1;
    }
    println!("xv6 container");
    println!("Preparing to execute xv6 init...");
    let error = Command::new(program).arg0("init").exec();
    eprintln!("xv6: {program}: {error}");
    126
}
