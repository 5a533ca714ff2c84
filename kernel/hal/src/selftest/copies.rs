//! User copies that fault in the middle, at every alignment.

use alloc::vec::Vec;

use super::spaces::{BASE, READ_WRITE, space_with};
use super::{Outcome, Test, ensure};
use crate::frame::Frame;
use crate::user::{self, Access};
use crate::{PAGE_SIZE, paging};

pub(super) const TESTS: &[Test] = &[
    ("reads fault at the first byte they cannot reach", reads),
    ("writes fault at the first byte they cannot reach", writes),
    ("zeroing faults at the first byte it cannot reach", zeroing),
    ("long copies agree with short ones", long),
    ("frames and user memory", frames),
];

/// Where the hole begins.
const EDGE: usize = BASE + PAGE_SIZE;

/// How far before the edge copies begin, and how long they are.
fn cases() -> impl Iterator<Item = (usize, usize)> {
    (0..140).flat_map(|before| [1, 7, 8, 9, 31, 64, 65, 128, 150].map(|length| (before, length)))
}

fn reads() -> Outcome {
    let _table = space_with(1, READ_WRITE)?;
    let pattern: Vec<u8> = (0..PAGE_SIZE)
        .map(|index| (index * 13 % 253) as u8)
        .collect();
    ensure!(user::copy_to_user(BASE, &pattern), Ok(()));
    for (before, length) in cases() {
        for shift in 0..8 {
            let mut buffer = [0xee; 200];
            let result = user::copy_from_user(EDGE - before, &mut buffer[shift..shift + length]);
            let reach = before.min(length);
            ensure!(buffer[shift..shift + reach] == pattern[PAGE_SIZE - before..][..reach]);
            ensure!(buffer[shift + length..].iter().all(|&byte| byte == 0xee));
            match result {
                Ok(()) => ensure!(length <= before),
                Err(fault) => {
                    ensure!(fault.address, EDGE);
                    ensure!(fault.done, before);
                    ensure!(fault.access, Access::Read);
                    ensure!(length > before);
                }
            }
        }
    }
    paging::deactivate();
    Ok(())
}

fn writes() -> Outcome {
    let _table = space_with(1, READ_WRITE)?;
    let source: Vec<u8> = (0..400).map(|index| (index * 11 % 251 + 1) as u8).collect();
    for (before, length) in cases() {
        for shift in 0..8 {
            ensure!(user::zero_user(BASE, PAGE_SIZE), Ok(()));
            let result = user::copy_to_user(EDGE - before, &source[shift..shift + length]);
            let reach = before.min(length);
            let mut back = [0; 200];
            ensure!(user::copy_from_user(EDGE - 200, &mut back), Ok(()));
            ensure!(back[200 - before..][..reach] == source[shift..shift + reach]);
            ensure!(back[..200 - before].iter().all(|&byte| byte == 0));
            match result {
                Ok(()) => ensure!(length <= before),
                Err(fault) => {
                    ensure!(fault.address, EDGE);
                    ensure!(fault.done, before);
                    ensure!(fault.access, Access::Write);
                }
            }
        }
    }
    paging::deactivate();
    Ok(())
}

fn zeroing() -> Outcome {
    let _table = space_with(1, READ_WRITE)?;
    let ones = [0xff; 200];
    for (before, length) in cases() {
        ensure!(user::copy_to_user(EDGE - 200, &ones), Ok(()));
        let result = user::zero_user(EDGE - before, length);
        let reach = before.min(length);
        let mut back = [0; 200];
        ensure!(user::copy_from_user(EDGE - 200, &mut back), Ok(()));
        ensure!(back[200 - before..][..reach].iter().all(|&byte| byte == 0));
        ensure!(back[..200 - before].iter().all(|&byte| byte == 0xff));
        ensure!(result.is_err(), length > before);
    }
    paging::deactivate();
    Ok(())
}

fn long() -> Outcome {
    let _table = space_with(4, READ_WRITE)?;
    let pattern: Vec<u8> = (0..3 * PAGE_SIZE)
        .map(|index| (index * 31 % 241) as u8)
        .collect();
    for from in 0..8 {
        for to in 0..8 {
            let length = 2 * PAGE_SIZE + 77 * from + to;
            let source = &pattern[from..from + length];
            ensure!(user::copy_to_user(BASE + to, source), Ok(()));
            let mut back = alloc::vec![0; length];
            ensure!(user::copy_from_user(BASE + to, &mut back), Ok(()));
            ensure!(back == source);
        }
    }
    paging::deactivate();
    Ok(())
}

fn frames() -> Outcome {
    let _table = space_with(1, READ_WRITE)?;
    let frame = Frame::allocate().map_err(|_| "out of memory")?;
    frame.fill(0, PAGE_SIZE, 3);
    ensure!(user::copy_frame_to_user(&frame, 5, BASE + 9, 1000), Ok(()));
    let other = Frame::allocate().map_err(|_| "out of memory")?;
    ensure!(user::copy_user_to_frame(BASE + 8, &other, 0, 1002), Ok(()));
    let mut back = [0; 1002];
    other.read(0, &mut back);
    ensure!(back[0] == 0 && back[1..1001] == [3; 1000] && back[1001] == 0);
    let beyond = user::copy_user_to_frame(EDGE - 10, &other, 0, 20);
    ensure!(beyond.is_err_and(|fault| fault.done == 10 && fault.address == EDGE));
    paging::deactivate();
    Ok(())
}
