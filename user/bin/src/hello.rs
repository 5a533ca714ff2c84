//! `hello`: the smallest program; says who it is.
#![no_std]
#![no_main]

use scarlet::prelude::*;
use scarlet::process;

scarlet::main!(main);

fn main() {
    println!("Hello, world!");
    println!("PID = {}", process::id());
    println!("PPID = {}", process::parent_id());
}
