//! Forks until it fails (or often enough), and checks that every child can be waited for, once.
#![cfg_attr(target_os = "none", no_std, no_main)]
use xv6::{exit, fork, println, wait};

xv6::main!(program);

const MOST: usize = 1000;

fn program(_arguments: &[&[u8]]) -> i32 {
    println!("fork test");
    let mut children = 0;
    while children < MOST {
        match fork() {
            Err(_) => break,
            Ok(0) => exit(0),
            Ok(_) => children += 1,
        }
    }
    for _ in 0..children {
        if wait().is_err() {
            println!("wait stopped early");
            return 1;
        }
    }
    if wait().is_ok() {
        println!("wait got too many");
        return 1;
    }
    println!("fork test OK");
    0
}
