//! Makes directories.
#![cfg_attr(target_os = "none", no_std, no_main)]
use xv6::{complain, make_directory, text};

xv6::main!(program);

fn program(arguments: &[&[u8]]) -> i32 {
    if arguments.len() < 2 {
        complain!("Usage: mkdir files...");
        return 1;
    }
    for path in &arguments[1..] {
        if make_directory(path).is_err() {
            complain!("mkdir: {} failed to create", text(path));
            return 1;
        }
    }
    0
}
