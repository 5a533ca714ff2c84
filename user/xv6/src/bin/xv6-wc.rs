//! Counts lines, words and bytes.
#![cfg_attr(target_os = "none", no_std, no_main)]
use xv6::{Fd, READ_ONLY, close, complain, open, println, read, text};

xv6::main!(program);

fn program(arguments: &[&[u8]]) -> i32 {
    if arguments.len() <= 1 {
        return count(0, b"");
    }
    for path in &arguments[1..] {
        let Ok(file) = open(path, READ_ONLY) else {
            complain!("wc: cannot open {}", text(path));
            return 1;
        };
        if count(file, path) != 0 {
            return 1;
        }
        let _ = close(file);
    }
    0
}

fn count(file: Fd, name: &[u8]) -> i32 {
    let (mut lines, mut words, mut bytes, mut inside) = (0, 0, 0, false);
    let mut buffer = [0; 512];
    loop {
        let length = match read(file, &mut buffer) {
            Ok(0) => break,
            Ok(length) => length,
            Err(_) => {
                complain!("wc: read error");
                return 1;
            }
        };
        bytes += length;
        for byte in &buffer[..length] {
            lines += usize::from(*byte == b'\n');
            let space = matches!(byte, b' ' | b'\r' | b'\t' | b'\n' | 0x0b);
            words += usize::from(!space && !inside);
            inside = !space;
        }
    }
    match name {
        [] => println!("{lines} {words} {bytes}"),
        name => println!("{lines} {words} {bytes} {}", text(name)),
    }
    0
}
