//! The first process of the xv6 environment: opens the console and keeps a shell running.
#![cfg_attr(target_os = "none", no_std, no_main)]
use xv6::{READ_WRITE, duplicate, exec, exit, fork, make_device, open, println, wait};

xv6::main!(program);

fn program(_arguments: &[&[u8]]) -> i32 {
    // Entered from another shell, the three standard descriptors are open already.
    let entered = xv6::status(0).is_ok();
    if !entered {
        if open(b"console", READ_WRITE).is_err() {
            let _ = make_device(b"console", 1, 0);
            let _ = open(b"console", READ_WRITE);
        }
        let _ = duplicate(0);
        let _ = duplicate(0);
    }
    loop {
        println!("init: starting sh");
        let shell = match fork() {
            Err(_) => {
                println!("init: fork failed");
                return 1;
            }
            Ok(0) => {
                exec(b"sh", &[b"sh"]);
                println!("init: exec sh failed");
                exit(1);
            }
            Ok(shell) => shell,
        };
        loop {
            match wait() {
                // The shell has ended: who came from another shell wants back there.
                Ok((child, _)) if child == shell && entered => return 0,
                Ok((child, _)) if child == shell => break,
                // An orphan.
                Ok(_) => {}
                Err(_) => {
                    println!("init: wait returned an error");
                    return 1;
                }
            }
        }
    }
}
