//! Pipes and descriptors.

use crate::{Check, Outcome, child, collect, expect, works};
use alloc::vec;
use xv6::{READ_ONLY, close, duplicate, open, pipe, read, status, write};

pub(crate) const CHECKS: &[Check] = &[
    ("bytes_arrive_in_order", bytes_arrive_in_order),
    ("the_end_of_a_pipe", the_end_of_a_pipe),
    ("nobody_reads", nobody_reads),
    ("several_writers", several_writers),
    ("sixteen_descriptors", sixteen_descriptors),
    ("shared_offsets", shared_offsets),
];

fn bytes_arrive_in_order() -> Outcome {
    const TOTAL: usize = 60_000;
    for (writes, reads) in [(1033, 1), (7, 513), (512, 512), (5000, 333)] {
        let total = if reads == 1 { TOTAL / 20 } else { TOTAL };
        let (reading, writing) = works!(pipe());
        works!(child(|| {
            works!(close(reading));
            let mut block = vec![0u8; writes];
            let mut at = 0;
            while at < total {
                let length = writes.min(total - at);
                for (index, byte) in block[..length].iter_mut().enumerate() {
                    *byte = ((at + index) % 251) as u8;
                }
                expect!(write(writing, &block[..length]) == Ok(length));
                at += length;
            }
            Ok(())
        }));
        works!(close(writing));
        let mut block = vec![0u8; reads];
        let mut at = 0;
        loop {
            let length = works!(read(reading, &mut block));
            if length == 0 {
                break;
            }
            for byte in &block[..length] {
                expect!(*byte == (at % 251) as u8);
                at += 1;
            }
        }
        expect!(at == total);
        works!(close(reading));
        collect(1)?;
    }
    Ok(())
}

fn the_end_of_a_pipe() -> Outcome {
    let (reading, writing) = works!(pipe());
    let second = works!(duplicate(writing));
    expect!(write(writing, b"abc") == Ok(3));
    works!(close(writing));
    let mut bytes = [0; 8];
    expect!(read(reading, &mut bytes) == Ok(3));
    expect!(write(second, b"d") == Ok(1));
    works!(close(second));
    expect!(read(reading, &mut bytes) == Ok(1) && bytes[0] == b'd');
    expect!(read(reading, &mut bytes) == Ok(0));
    expect!(read(reading, &mut bytes) == Ok(0));
    expect!(write(reading, b"x").is_err());
    expect!(status(reading).is_err());
    Ok(())
}

fn nobody_reads() -> Outcome {
    let (reading, writing) = works!(pipe());
    expect!(read(writing, &mut [0]).is_err());
    works!(close(reading));
    expect!(write(writing, b"x").is_err());
    let (reading, writing) = works!(pipe());
    works!(child(|| {
        works!(close(reading));
        // It sleeps in a full pipe until there is nobody left to read.
        while write(writing, &[1; 600]).is_ok() {}
        Ok(())
    }));
    expect!(read(reading, &mut [0; 100]).is_ok());
    works!(close(reading));
    collect(1)
}

fn several_writers() -> Outcome {
    let (reading, writing) = works!(pipe());
    for number in 0..4u8 {
        works!(child(|| {
            for _ in 0..200 {
                expect!(write(writing, &[number; 16]) == Ok(16));
            }
            Ok(())
        }));
    }
    works!(close(writing));
    let mut counts = [0; 4];
    let mut bytes = [0; 16];
    loop {
        let length = works!(read(reading, &mut bytes));
        if length == 0 {
            break;
        }
        for byte in &bytes[..length] {
            expect!(*byte < 4);
            counts[usize::from(*byte)] += 1;
        }
    }
    expect!(counts == [200 * 16; 4]);
    collect(4)
}

fn sixteen_descriptors() -> Outcome {
    for round in 0..3 {
        let first = works!(open(b"README", READ_ONLY));
        for expected in first + 1..16 {
            let next = if round == 1 {
                duplicate(first)
            } else {
                open(b"/", READ_ONLY)
            };
            expect!(next == Ok(expected));
        }
        expect!(open(b"README", READ_ONLY).is_err());
        expect!(duplicate(first).is_err());
        expect!(pipe().is_err());
        works!(close(9));
        expect!(pipe().is_err());
        expect!(duplicate(first) == Ok(9));
        for descriptor in first..16 {
            works!(close(descriptor));
            expect!(close(descriptor).is_err());
        }
    }
    Ok(())
}

fn shared_offsets() -> Outcome {
    let first = works!(open(b"README", READ_ONLY));
    let second = works!(duplicate(first));
    let other = works!(open(b"README", READ_ONLY));
    let mut whole = [0; 30];
    expect!(read(other, &mut whole) == Ok(30));
    let (mut a, mut b) = ([0; 10], [0; 10]);
    expect!(read(first, &mut a) == Ok(10) && read(second, &mut b) == Ok(10));
    expect!(a == whole[..10] && b == whole[10..20]);
    works!(child(|| {
        let mut bytes = [0; 5];
        expect!(read(first, &mut bytes) == Ok(5) && bytes == whole[20..25]);
        Ok(())
    }));
    collect(1)?;
    expect!(read(second, &mut a[..5]) == Ok(5) && a[..5] == whole[25..30]);
    Ok(())
}
