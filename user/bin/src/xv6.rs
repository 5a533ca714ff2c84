//! `xv6`: enters the xv6 environment, or runs one of its programs: `xv6 [--root DIRECTORY] [PROGRAM [ARGUMENT…]]`.
//!
//! With `--root` the files are those of a directory, such as one on which a disk of xv6's own is mounted. What the
//! environment shares with the rest is there if the directory has places for it: `scarlet`, `dev`, `proc`, `tmp`.
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
use scarlet::os::mount::{BindFlags, View};
use scarlet::prelude::*;
use scarlet::process::Command;
use scarlet::{env, fs, path};

scarlet::main!(main);

const ROOT: &str = "/system/xv6-riscv64";
/// What an environment shares with the global tree, and where.
const SHARED: [(&str, &str); 4] = [
    ("/", "/scarlet"),
    ("/dev", "/dev"),
    ("/proc", "/proc"),
    ("/tmp", "/tmp"),
];
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

/// The files of a directory, and what is shared in the places that it has.
fn files_of(root: &[u8]) -> io::Result<View> {
    let view = View::new(root)?;
    for (source, place) in SHARED {
        // The root is the working directory.
        if fs::exists(&place[1..]) {
            view.bind(source, place, BindFlags::RECURSIVE)?;
        }
    }
    Ok(view)
}

fn main() -> i32 {
    let mut arguments = env::args_bytes().into_iter().skip(1);
    let mut program = arguments.next();
    let mut root = ROOT.as_bytes().to_vec();
    let own_root = program.as_deref() == Some(b"--root");
    if own_root {
        let Some(directory) = arguments.next() else {
            eprintln!("usage: xv6 [--root DIRECTORY] [PROGRAM [ARGUMENT...]]");
            return 2;
        };
        root = directory;
        program = arguments.next();
    }
    // From here on it has the path of a working directory, which begins with a slash.
    let entered = env::set_current_dir(&root).and_then(|()| env::current_dir());
    root = match entered {
        Ok(root) => root,
        Err(error) => {
            eprintln!("xv6: {}: {error}", path::display(&root));
            return 1;
        }
    };
    if program.is_none() && !fs::exists("init") {
        let shown = path::display(&root);
        eprintln!("xv6: there is no xv6 environment here: {shown}/init is missing");
        return 1;
    }
    let made = environment(program.is_none()).and_then(|environment| {
        if own_root {
            environment.give_view(&files_of(&root)?, "xv6")?;
        }
        Ok(environment)
    });
    let environment = match made {
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
    let outcome = Command::new(path::join(&root, &name))
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
