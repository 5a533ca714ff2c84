//! Memory: what `sbrk` adds and takes, what a fork copies, what ends a program.

use crate::{Check, Outcome, end_of, expect, works};
use xv6::{exit, fork, grow, wait};

pub(crate) const CHECKS: &[Check] = &[
    ("grow_byte_by_byte", grow_byte_by_byte),
    ("grow_and_shrink", grow_and_shrink),
    ("grow_too_far", grow_too_far),
    ("shrink_too_far", shrink_too_far),
    ("fork_copies", fork_copies),
    ("what_ends_a_program", what_ends_a_program),
    ("give_everything_back", give_everything_back),
];

const PAGE: usize = 4096;

/// Reads a byte of memory that this check has added.
fn load(address: usize) -> u8 {
    // SAFETY: any byte may be read; what is not there ends the program, and nothing else happens.
    unsafe { core::ptr::read_volatile(address as *const u8) }
}

/// Changes a byte of memory that this check has added, or of none at all.
fn store(address: usize, byte: u8) {
    // SAFETY: the callers pass addresses above the heap that Rust uses, or ones at which a store ends the
    // program at once.
    unsafe { core::ptr::write_volatile(address as *mut u8, byte) }
}

fn grow_byte_by_byte() -> Outcome {
    let start = works!(grow(0));
    for step in 0..5000 {
        expect!(grow(1) == Ok(start + step));
        store(start + step, step as u8);
    }
    for step in 0..5000 {
        expect!(load(start + step) == step as u8);
    }
    expect!(
        end_of(|| {
            expect!(grow(1) == Ok(start + 5000));
            expect!(grow(1) == Ok(start + 5001));
            Ok(())
        }) == Ok(0)
    );
    expect!(grow(0) == Ok(start + 5000));
    Ok(())
}

fn grow_and_shrink() -> Outcome {
    let start = works!(grow(0));
    for size in [1, PAGE - 1, PAGE, PAGE + 1, 40 * PAGE, 1 << 20] {
        for _ in 0..3 {
            expect!(grow(size as isize) == Ok(start));
            let fresh = start.next_multiple_of(PAGE);
            for address in (fresh..start + size).step_by(PAGE) {
                expect!(load(address) == 0);
                store(address, 0xa5);
            }
            expect!(grow(-(size as isize)) == Ok(start + size));
            expect!(grow(0) == Ok(start));
        }
    }
    Ok(())
}

fn grow_too_far() -> Outcome {
    let start = works!(grow(0));
    for by in [i32::MAX as isize, 1 << 30, i32::MAX as isize - 4095] {
        expect!(grow(by).is_err());
        expect!(grow(0) == Ok(start));
    }
    expect!(grow(PAGE as isize) == Ok(start));
    store(start.next_multiple_of(PAGE), 1);
    Ok(())
}

fn shrink_too_far() -> Outcome {
    let start = works!(grow(0));
    // The sum wraps around; nothing is given back.
    let _ = grow(-(start as isize) - PAGE as isize);
    expect!(grow(0) == Ok(start));
    Ok(())
}

fn fork_copies() -> Outcome {
    let start = works!(grow(64 * PAGE as isize));
    for page in 0..64 {
        store(start + page * PAGE, page as u8);
    }
    for child in 0..4u8 {
        match works!(fork()) {
            0 => {
                for page in 0..64 {
                    let address = start + page * PAGE;
                    if load(address) != page as u8 {
                        exit(1);
                    }
                    store(address, 100 + child);
                }
                let same = (0..64).all(|page| load(start + page * PAGE) == 100 + child);
                exit(i32::from(!same))
            }
            _ => store(start + 65 * PAGE - PAGE - 1, child),
        }
    }
    crate::collect(4)?;
    for page in 0..63 {
        expect!(load(start + page * PAGE) == page as u8);
    }
    Ok(())
}

fn what_ends_a_program() -> Outcome {
    let end = works!(grow(0)).next_multiple_of(PAGE);
    let strange = [
        end,
        end + (1 << 24),
        0x8000_0000,
        (1 << 38) - PAGE,
        1 << 38,
        usize::MAX,
    ];
    for address in strange {
        for writes in [false, true] {
            let ended = end_of(|| {
                if writes {
                    store(address, 1);
                } else {
                    load(address);
                }
                Ok(())
            });
            expect!(ended == Ok(-1));
        }
    }
    // Its own text cannot be changed.
    expect!(
        end_of(|| {
            store(4, 1);
            Ok(())
        }) == Ok(-1)
    );
    // Below the one page of stack is one that nobody may touch.
    let local = 0u8;
    let below = (&raw const local as usize / PAGE - 1) * PAGE + PAGE / 2;
    expect!(
        end_of(|| {
            store(below, 1);
            Ok(())
        }) == Ok(-1)
    );
    Ok(())
}

/// Who gives its own text back has ended, and nobody else.
fn give_everything_back() -> Outcome {
    match works!(fork()) {
        0 => {
            let end = works!(grow(0));
            let _ = grow(-(end as isize));
            exit(0)
        }
        _ => expect!(works!(wait()).1 == -1),
    }
    Ok(())
}
