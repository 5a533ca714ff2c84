//! `xv6`: enters the xv6 environment, or runs one of its programs: `xv6 [PROGRAM [ARGUMENT…]]`.
//!
//! There is nothing to it but starting xv6's `init` or the program: the kernel moves a process that starts a program of
//! another ABI into that ABI's view. It starts in the environment's root, because xv6's programs are
//! found relative to the working directory.
#![no_std]
#![no_main]

use scarlet::io::ErrorKind;
use scarlet::prelude::*;
use scarlet::process::Command;
use scarlet::{env, fs, path};

scarlet::main!(main);

const ROOT: &str = "/system/xv6-riscv64";

fn main() -> i32 {
    if !fs::exists(format!("{ROOT}/init")) {
        eprintln!("xv6: there is no xv6 environment on this machine: {ROOT}/init is missing");
        return 1;
    }
    if let Err(error) = env::set_current_dir(ROOT) {
        eprintln!("xv6: {ROOT}: {error}");
        return 1;
    }
    let mut arguments = env::args_bytes().into_iter().skip(1);
    let Some(program) = arguments.next() else {
        println!("xv6 container");
        println!("Preparing to execute xv6 init...");
        let error = Command::new(format!("{ROOT}/init")).arg0("init").exec();
        eprintln!("xv6: {ROOT}/init: {error}");
        return 126;
    };
    let error = Command::new(path::join(ROOT, &program))
        .arg0(&program)
        .args(arguments)
        .exec();
    eprintln!("xv6: {}: {error}", path::display(&program));
    if error.kind() == ErrorKind::NotFound {
        127
    } else {
        126
    }
}
