//! Several processes that write and read files of their own at the same time.
#![cfg_attr(target_os = "none", no_std, no_main)]
extern crate alloc;
use alloc::format;
use xv6::{CREATE, READ_ONLY, READ_WRITE, close, fork, open, println, read, wait, write};

xv6::main!(program);

const BLOCK: usize = 512;
const BLOCKS: usize = 20;
const WORKERS: usize = 5;

fn program(_arguments: &[&[u8]]) -> i32 {
    println!("stressfs starting");
    // Every process but the last has a child; each takes the number it has come to.
    let mut worker = 0;
    while worker < WORKERS - 1 && fork() == Ok(0) {
        worker += 1;
    }
    let result = work(worker);
    let child = wait().map_or(0, |(_, status)| status);
    result.max(child)
}

fn work(worker: usize) -> i32 {
    let path = format!("stressfs{worker}");
    println!("write {worker}");
    let Ok(file) = open(path.as_bytes(), CREATE | READ_WRITE) else {
        println!("stressfs: cannot create {path}");
        return 1;
    };
    let block = [b'a' + worker as u8; BLOCK];
    for _ in 0..BLOCKS {
        if write(file, &block) != Ok(BLOCK) {
            println!("stressfs: cannot write {path}");
            return 1;
        }
    }
    let _ = close(file);
    println!("read {worker}");
    let Ok(file) = open(path.as_bytes(), READ_ONLY) else {
        return 1;
    };
    let mut buffer = [0; BLOCK];
    for _ in 0..BLOCKS {
        if read(file, &mut buffer) != Ok(BLOCK) || buffer != block {
            println!("stressfs: {path} reads otherwise than it was written");
            return 1;
        }
    }
    let _ = close(file);
    i32::from(xv6::unlink(path.as_bytes()).is_err())
}
