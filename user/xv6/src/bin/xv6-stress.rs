//! Calls in an order that a seed decides, by several processes at a time: `stress [SEED [SECONDS]]`.
//!
//! Each worker takes steps at random: files and directories whose names all of them use, links, pipes,
//! memory, children that end, are killed, or leave children of their own behind, programs in a pipeline.
//! What others do meanwhile may make a call fail; what must hold nevertheless is checked: a file that was
//! just made under a name of its own has what was written, a pipe gives what went in, a fork copies, who
//! was waited for ended as it had to, `fork` and `pipe` do not fail.
//!
//! It says where something was otherwise, and with which seed.
#![cfg_attr(target_os = "none", no_std, no_main)]
extern crate alloc;

use alloc::{format, string::String};
use xv6::{
    CREATE, FILE, Fd, READ_ONLY, READ_WRITE, TRUNCATE, change_directory, close, duplicate, exec,
    exit, fork, grow, kill, link, make_directory, number, open, pipe, println, process_id, read,
    sleep, status, unlink, uptime, wait, write,
};

xv6::main!(program);

const WORKERS: u64 = 3;
const TICKS_A_SECOND: i32 = 10;
/// Names that all workers use, as files and as directories.
const SHARED: [&[u8]; 6] = [b"a", b"b", b"c", b"a/x", b"b/../a/x", b"./c/../b"];

/// What was otherwise than it has to be.
type Outcome = core::result::Result<(), &'static str>;

/// A worker: its random numbers and what it has open.
struct Worker {
    state: u64,
    own: String,
    file: Fd,
    memory: usize,
    /// It will be killed in the midst of it, and must leave nothing behind that others would not remove.
    doomed: bool,
}

fn program(arguments: &[&[u8]]) -> i32 {
    let argument = |index: usize, or: i32| arguments.get(index).map_or(or, |text| number(text));
    let seed = argument(1, 1);
    let until = uptime() + argument(2, 10) * TICKS_A_SECOND;
    let _ = make_directory(b"stressdir");
    if change_directory(b"stressdir").is_err() {
        println!("stress: there is no place to work in");
        return 1;
    }
    let mut bad = 0;
    for worker in 0..WORKERS {
        match fork() {
            Ok(0) => exit(work(seed as u64 * WORKERS + worker, until)),
            Ok(_) => (),
            Err(_) => bad += 1,
        }
    }
    while let Ok((_, status)) = wait() {
        bad += i32::from(status != 0);
    }
    for name in [
        &b"a/x/y"[..],
        b"a/x",
        b"a/y",
        b"a",
        b"b/y",
        b"b",
        b"c/y",
        b"c",
    ] {
        let _ = unlink(name);
    }
    let _ = change_directory(b"/");
    if unlink(b"stressdir").is_err() {
        println!("stress: something is left in its directory");
        bad += 1;
    }
    println!(
        "stress: seed {seed}: {}",
        if bad == 0 { "good" } else { "bad" }
    );
    i32::from(bad > 0)
}

