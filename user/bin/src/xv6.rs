//! `xv6`: enters the xv6 environment, or runs one of its programs: `xv6 [PROGRAM [ARGUMENT…]]`.
//!
//! It makes an environment with the limits of the machine that xv6 is written for, and starts xv6's
//! `init` or the program in it. The files are the view that the machine's `init` gave to xv6's programs.
//! `init` gets process ids of its own and is number 1, as it should be; a single program keeps this
//! machine's, because the first process of an environment inherits orphans, and only `init` knows what
//! to do with them. It starts in the environment's root, because xv6's programs are found relative to
//! the working directory.
#![no_std]
#![no_main]

use scarlet::io::{self, ErrorKind};
use scarlet::os::environment::{Builder, Environment};
use scarlet::prelude::*;
use scarlet::process::Command;
use scarlet::{env, fs, path};

scarlet::main!(main);

const ROOT: &str = "/system/xv6-riscv64";
/// Processes of the original.
const PROCESSES: u64 = 64;
/// Memory of the machine that it is written for, in bytes.
const MEMORY: u64 = 128 << 20;

fn environment(own_processes: bool) -> io::Result<Environment> {
    let builder = Builder::new("xv6")
        .default_abi("xv6")
        .threads(PROCESSES)
        .memory(MEMORY);
    if own_processes {
        builder.own_processes().create()
    } else {
        builder.create()
    }
}

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
    let program = arguments.next();
    let environment = match environment(program.is_none()) {
        Ok(environment) => environment,
        Err(error) => {
            eprintln!("xv6: the environment: {error}");
            return 1;
        }
    };
    let name = program.unwrap_or_else(|| b"init".to_vec());
    if name == b"init" {
        println!("xv6 container");
        println!("Preparing to execute xv6 init...");
    }
    let outcome = Command::new(path::join(ROOT, &name))
        .arg0(&name)
        .args(arguments)
        .inside(&environment)
        .status();
    match outcome {
        Ok(status) => status.shell_status(),
        Err(error) => {
            eprintln!("xv6: {}: {error}", path::display(&name));
            if error.kind() == ErrorKind::NotFound {
                127
            } else {
                126
            }
        }
    }
}
