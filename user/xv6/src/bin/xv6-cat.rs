//! Copies files, or standard input, to standard output.
#![cfg_attr(target_os = "none", no_std, no_main)]
use xv6::{Fd, READ_ONLY, close, complain, open, read, text, write};

xv6::main!(program);

fn program(arguments: &[&[u8]]) -> i32 {
    if arguments.len() <= 1 {
        return copy(0);
    }
    for path in &arguments[1..] {
        let Ok(file) = open(path, READ_ONLY) else {
            complain!("cat: cannot open {}", text(path));
            return 1;
        };
        if copy(file) != 0 {
            return 1;
        }
        let _ = close(file);
    }
    0
}

fn copy(from: Fd) -> i32 {
    let mut buffer = [0; 512];
    loop {
        match read(from, &mut buffer) {
            Ok(0) => return 0,
            Ok(length) if write(1, &buffer[..length]) == Ok(length) => {}
            Ok(_) => {
                complain!("cat: write error");
                return 1;
            }
            Err(_) => {
                complain!("cat: read error");
                return 1;
            }
        }
    }
}
