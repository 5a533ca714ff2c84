//! `bench ROW COUNT`: does one thing COUNT times through xv6's calls. Who runs it has the clock:
//! `cargo scarlet bench` runs it with a count and with none, and counts the difference.
#![cfg_attr(target_os = "none", no_std, no_main)]
use xv6::{
    Result, close, exec, exit, fork, number, open, pipe, println, process_id, read, wait, write,
};

xv6::main!(program);

const READ_ONLY: i32 = 0;
const WRITE_ONLY: i32 = 1;
const CREATE: i32 = 0x200;

fn program(arguments: &[&[u8]]) -> i32 {
    let [_, row, count] = arguments else {
        println!("usage: bench ROW COUNT");
        return 1;
    };
    match run(row, number(count)) {
        Ok(true) => 0,
        _ => {
            println!("bench: failed");
            1
        }
    }
}

fn run(row: &[u8], count: i32) -> Result<bool> {
    let mut byte = [0];
    match row {
        b"null_call" => {
            for _ in 0..count {
                process_id();
            }
        }
        b"read_byte" => {
            let zero = open(b"/scarlet/dev/zero", READ_ONLY)?;
            for _ in 0..count {
                read(zero, &mut byte)?;
            }
        }
        b"write_byte" => {
            let null = open(b"/scarlet/dev/null", WRITE_ONLY)?;
            for _ in 0..count {
                write(null, &byte)?;
            }
        }
        b"open_close" => {
            close(open(b"/bench.scratch", WRITE_ONLY | CREATE)?)?;
            for _ in 0..count {
                close(open(b"/bench.scratch", READ_ONLY)?)?;
            }
        }
        b"fork_exit" => {
            for _ in 0..count {
                match fork()? {
                    0 => exit(0),
                    _ => wait()?,
                };
            }
        }
        b"fork_exec" => {
            for _ in 0..count {
                match fork()? {
                    0 => {
                        exec(b"/bench", &[b"bench", b"null_call", b"0"]);
                        exit(1)
                    }
                    _ => wait()?,
                };
            }
        }
        b"pipe_pingpong" => ping_pong(count)?,
        _ => return Ok(false),
    }
    Ok(true)
}

fn ping_pong(count: i32) -> Result<()> {
    let mut byte = [0];
    let (there_out, there_in) = pipe()?;
    let (back_out, back_in) = pipe()?;
    if fork()? == 0 {
        close(there_in)?;
        while read(there_out, &mut byte)? == 1 {
            write(back_in, &byte)?;
        }
        exit(0)
    }
    for _ in 0..count {
        write(there_in, &byte)?;
        read(back_out, &mut byte)?;
    }
    close(there_in)?;
    wait()?;
    Ok(())
}
