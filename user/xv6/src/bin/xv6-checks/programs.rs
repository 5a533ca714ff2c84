//! Executing programs. This program serves as the other one, too.

use crate::{Check, Outcome, end_of, expect, works};
use alloc::{vec, vec::Vec};
use xv6::{
    CREATE, READ_ONLY, READ_WRITE, close, duplicate, exec, exit, fork, grow, open, pipe, read,
    unlink, wait, write,
};

pub(crate) const CHECKS: &[Check] = &[
    ("output_of_a_program", output_of_a_program),
    ("what_is_no_program", what_is_no_program),
    ("damaged_programs", damaged_programs),
    ("number_of_arguments", number_of_arguments),
    ("size_of_arguments", size_of_arguments),
    ("descriptors_stay", descriptors_stay),
    ("memory_is_fresh", memory_is_fresh),
    ("again_and_again", again_and_again),
];

/// How this program is called as the other one, and what it does then: gives its status.
pub(crate) fn as_another(arguments: &[&[u8]]) -> Option<i32> {
    match *arguments.get(1)? {
        b"+count" => Some(arguments.len() as i32),
        b"+length" => Some(arguments.iter().map(|argument| argument.len() as i32).sum()),
        b"+end" => Some((grow(0).unwrap_or(0) / 4096) as i32),
        b"+write" => Some(write(15, b"kept").map_or(-1, |length| length as i32)),
        _ => None,
    }
}

/// This program's status when it is run with these arguments; -99 if it could not be.
fn run(arguments: &[&[u8]]) -> i32 {
    match fork() {
        Ok(0) => {
            exec(b"checks", arguments);
            exit(-99)
        }
        _ => wait().map_or(-99, |(_, status)| status),
    }
}

fn output_of_a_program() -> Outcome {
    let (reading, writing) = works!(pipe());
    if works!(fork()) == 0 {
        let _ = close(1);
        if duplicate(writing) == Ok(1) {
            exec(b"echo", &[b"echo", b"OK"]);
        }
        exit(1);
    }
    works!(close(writing));
    let mut bytes = [0; 8];
    expect!(read(reading, &mut bytes) == Ok(3) && bytes[..3] == *b"OK\n");
    expect!(read(reading, &mut bytes) == Ok(0));
    expect!(works!(wait()).1 == 0);
    Ok(())
}

fn what_is_no_program() -> Outcome {
    for path in [
        &b"missing"[..],
        b"",
        b"/",
        b".",
        b"README",
        b"README/x",
        b"no/such/place",
    ] {
        // It comes back, and the process is what it was.
        exec(path, &[b"x"]);
    }
    works!(close(works!(open(b"empty", CREATE | READ_WRITE))));
    exec(b"empty", &[b"empty"]);
    works!(unlink(b"empty"));
    Ok(())
}

/// Parts of this program's own file, with a byte of the header changed.
fn damaged_programs() -> Outcome {
    let source = works!(open(b"echo", READ_ONLY));
    let mut image = vec![0; 64 + 2 * 56];
    expect!(read(source, &mut image) == Ok(image.len()));
    for place in (0..image.len()).step_by(5) {
        let mut damaged = image.clone();
        damaged[place] ^= 0xff;
        let file = works!(open(b"damaged", CREATE | READ_WRITE));
        expect!(write(file, &damaged) == Ok(damaged.len()));
        works!(close(file));
        // Its segments are not in the file, so it cannot run; but nobody else is harmed.
        let ended = end_of(|| {
            exec(b"damaged", &[b"damaged"]);
            Ok(())
        });
        expect!(ended == Ok(0) || ended == Ok(-1));
        works!(unlink(b"damaged"));
    }
    Ok(())
}

fn number_of_arguments() -> Outcome {
    let mut arguments: Vec<&[u8]> = vec![b"checks", b"+count"];
    while arguments.len() < 31 {
        expect!(run(&arguments) == arguments.len() as i32);
        arguments.extend_from_slice(&[&b"argument"[..]; 29][..(31 - arguments.len()).min(7)]);
    }
    expect!(arguments.len() == 31 && run(&arguments) == 31);
    arguments.push(b"one more");
    expect!(run(&arguments) == -99);
    Ok(())
}

fn size_of_arguments() -> Outcome {
    let long = vec![b'a'; 3000];
    expect!(run(&[b"checks", b"+length", &long]) == 6 + 7 + 3000);
    // All of them, and their addresses, lie in the one page of stack.
    expect!(run(&[b"checks", b"+length", &long, &long]) == -99);
    let longer = vec![b'a'; 4096];
    expect!(run(&[b"checks", b"+length", &longer]) == -99);
    expect!(run(&[b"checks", b"+length", b"", b""]) == 6 + 7);
    Ok(())
}

fn descriptors_stay() -> Outcome {
    let (reading, writing) = works!(pipe());
    while works!(duplicate(writing)) < 15 {}
    expect!(run(&[b"checks", b"+write"]) == 4);
    let mut bytes = [0; 8];
    expect!(read(reading, &mut bytes) == Ok(4) && bytes[..4] == *b"kept");
    Ok(())
}

/// A new program begins with its own size, however large the old one was.
fn memory_is_fresh() -> Outcome {
    let end = run(&[b"checks", b"+end"]);
    expect!(end > 0);
    works!(grow(300 * 4096));
    expect!(run(&[b"checks", b"+end"]) == end);
    Ok(())
}

fn again_and_again() -> Outcome {
    for _ in 0..30 {
        expect!(run(&[b"checks", b"+count"]) == 2);
    }
    Ok(())
}
