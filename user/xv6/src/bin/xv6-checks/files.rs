//! Files: what is written, cut, shared, linked and removed.

use crate::{Check, Outcome, child, collect, expect, works};
use alloc::{format, vec};
use xv6::{
    CREATE, READ_ONLY, READ_WRITE, TRUNCATE, WRITE_ONLY, close, link, open, read, status, unlink,
    write,
};

pub(crate) const CHECKS: &[Check] = &[
    ("small_files", small_files),
    ("a_big_file", a_big_file),
    ("odd_sizes", odd_sizes),
    ("truncation", truncation),
    ("modes", modes),
    ("removed_but_open", removed_but_open),
    ("links", links),
    ("one_file_of_two", one_file_of_two),
    ("files_of_their_own", files_of_their_own),
    ("made_and_removed_by_all", made_and_removed_by_all),
    ("linked_and_removed_by_all", linked_and_removed_by_all),
];

const ALL: i32 = CREATE | READ_WRITE;

fn small_files() -> Outcome {
    let file = works!(open(b"small", ALL));
    for round in 0..100 {
        expect!(write(file, &[b'a' + round % 26; 10]) == Ok(10));
    }
    works!(close(file));
    let file = works!(open(b"small", READ_ONLY));
    let mut block = vec![0; 2000];
    expect!(read(file, &mut block) == Ok(1000));
    expect!((0..1000).all(|at| block[at] == b'a' + (at / 10 % 26) as u8));
    expect!(read(file, &mut block) == Ok(0));
    works!(close(file));
    works!(unlink(b"small"));
    expect!(open(b"small", READ_ONLY).is_err());
    Ok(())
}

/// As large as a file may become on the disk that xv6 is written for: 12 + 256 blocks of 1 KiB.
fn a_big_file() -> Outcome {
    let file = works!(open(b"big", ALL));
    let mut block = vec![0; 1024];
    for number in 0..268u32 {
        block[..4].copy_from_slice(&number.to_le_bytes());
        expect!(write(file, &block) == Ok(1024));
    }
    works!(close(file));
    let file = works!(open(b"big", READ_ONLY));
    expect!(works!(status(file)).size == 268 * 1024);
    for number in 0..268u32 {
        expect!(read(file, &mut block) == Ok(1024) && block[..4] == number.to_le_bytes());
    }
    expect!(read(file, &mut block) == Ok(0));
    works!(close(file));
    works!(unlink(b"big"));
    Ok(())
}

fn odd_sizes() -> Outcome {
    for size in [1, 499, 1471, 4095, 4097, 9999] {
        let file = works!(open(b"odd", ALL));
        let block = vec![size as u8; size];
        for _ in 0..4 {
            expect!(write(file, &block) == Ok(size));
        }
        expect!(works!(status(file)).size == 4 * size as u64);
        works!(close(file));
        works!(unlink(b"odd"));
    }
    Ok(())
}

fn truncation() -> Outcome {
    let mut bytes = [0; 16];
    let first = works!(open(b"cut", ALL | TRUNCATE));
    expect!(write(first, b"abcd") == Ok(4));
    let second = works!(open(b"cut", READ_ONLY));
    expect!(read(second, &mut bytes[..2]) == Ok(2));
    let third = works!(open(b"cut", WRITE_ONLY | TRUNCATE));
    expect!(read(second, &mut bytes) == Ok(0));
    // Its place lies behind the end now: no hole is made.
    expect!(write(first, b"x").is_err());
    expect!(write(third, b"xyzuvw") == Ok(6));
    expect!(read(second, &mut bytes) == Ok(4) && bytes[..4] == *b"zuvw");
    expect!(works!(status(first)).size == 6);
    for descriptor in [first, second, third] {
        works!(close(descriptor));
    }
    works!(unlink(b"cut"));
    Ok(())
}

fn modes() -> Outcome {
    let file = works!(open(b"mode", CREATE | WRITE_ONLY));
    expect!(read(file, &mut [0]).is_err());
    expect!(write(file, b"x") == Ok(1));
    works!(close(file));
    let file = works!(open(b"mode", READ_ONLY));
    expect!(write(file, b"x").is_err());
    works!(close(file));
    // An existing file is opened, not made anew.
    let file = works!(open(b"mode", ALL));
    expect!(works!(status(file)).size == 1);
    works!(unlink(b"mode"));
    expect!(open(b"mode", WRITE_ONLY).is_err());
    Ok(())
}

