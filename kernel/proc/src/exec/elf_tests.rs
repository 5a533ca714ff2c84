//! Files that are right, and files that are wrong in one way each.

use super::elf::{ElfError, ElfImage, HEADER_SIZE, Header, ImageKind, PROGRAM_HEADER_SIZE};
use alloc::vec;
use alloc::vec::Vec;

const RISC_V: u16 = 243;
const LIMIT: u64 = 1 << 38;
const LOAD: u32 = 1;
const INTERP: u32 = 3;
const READ_EXECUTE: u32 = 5;
const READ_WRITE: u32 = 6;

/// One program header: type, flags, offset, address, file size, memory size, alignment.
#[derive(Clone, Copy)]
struct Piece(u32, u32, u64, u64, u64, u64, u64);

const TEXT: Piece = Piece(LOAD, READ_EXECUTE, 0, 0x10000, 0x800, 0x800, 0x1000);
const DATA: Piece = Piece(LOAD, READ_WRITE, 0x800, 0x11800, 0x100, 0x3000, 0x1000);

fn file(kind: u16, entry: u64, pieces: &[Piece]) -> Vec<u8> {
    let mut bytes = vec![0x7f, b'E', b'L', b'F', 2, 1, 1, 0];
    bytes.resize(16, 0);
    bytes.extend(kind.to_le_bytes());
    bytes.extend(RISC_V.to_le_bytes());
    bytes.extend(1u32.to_le_bytes());
    bytes.extend(entry.to_le_bytes());
    bytes.extend((HEADER_SIZE as u64).to_le_bytes());
    bytes.extend([0; 12]);
    for field in [HEADER_SIZE, PROGRAM_HEADER_SIZE, pieces.len(), 64, 0, 0] {
        bytes.extend((field as u16).to_le_bytes());
    }
    for Piece(kind, flags, offset, address, in_file, in_memory, alignment) in pieces {
        bytes.extend(kind.to_le_bytes());
        bytes.extend(flags.to_le_bytes());
        for field in [offset, address, address, in_file, in_memory, alignment] {
            bytes.extend(field.to_le_bytes());
        }
    }
    bytes.resize(bytes.len().max(0x1000), 0);
    bytes
}

fn parse(bytes: &[u8]) -> Result<ElfImage, ElfError> {
    let header = Header::parse(bytes, RISC_V)?;
    let table = bytes.get(header.table_offset as usize..).unwrap_or(&[]);
    ElfImage::parse(header, table, bytes.len() as u64, LIMIT)
}

fn refused(pieces: &[Piece]) -> Option<ElfError> {
    parse(&file(2, 0x10000, pieces)).err()
}

#[test]
fn a_plain_program_is_understood() {
    let image = parse(&file(2, 0x10078, &[TEXT, DATA])).expect("a good file");
    assert_eq!(image.header.kind, ImageKind::Fixed);
    assert_eq!(image.span(), (0x10000, 0x15000));
    assert_eq!(image.table_address, 0x10000 + HEADER_SIZE as u64);
    assert_eq!(image.segments.len(), 2);
    assert!(image.segments[1].write && !image.segments[1].execute);
    assert!(!image.is_dynamic() && !image.executable_stack);
}

#[test]
fn an_interpreter_is_found_once() {
    let path = Piece(INTERP, 4, 0x900, 0, 20, 20, 1);
    let image = parse(&file(3, 0x10000, &[path, TEXT])).expect("a good file");
    assert_eq!(image.interpreter, Some((0x900, 19)));
    assert_eq!(image.header.kind, ImageKind::Relocatable);
    assert_eq!(refused(&[path, path, TEXT]), Some(ElfError::BadInterpreter));
    let endless = Piece(INTERP, 4, 0x900, 0, 5000, 5000, 1);
    assert_eq!(refused(&[endless, TEXT]), Some(ElfError::BadInterpreter));
    let outside = Piece(INTERP, 4, 0xff8, 0, 20, 20, 1);
    assert_eq!(refused(&[outside, TEXT]), Some(ElfError::Truncated));
}

