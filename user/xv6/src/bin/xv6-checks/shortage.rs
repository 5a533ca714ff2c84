//! When nothing is left: of processes, memory, disk and inodes. It is reported, and comes back.

use crate::{Check, Outcome, child, collect, end_of, expect, works};
use alloc::{format, vec};
use xv6::{
    CREATE, READ_WRITE, close, exit, fork, grow, kill, make_directory, open, pipe, read, sleep,
    unlink, wait, write,
};

pub(crate) const CHECKS: &[Check] = &[
    ("no_more_processes", no_more_processes),
    ("no_more_memory", no_more_memory),
    ("no_memory_for_others", no_memory_for_others),
    ("no_memory_for_exec", no_memory_for_exec),
    ("no_memory_for_fork", no_memory_for_fork),
    ("no_more_blocks", no_more_blocks),
    ("no_more_inodes", no_more_inodes),
];

const PAGE: usize = 4096;
const MEBIBYTE: usize = 1 << 20;
const ALL: i32 = CREATE | READ_WRITE;

/// Takes all memory there is; gives how many pages that were.
fn take_everything() -> usize {
    let mut pages = 0;
    for step in [MEBIBYTE, 16 * PAGE, PAGE] {
        while grow(step as isize).is_ok() {
            pages += step / PAGE;
        }
    }
    pages
}

/// How many pages a program can get at this moment, counted by one that takes them all.
pub(crate) fn free_pages() -> usize {
    let count = || {
        let (reading, writing) = pipe()?;
        if fork()? == 0 {
            let pages = take_everything();
            // What is told needs a page, too.
            let _ = grow(-(4 * PAGE as isize));
            let _ = write(writing, &pages.to_le_bytes());
            exit(0);
        }
        close(writing)?;
        let mut bytes = [0; 8];
        let told = read(reading, &mut bytes)?;
        close(reading)?;
        wait()?;
        xv6::Result::Ok(if told == 8 {
            usize::from_le_bytes(bytes)
        } else {
            0
        })
    };
    count().unwrap_or(0)
}

fn no_more_processes() -> Outcome {
    for _ in 0..3 {
        let (reading, writing) = works!(pipe());
        let mut children = 0;
        loop {
            match fork() {
                Ok(0) => {
                    let _ = close(writing);
                    let _ = read(reading, &mut [0]);
                    exit(0);
                }
                Ok(_) => children += 1,
                Err(_) => break,
            }
            expect!(children < 1000);
        }
        expect!(children > 20);
        works!(close(writing));
        works!(close(reading));
        collect(children)?;
        expect!(wait().is_err());
    }
    Ok(())
}

fn no_more_memory() -> Outcome {
    let mut counts = [0; 3];
    for count in &mut counts {
        *count = free_pages();
        expect!(*count > 1000);
    }
    expect!(counts[2] + crate::KEPT_BY_IDLE >= counts[0]);
    // Who has taken everything can give some back and take it again.
    expect!(
        end_of(|| {
            take_everything();
            works!(grow(-(40 * PAGE as isize)));
            works!(grow(30 * PAGE as isize));
            Ok(())
        }) == Ok(0)
    );
    Ok(())
}

/// Several that take all they can get at the same time, and are killed with it.
fn no_memory_for_others() -> Outcome {
    let mut takers = [0; 6];
    for taker in &mut takers {
        *taker = works!(child(|| {
            take_everything();
            loop {
                let _ = sleep(1000);
            }
        }));
    }
    works!(sleep(5));
    for taker in takers {
        works!(kill(taker));
    }
    for _ in takers {
        expect!(works!(wait()).1 == -1);
    }
    expect!(free_pages() > 1000);
    Ok(())
}

fn no_memory_for_exec() -> Outcome {
    for pages in [0, 1, 2, 5, 9, 14, 20, 40] {
        let ended = end_of(|| {
            let path = c"echo";
            let list = [path.as_ptr() as usize, 0];
            let _ = close(1);
            take_everything();
            let _ = grow(-(pages * PAGE as isize));
            // SAFETY: a path and a list that nobody writes to.
            unsafe { xv6::raw(7, [path.as_ptr() as usize, list.as_ptr() as usize, 0]) };
            exit(5)
        });
        // It ran, or it did not and came back.
        expect!(ended == Ok(0) || ended == Ok(5));
    }
    Ok(())
}

fn no_memory_for_fork() -> Outcome {
    for pages in [0, 1, 3, 6, 10, 20] {
        let ended = end_of(|| {
            take_everything();
            let _ = grow(-(pages * PAGE as isize));
            match fork() {
                Ok(0) => exit(0),
                Ok(_) => drop(wait()),
                Err(_) => (),
            }
            Ok(())
        });
        // A page that has to be copied and cannot be ends the program: there is no call to refuse.
        expect!(ended == Ok(0) || ended == Ok(-1));
    }
    Ok(())
}

/// Writes until the disk is full; gives the number of blocks that went in.
fn fill(name: &[u8]) -> xv6::Result<usize> {
    let file = open(name, ALL)?;
    let block = vec![7; 1024];
    let mut blocks = 0;
    while write(file, &block).is_ok() {
        blocks += 1;
    }
    close(file)?;
    Ok(blocks)
}

fn no_more_blocks() -> Outcome {
    works!(close(works!(open(b"fullempty", ALL))));
    let blocks = works!(fill(b"full"));
    expect!(blocks > 500 && blocks < 3000);
    expect!(make_directory(b"fulldir").is_err());
    let file = works!(open(b"fullempty", READ_WRITE));
    expect!(write(file, b"x").is_err());
    works!(unlink(b"full"));
    expect!(write(file, b"x") == Ok(1));
    works!(unlink(b"fullempty"));
    works!(close(file));
    expect!(works!(fill(b"full")) == blocks);
    works!(unlink(b"full"));
    Ok(())
}

fn no_more_inodes() -> Outcome {
    let name = |number: usize| format!("inode{number}");
    let mut counts = [0; 2];
    for count in &mut counts {
        while let Ok(file) = open(name(*count).as_bytes(), ALL) {
            works!(close(file));
            *count += 1;
            expect!(*count < 1000);
        }
        expect!(make_directory(b"inodedir").is_err());
        for number in 0..*count {
            works!(unlink(name(number).as_bytes()));
        }
    }
    expect!(counts[0] > 100 && counts[0] == counts[1]);
    Ok(())
}