fn removed_but_open() -> Outcome {
    let file = works!(open(b"gone", ALL));
    expect!(write(file, b"hello") == Ok(5));
    let reader = works!(open(b"gone", READ_ONLY));
    works!(unlink(b"gone"));
    expect!(works!(status(reader)).links == 0);
    let other = works!(open(b"gone", ALL));
    expect!(write(other, b"another") == Ok(7));
    expect!(write(file, b"!") == Ok(1));
    let mut bytes = [0; 16];
    expect!(read(reader, &mut bytes) == Ok(6) && bytes[..6] == *b"hello!");
    works!(unlink(b"gone"));
    Ok(())
}

fn links() -> Outcome {
    let file = works!(open(b"one", ALL));
    expect!(write(file, b"x") == Ok(1));
    works!(link(b"one", b"two"));
    let second = works!(open(b"two", READ_ONLY));
    let (a, b) = (works!(status(file)), works!(status(second)));
    expect!(a.inode == b.inode && a.device == b.device && b.links == 2 && b.size == 1);
    works!(unlink(b"one"));
    expect!(works!(status(second)).links == 1);
    expect!(open(b"one", READ_ONLY).is_err());
    expect!(link(b"two", b"two").is_err());
    expect!(link(b"one", b"three").is_err());
    expect!(link(b".", b"directory").is_err());
    expect!(link(b"two", b"no/such/place").is_err());
    works!(unlink(b"two"));
    expect!(link(b"two", b"one").is_err());
    expect!(unlink(b"two").is_err());
    Ok(())
}

/// Two processes with one descriptor: each write is whole, and none covers another.
fn one_file_of_two() -> Outcome {
    let file = works!(open(b"shared", ALL));
    for letter in [b'p', b'q'] {
        works!(child(|| {
            for _ in 0..200 {
                expect!(write(file, &[letter; 10]) == Ok(10));
            }
            Ok(())
        }));
    }
    collect(2)?;
    works!(close(file));
    let file = works!(open(b"shared", READ_ONLY));
    let mut bytes = [0; 10];
    let mut counts = [0, 0];
    while works!(read(file, &mut bytes)) == 10 {
        expect!(bytes.iter().all(|byte| *byte == bytes[0]));
        counts[usize::from(bytes[0] == b'q')] += 1;
    }
    expect!(counts == [200, 200]);
    works!(unlink(b"shared"));
    Ok(())
}

fn files_of_their_own() -> Outcome {
    for number in 0..4u8 {
        works!(child(|| {
            let name = format!("own{number}");
            let file = works!(open(name.as_bytes(), ALL));
            for _ in 0..12 {
                expect!(write(file, &[b'0' + number; 500]) == Ok(500));
            }
            works!(close(file));
            let file = works!(open(name.as_bytes(), READ_ONLY));
            let mut bytes = [0; 500];
            for _ in 0..12 {
                expect!(read(file, &mut bytes) == Ok(500));
                expect!(bytes.iter().all(|byte| *byte == b'0' + number));
            }
            works!(unlink(name.as_bytes()));
            Ok(())
        }));
    }
    collect(4)
}

fn made_and_removed_by_all() -> Outcome {
    for _ in 0..4 {
        works!(child(|| {
            for round in 0..120 {
                let name = [b'm', b'0' + round % 3];
                match round % 2 {
                    0 => works!(close(works!(open(&name, ALL)))),
                    _ => drop(unlink(&name)),
                }
            }
            Ok(())
        }));
    }
    collect(4)?;
    for name in [b"m0", b"m1", b"m2"] {
        let _ = unlink(name);
        expect!(open(name, READ_ONLY).is_err());
    }
    Ok(())
}

fn linked_and_removed_by_all() -> Outcome {
    let file = works!(open(b"origin", ALL));
    for own in 0..3usize {
        works!(child(|| {
            for round in 0..100usize {
                match (round + own) % 3 {
                    0 => drop(link(b"origin", b"copy")),
                    1 => drop(unlink(b"copy")),
                    _ => drop(open(b"copy", READ_ONLY).map(close)),
                }
            }
            Ok(())
        }));
    }
    collect(3)?;
    let copied = unlink(b"copy").is_ok();
    expect!(works!(status(file)).links == 1);
    works!(unlink(b"origin"));
    expect!(works!(status(file)).links == 0);
    expect!(!copied || unlink(b"copy").is_err());
    Ok(())
}