#[test]
fn every_cut_is_refused() {
    let whole = file(2, 0x10000, &[TEXT, DATA]);
    for length in 0..0x900 {
        assert_eq!(
            parse(&whole[..length]).err(),
            Some(ElfError::Truncated),
            "cut at {length}"
        );
    }
    assert!(parse(&whole[..0x900]).is_ok());
}

#[test]
fn the_wrong_kind_of_file_is_named() {
    assert_eq!(parse(b"#!/bin/sh\n").err(), Some(ElfError::NotElf));
    assert_eq!(
        parse(&file(1, 0x10000, &[TEXT])).err(),
        Some(ElfError::NotExecutable)
    );
    let good = file(2, 0x10000, &[TEXT]);
    for (place, value, reason) in [
        (4, 1, ElfError::WrongFormat),
        (5, 2, ElfError::WrongFormat),
        (6, 9, ElfError::WrongFormat),
        (18, 62, ElfError::WrongMachine(62)),
        (54, 55, ElfError::BadProgramHeaders),
        (56, 0, ElfError::BadProgramHeaders),
        (57, 0xff, ElfError::BadProgramHeaders),
    ] {
        let mut bad = good.clone();
        bad[place] = value;
        assert_eq!(parse(&bad).err(), Some(reason), "byte {place}");
    }
}

#[test]
fn segments_that_make_no_sense_are_named() {
    let cases = [
        (
            Piece(LOAD, 5, 0, 0x10000, 0x900, 0x800, 0x1000),
            ElfError::FileLargerThanMemory,
        ),
        (
            Piece(LOAD, 5, 0, 0x10000, 0x800, 0x800, 0x1001),
            ElfError::BadAlignment,
        ),
        (
            Piece(LOAD, 5, 0x900, 0x10000, 0x800, 0x800, 0x1000),
            ElfError::Truncated,
        ),
        (
            Piece(LOAD, 5, u64::MAX, 0x10000, 0x800, 0x800, 0x1000),
            ElfError::Truncated,
        ),
        (
            Piece(LOAD, 5, 0, u64::MAX - 1, 0, 0x800, 0x1000),
            ElfError::OutsideUserSpace,
        ),
        (
            Piece(LOAD, 5, 0, 0xffff_ffc0_0000_0000, 0x800, 0x800, 0x1000),
            ElfError::OutsideUserSpace,
        ),
        (
            Piece(LOAD, 5, 0, 0x10000, 0x800, LIMIT, 0x1000),
            ElfError::OutsideUserSpace,
        ),
        (
            Piece(LOAD, 5, 0, 0x10000, 0x800, u64::MAX, 0x1000),
            ElfError::OutsideUserSpace,
        ),
        (
            Piece(LOAD, 5, 0, 0x10000, 0x800, 0x800, 1 << 63),
            ElfError::OutsideUserSpace,
        ),
        (
            Piece(LOAD, READ_WRITE, 0, 0x10000, 0x800, 0x800, 0x1000),
            ElfError::EntryOutside,
        ),
        (
            Piece(LOAD, 5, 0, 0x20000, 0x800, 0x800, 0x1000),
            ElfError::EntryOutside,
        ),
        (
            Piece(LOAD, 5, 0, 0x10000, 0, 0, 0x1000),
            ElfError::NoSegments,
        ),
        (
            Piece(6, 5, 0, 0x10000, 0x800, 0x800, 0x1000),
            ElfError::NoSegments,
        ),
    ];
    for (piece, reason) in cases {
        assert_eq!(refused(&[piece]), Some(reason));
    }
}

#[test]
fn segments_may_not_share_a_page_or_go_backwards() {
    let same_page = Piece(LOAD, READ_WRITE, 0x800, 0x10800, 0x100, 0x100, 0x1000);
    assert_eq!(
        refused(&[TEXT, same_page]),
        Some(ElfError::OverlappingSegments)
    );
    assert_eq!(refused(&[DATA, TEXT]), Some(ElfError::OverlappingSegments));
}

#[test]
fn old_linkers_offsets_are_seen() {
    let unaligned = Piece(LOAD, 7, 0xb0, 0, 0x700, 0x900, 4);
    let image = parse(&file(2, 0x24, &[unaligned])).expect("a good file");
    assert!(!image.segments[0].is_mappable());
    assert_eq!(image.span(), (0, 0x1000));
}
