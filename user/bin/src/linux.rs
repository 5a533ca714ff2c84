//! `linux`: enters the Linux environment, or runs one of its commands: `linux [COMMAND [ARGUMENT…]]`.
//!
//! There is nothing to it but starting a Linux program: the kernel moves a process that starts a program
//! of another ABI into that ABI's view.
#![no_std]
#![no_main]

use scarlet::os::system;
use scarlet::prelude::*;
use scarlet::process::Command;
use scarlet::{env, fs};

scarlet::main!(main);

fn main() -> i32 {
    let machine = match system::information() {
        Ok(own) => system::field(&own.machine),
        Err(error) => {
            eprintln!("linux: {error}");
            return 1;
        }
    };
    let root = format!("/system/linux-{machine}");
    let shell = format!("{root}/bin/sh");
    if !fs::exists(&shell) {
        eprintln!("linux: there is no Linux environment on this machine: {shell} is missing");
        return 1;
    }
    env::set_var("PATH", "/usr/local/bin:/bin:/sbin:/usr/bin:/usr/sbin");
    env::set_var("HOME", "/root");
    env::set_var("SHELL", "/bin/sh");
    let mut command = Command::new(&shell);
    let arguments: Vec<Vec<u8>> = env::args_bytes().into_iter().skip(1).collect();
    if arguments.is_empty() {
        // A login begins at home; a single command stays where it was typed.
        let _ = env::set_current_dir(format!("{root}/root"));
        command.arg0("-sh");
    } else {
        // The shell finds the command along the environment's own PATH.
        command
            .arg0("sh")
            .arg("-c")
            .arg("exec \"$@\"")
            .arg("linux")
            .args(arguments);
    }
    let error = command.exec();
    eprintln!("linux: {shell}: {error}");
    126
}