fn work(seed: u64, until: i32) -> i32 {
    let mut worker = Worker {
        state: (seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
        own: format!("own{}", process_id()),
        file: -1,
        memory: 0,
        doomed: false,
    };
    let mut step: u64 = 0;
    while !step.is_multiple_of(16) || uptime() < until {
        step += 1;
        if let Err(what) = worker.step() {
            println!("stress: worker {seed}, step {step}: {what}");
            return 1;
        }
    }
    0
}

fn must<T>(result: xv6::Result<T>, what: &'static str) -> core::result::Result<T, &'static str> {
    result.map_err(|_| what)
}

fn holds(condition: bool, what: &'static str) -> Outcome {
    if condition { Ok(()) } else { Err(what) }
}

impl Worker {
    fn random(&mut self, below: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 16) as usize % below
    }

    fn shared(&mut self) -> &'static [u8] {
        SHARED[self.random(SHARED.len())]
    }

    fn step(&mut self) -> Outcome {
        match self.random(16) {
            0 | 1 => self.open_shared(),
            2 => drop(write(self.file, &[7; 300])),
            3 => drop(read(self.file, &mut [0; 300])),
            4 => drop(unlink(self.shared())),
            5 => drop(make_directory(self.shared())),
            6 => {
                let (old, new) = (self.shared(), self.shared());
                let _ = link(old, new);
            }
            7 => return self.visit(),
            8 | 9 if !self.doomed => return self.own_file(),
            10 => return self.change_memory(),
            12 => return self.orphans(),
            13 if !self.doomed => return self.killed(),
            14 => return self.message(),
            15 if !self.doomed => return self.pipeline(),
            _ => return self.children(),
        }
        Ok(())
    }

    /// Keeps one file open that others may have removed meanwhile.
    fn open_shared(&mut self) {
        let mode = [
            READ_ONLY,
            CREATE | READ_WRITE,
            CREATE | READ_WRITE | TRUNCATE,
        ];
        let mode = mode[self.random(mode.len())];
        let _ = close(self.file);
        self.file = open(self.shared(), mode).unwrap_or(-1);
    }

    /// Into a directory that may go away, and out again.
    fn visit(&mut self) -> Outcome {
        if change_directory(self.shared()).is_ok() {
            let _ = open(b"y", CREATE | READ_WRITE).map(close);
            let _ = unlink(b"y");
            must(change_directory(b"/stressdir"), "no way back")?;
        }
        Ok(())
    }

    fn own_file(&mut self) -> Outcome {
        let letter = b'a' + self.random(26) as u8;
        let length = 1 + self.random(400);
        let name = self.own.as_bytes();
        let file = must(open(name, CREATE | READ_WRITE), "its own file is not made")?;
        let block = [letter; 400];
        holds(
            write(file, &block[..length]) == Ok(length),
            "its own file is not written",
        )?;
        let told = must(status(file), "its own file has no status")?;
        let right = told.kind == FILE && told.links == 1 && told.size == length as u64;
        holds(right, "its own file's status")?;
        let again = must(open(name, READ_ONLY), "its own file is not found")?;
        must(unlink(name), "its own file is not removed")?;
        let mut seen = [0; 400];
        holds(
            read(again, &mut seen) == Ok(length),
            "its own file's length",
        )?;
        holds(seen[..length] == block[..length], "its own file's bytes")?;
        holds(close(file).is_ok() && close(again).is_ok(), "close")
    }

    /// Adds a few pages, or gives all of them back. Nothing else moves the end of memory meanwhile.
    fn change_memory(&mut self) -> Outcome {
        if self.memory > 200_000 {
            must(grow(-(self.memory as isize)), "memory is not taken back")?;
            self.memory = 0;
        } else {
            let by = 1 + self.random(9000);
            must(grow(by as isize), "no memory")?;
            self.memory += by;
        }
        Ok(())
    }

    fn children(&mut self) -> Outcome {
        let wanted = self.random(1000) as i32;
        let child = must(fork(), "fork")?;
        if child == 0 {
            self.memory += 1;
            exit(wanted);
        }
        holds(wait() == Ok((child, wanted)), "a child's end")
    }

    /// A child that has ended before its own children.
    fn orphans(&mut self) -> Outcome {
        let deep = 1 + self.random(3);
        let child = must(fork(), "fork")?;
        if child == 0 {
            for _ in 0..deep {
                let _ = fork();
            }
            exit(0);
        }
        holds(wait() == Ok((child, 0)), "a parent's end")
    }

    fn killed(&mut self) -> Outcome {
        let way = self.random(4);
        let child = must(fork(), "fork")?;
        if child == 0 {
            match way {
                0 => drop(sleep(10_000)),
                1 => drop(kill(process_id())),
                2 => {
                    self.doomed = true;
                    while self.step().is_ok() {}
                }
                _ => loop {
                    core::hint::spin_loop();
                },
            }
            exit(0);
        }
        let _ = sleep(i32::from(way == 2));
        must(kill(child), "a child cannot be killed")?;
        holds(wait() == Ok((child, -1)), "a killed child's end")
    }

    /// Several processes write into a pipe; all of it arrives.
    fn message(&mut self) -> Outcome {
        let writers = 1 + self.random(3);
        let (reading, writing) = must(pipe(), "pipe")?;
        for _ in 0..writers {
            if must(fork(), "fork")? == 0 {
                let whole = write(writing, &[b'm'; 700]) == Ok(700);
                exit(i32::from(!whole));
            }
        }
        must(close(writing), "close")?;
        let mut total = 0;
        let mut bytes = [0; 256];
        loop {
            let length = must(read(reading, &mut bytes), "read from a pipe")?;
            if length == 0 {
                break;
            }
            holds(
                bytes[..length].iter().all(|byte| *byte == b'm'),
                "a pipe's bytes",
            )?;
            total += length;
        }
        must(close(reading), "close")?;
        for _ in 0..writers {
            holds(wait().map(|(_, status)| status) == Ok(0), "a writer's end")?;
        }
        holds(total == writers * 700, "a pipe's length")
    }

    /// echo into cat.
    fn pipeline(&mut self) -> Outcome {
        let first = must(pipe(), "pipe")?;
        let second = must(pipe(), "pipe")?;
        let all = [first.0, first.1, second.0, second.1];
        for (input, output, program) in [(-1, first.1, "echo"), (first.0, second.1, "cat")] {
            if must(fork(), "fork")? != 0 {
                continue;
            }
            for (end, place) in [(input, 0), (output, 1)] {
                if end >= 0 && (close(place).is_err() || duplicate(end) != Ok(place)) {
                    exit(1);
                }
            }
            for end in all {
                let _ = close(end);
            }
            let path = format!("/stressdir/../{program}");
            let text: &[&[u8]] = &[program.as_bytes(), b"along"];
            exec(path.as_bytes(), &text[..1 + usize::from(program == "echo")]);
            exit(1);
        }
        for end in [first.0, first.1, second.1] {
            must(close(end), "close")?;
        }
        let mut bytes = [0; 16];
        let mut length = 0;
        while let Ok(more @ 1..) = read(second.0, &mut bytes[length..]) {
            length += more;
        }
        must(close(second.0), "close")?;
        holds(bytes[..length] == *b"along\n", "what a pipeline says")?;
        for _ in 0..2 {
            holds(
                wait().map(|(_, status)| status) == Ok(0),
                "a pipeline's end",
            )?;
        }
        Ok(())
    }
}
