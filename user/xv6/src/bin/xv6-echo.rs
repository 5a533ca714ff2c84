//! Prints its arguments.
#![cfg_attr(target_os = "none", no_std, no_main)]
extern crate alloc;
use alloc::vec::Vec;

xv6::main!(program);

fn program(arguments: &[&[u8]]) -> i32 {
    let mut line: Vec<u8> = arguments.get(1..).unwrap_or(&[]).join(&b' ');
    if arguments.len() > 1 {
        line.push(b'\n');
        let _ = xv6::write(1, &line);
    }
    0
}
