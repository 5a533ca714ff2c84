//! Removes names.
#![cfg_attr(target_os = "none", no_std, no_main)]
use xv6::{complain, text, unlink};

xv6::main!(program);

fn program(arguments: &[&[u8]]) -> i32 {
    if arguments.len() < 2 {
        complain!("Usage: rm files...");
        return 1;
    }
    for path in &arguments[1..] {
        if unlink(path).is_err() {
            complain!("rm: {} failed to delete", text(path));
            return 1;
        }
    }
    0
}
