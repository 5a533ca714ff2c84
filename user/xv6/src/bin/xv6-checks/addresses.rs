//! Addresses that are not the program's: in every argument that is one.

use crate::{Check, Outcome, expect, works};
use alloc::vec;
use xv6::{CREATE, READ_ONLY, READ_WRITE, close, grow, open, pipe, raw, unlink, write};

pub(crate) const CHECKS: &[Check] = &[
    ("read_to", read_to),
    ("write_from", write_from),
    ("paths_from", paths_from),
    ("records_to", records_to),
    ("arguments_from", arguments_from),
    ("paths_without_an_end", paths_without_an_end),
    ("long_paths", long_paths),
    ("counts", counts),
    ("memory_given_back", memory_given_back),
    ("program_text", program_text),
];

/// Makes a call with arguments that are wrong; true if it was refused.
fn refused(number: usize, arguments: [usize; 3]) -> bool {
    // SAFETY: where these checks point to there is nothing of Rust's: kernel memory, memory that is not
    // there, or bytes after the end of the heap.
    unsafe { raw(number, arguments) == -1 }
}

/// Addresses at which the program has nothing, one just behind its end.
fn strange() -> [usize; 7] {
    let end = grow(0).unwrap_or(0).next_multiple_of(4096);
    [
        end,
        end + (1 << 20),
        0x8020_0000,
        (1 << 38) - 4096,
        1 << 38,
        usize::MAX - 4095,
        usize::MAX,
    ]
}

fn read_to() -> Outcome {
    let file = works!(open(b"README", READ_ONLY));
    let (reading, writing) = works!(pipe());
    expect!(write(writing, b"something") == Ok(9));
    for address in strange() {
        expect!(refused(5, [file as usize, address, 100]));
        expect!(refused(5, [reading as usize, address, 5]));
    }
    Ok(())
}

fn write_from() -> Outcome {
    let file = works!(open(b"from", CREATE | READ_WRITE));
    let (_reading, writing) = works!(pipe());
    for address in strange() {
        expect!(refused(16, [file as usize, address, 100]));
        expect!(refused(16, [writing as usize, address, 100]));
    }
    works!(unlink(b"from"));
    Ok(())
}

fn paths_from() -> Outcome {
    let good = c"name".as_ptr() as usize;
    for address in strange() {
        expect!(refused(15, [address, CREATE as usize, 0]));
        expect!(refused(9, [address, 0, 0]));
        expect!(refused(17, [address, 1, 0]));
        expect!(refused(18, [address, 0, 0]));
        expect!(refused(20, [address, 0, 0]));
        expect!(refused(19, [address, good, 0]));
        expect!(refused(19, [c"README".as_ptr() as usize, address, 0]));
    }
    expect!(open(b"name", READ_ONLY).is_err());
    Ok(())
}

fn records_to() -> Outcome {
    let file = works!(open(b"README", READ_ONLY));
    for address in strange() {
        expect!(refused(8, [file as usize, address, 0]));
        expect!(refused(4, [address, 0, 0]));
    }
    // Pipes whose numbers could not be told have not taken any.
    for expected in file + 1..16 {
        expect!(open(b"README", READ_ONLY) == Ok(expected));
    }
    Ok(())
}

fn arguments_from() -> Outcome {
    let name = c"echo".as_ptr() as usize;
    for address in strange() {
        expect!(refused(7, [name, address, 0]));
        expect!(refused(7, [address, name, 0]));
        let list = [name, address, 0];
        expect!(refused(7, [name, list.as_ptr() as usize, 0]));
    }
    Ok(())
}

/// A path of which the last byte of memory is not the end.
fn paths_without_an_end() -> Outcome {
    let end = works!(grow(0)).next_multiple_of(4096);
    let more = 4096 + (end - works!(grow(0)));
    works!(grow(more as isize));
    let last = end + 4096 - 3;
    for offset in 0..3 {
        // SAFETY: the page was added to this process just now, and is nobody else's.
        unsafe { core::ptr::write_volatile((last + offset) as *mut u8, b'x') };
    }
    expect!(refused(15, [last, CREATE as usize, 0]));
    expect!(refused(20, [last, 0, 0]));
    expect!(refused(7, [last, 0, 0]));
    Ok(())
}

fn long_paths() -> Outcome {
    // The longest path has 127 bytes and a zero.
    let mut path = vec![b'/'; 121];
    path.extend_from_slice(b"README");
    expect!(path.len() == 127);
    close(works!(open(&path, READ_ONLY))).ok();
    path.insert(0, b'/');
    expect!(open(&path, READ_ONLY).is_err());
    Ok(())
}

fn counts() -> Outcome {
    let file = works!(open(b"count", CREATE | READ_WRITE));
    let mut byte = [0u8; 8];
    let place = byte.as_mut_ptr() as usize;
    for descriptor in [-1i32 as usize, 16, 1000, i32::MAX as usize] {
        expect!(refused(5, [descriptor, place, 1]));
        expect!(refused(16, [descriptor, place, 1]));
        expect!(refused(21, [descriptor, 0, 0]));
        expect!(refused(10, [descriptor, 0, 0]));
        expect!(refused(8, [descriptor, place, 0]));
    }
    expect!(refused(16, [file as usize, place, -1i32 as usize]));
    expect!(refused(5, [file as usize, place, i32::MIN as usize]));
    expect!(refused(0, [0; 3]) && refused(22, [0; 3]) && refused(usize::MAX, [0; 3]));
    works!(unlink(b"count"));
    Ok(())
}

/// The kernel must not reach what the program itself cannot.
fn memory_given_back() -> Outcome {
    let start = works!(grow(3 * 4096)).next_multiple_of(4096);
    let file = works!(open(b"back", CREATE | READ_WRITE));
    expect!(!refused(16, [file as usize, start, 4096]));
    works!(grow(-3 * 4096));
    expect!(refused(16, [file as usize, start, 4096]));
    let other = works!(open(b"README", READ_ONLY));
    expect!(refused(5, [other as usize, start, 4096]));
    let path = c"back".as_ptr() as usize;
    expect!(!refused(18, [path, 0, 0]));
    Ok(())
}

/// A program's text is not changed by a read into it.
fn program_text() -> Outcome {
    let file = works!(open(b"README", READ_ONLY));
    expect!(refused(5, [file as usize, 0, 64]));
    Ok(())
}
