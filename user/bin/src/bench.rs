//! `bench ROW COUNT`: does one thing COUNT times through the native calls. Who runs it has the
//! clock: `cargo scarlet bench` runs it with a count and with none, and counts the difference.
#![no_std]
#![no_main]

use scarlet::env;
use scarlet::fs::{self, File};
use scarlet::io::{self, Read, Write};
use scarlet::os::pipe;
use scarlet::prelude::*;
use scarlet::process::{self, Command, WaitFlags};
use scarlet::thread;

const SCRATCH: &str = "/tmp/native-bench";

scarlet::main!(main);

fn main() -> i32 {
    let words = env::args_bytes();
    let [_, row, count] = words.as_slice() else {
        eprintln!("usage: bench ROW COUNT");
        return 2;
    };
    let count = String::from_utf8_lossy(count).parse().unwrap_or(0);
    match run(row, count) {
        Ok(true) => 0,
        Ok(false) => {
            eprintln!("bench: no such row");
            2
        }
        Err(error) => {
            eprintln!("bench: {error}");
            1
        }
    }
}

fn run(row: &[u8], count: u32) -> io::Result<bool> {
    let mut byte = [0];
    match row {
        b"null_call" => {
            for _ in 0..count {
                let _ = thread::id();
            }
        }
        b"read_byte" => {
            let mut zero = File::open("/dev/zero")?;
            for _ in 0..count {
                zero.read(&mut byte)?;
            }
        }
        b"write_byte" => {
            let mut null = File::create("/dev/null")?;
            for _ in 0..count {
                null.write(&byte)?;
            }
        }
        b"open_close" => {
            File::create(SCRATCH)?;
            for _ in 0..count {
                File::open(SCRATCH)?;
            }
        }
        b"stat" => {
            File::create(SCRATCH)?;
            for _ in 0..count {
                fs::metadata(SCRATCH)?;
            }
        }
        b"fork_exit" => {
            for _ in 0..count {
                match process::fork()? {
                    None => process::exit(0),
                    Some(child) => process::wait_for(child, WaitFlags::empty())?,
                };
            }
        }
        // A native program starts another by one call, without a copy of itself.
        b"fork_exec" => {
            for _ in 0..count {
                Command::new("/system/scarlet/bin/bench")
                    .args(["null_call", "0"])
                    .status()?;
            }
        }
        b"pipe_pingpong" => ping_pong(count)?,
        _ => return Ok(false),
    }
    Ok(true)
}

fn ping_pong(count: u32) -> io::Result<()> {
    let mut byte = [0];
    let (there_out, there_in) = pipe()?;
    let (back_out, back_in) = pipe()?;
    let (mut there_out, mut there_in) = (File::from_handle(there_out), File::from_handle(there_in));
    let (mut back_out, mut back_in) = (File::from_handle(back_out), File::from_handle(back_in));
    let Some(child) = process::fork()? else {
        drop(there_in);
        while there_out.read(&mut byte)? == 1 {
            back_in.write_all(&byte)?;
        }
        process::exit(0)
    };
    for _ in 0..count {
        there_in.write_all(&byte)?;
        back_out.read(&mut byte)?;
    }
    drop(there_in);
    process::wait_for(child, WaitFlags::empty())?;
    Ok(())
}
