//! Frames and the heap.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::{Outcome, Test, ensure};
use crate::PAGE_SIZE;
use crate::frame::{self, Frame};

pub(super) const TESTS: &[Test] = &[
    ("frames are zeroed, different, and come back", zeroed),
    ("a frame lives as long as its owners", owners),
    ("frames run out with an error, and recover", exhaustion),
    ("frames are copied and filled", bytes),
    ("the heap gives what was asked for", heap),
];

fn zeroed() -> Outcome {
    let before = frame::statistics().free;
    let mut frames = Vec::new();
    for round in 0..2 {
        for _ in 0..300 {
            let frame = Frame::allocate().map_err(|_| "out of memory")?;
            let mut bytes = [1; PAGE_SIZE];
            frame.read(0, &mut bytes);
            ensure!(bytes.iter().all(|&byte| byte == 0));
            frame.fill(0, PAGE_SIZE, 0xa5);
            frames.push(frame);
        }
        let mut numbers: Vec<usize> = frames.iter().map(Frame::number).collect();
        numbers.sort_unstable();
        ensure!(numbers.windows(2).all(|pair| pair[0] != pair[1]));
        if round == 0 {
            frames.clear();
        }
    }
    drop(frames);
    let after = frame::statistics().free;
    // The vectors' own pages may stay in the heap.
    ensure!(before.abs_diff(after) < 16);
    Ok(())
}

fn owners() -> Outcome {
    let frame = Frame::allocate().map_err(|_| "out of memory")?;
    ensure!(frame.reference_count(), 1);
    let second = frame.clone();
    ensure!(frame.reference_count(), 2);
    ensure!(second.number(), frame.number());
    frame.store_u32(8, 0x1234_5678);
    drop(frame);
    ensure!(second.reference_count(), 1);
    ensure!(second.load_u32(8), 0x1234_5678);
    Ok(())
}

fn exhaustion() -> Outcome {
    let before = frame::statistics().free;
    let mut frames: Vec<Frame> = Vec::new();
    frames
        .try_reserve(before)
        .map_err(|_| "no room to note the frames")?;
    while frames.len() < before {
        match Frame::allocate_dirty() {
            Ok(frame) => frames.push(frame),
            Err(_) => break,
        }
    }
    let left = frame::statistics().free;
    ensure!(frames.len() < before);
    // The reserve is still there for the kernel's own small objects.
    ensure!(left > 0);
    let small = Box::new(7u64);
    ensure!(*small, 7);
    drop(frames);
    let frame = Frame::allocate();
    ensure!(frame.is_ok());
    ensure!(before.abs_diff(frame::statistics().free) < 16);
    Ok(())
}

fn bytes() -> Outcome {
    let one = Frame::allocate().map_err(|_| "out of memory")?;
    let two = Frame::allocate().map_err(|_| "out of memory")?;
    let pattern: Vec<u8> = (0..PAGE_SIZE)
        .map(|index| (index * 7 % 251) as u8)
        .collect();
    one.write(0, &pattern);
    two.copy_from(&one);
    let mut back = [0; PAGE_SIZE];
    two.read(0, &mut back);
    ensure!(back[..] == pattern[..]);
    // Every alignment of source and destination, many lengths.
    for from in 0..9 {
        for to in 0..9 {
            for length in (0..200).step_by(7) {
                let mut into = [0xee; 256];
                one.read(from, &mut into[to..to + length]);
                ensure!(into[to..to + length] == pattern[from..from + length]);
                ensure!(
                    into[..to]
                        .iter()
                        .chain(&into[to + length..])
                        .all(|&byte| byte == 0xee)
                );
            }
        }
    }
    two.fill(3, 5, 9);
    two.fill(100, 1000, 0);
    two.read(0, &mut back);
    ensure!(back[2] == pattern[2] && back[3..8] == [9; 5] && back[8] == pattern[8]);
    ensure!(back[100..1100].iter().all(|&byte| byte == 0) && back[1100] == pattern[1100]);
    Ok(())
}

fn heap() -> Outcome {
    let mut state = 12345u32;
    let mut held: Vec<Vec<u8>> = Vec::new();
    for round in 0..4000u32 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let size = match state >> 30 {
            0 => state as usize % 64,
            1 => state as usize % 700,
            2 => state as usize % 5000,
            _ => state as usize % 20000,
        };
        let mut block = Vec::with_capacity(size);
        block.resize(size, round as u8);
        held.push(block);
        if held.len() > 100 {
            let index = state as usize / 3 % held.len();
            let block = held.swap_remove(index);
            ensure!(block.windows(2).all(|pair| pair[0] == pair[1]));
        }
    }
    #[repr(align(256))]
    struct Aligned([u8; 300]);
    let aligned = Box::new(Aligned([1; 300]));
    ensure!((&raw const *aligned).addr() % 256, 0);
    ensure!(aligned.0[299], 1);
    Ok(())
}
