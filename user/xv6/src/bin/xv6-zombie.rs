//! Leaves a child that ends before its parent waits: the parent ends without waiting, and the
//! child must be collected by the first process.
#![cfg_attr(target_os = "none", no_std, no_main)]
use xv6::{fork, sleep};

xv6::main!(program);

fn program(_arguments: &[&[u8]]) -> i32 {
    if fork().is_ok_and(|child| child > 0) {
        let _ = sleep(5);
    }
    0
}
