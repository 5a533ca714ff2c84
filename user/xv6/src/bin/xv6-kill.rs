//! Kills processes by number.
#![cfg_attr(target_os = "none", no_std, no_main)]
use xv6::{complain, kill, number};

xv6::main!(program);

fn program(arguments: &[&[u8]]) -> i32 {
    if arguments.len() < 2 {
        complain!("usage: kill pid...");
        return 1;
    }
    for argument in &arguments[1..] {
        let _ = kill(number(argument));
    }
    0
}
