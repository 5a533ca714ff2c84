//! Tables as tools write them, and tables that nobody should.

use alloc::vec;
use alloc::vec::Vec;

use base::Error;

use super::{Disk, Entry, crc32, find};

fn found(bytes: &[u8], block_size: usize) -> Vec<Entry> {
    let mut read = |position: u64, into: &mut [u8]| {
        let at = position as usize;
        let from = bytes.get(at..at + into.len()).ok_or(Error::InputOutput)?;
        into.copy_from_slice(from);
        Ok(())
    };
    let entries = find(&mut Disk {
        read: &mut read,
        sectors: (bytes.len() / 512) as u64,
        block_size,
    });
    let entries = entries.unwrap();
    for entry in &entries {
        assert!(entry.number > 0 && entry.sectors > 0);
        assert!(entry.start + entry.sectors <= (bytes.len() / 512) as u64);
    }
    entries
}

fn entry(number: u32, start: u64, sectors: u64) -> Entry {
    Entry {
        number,
        start,
        sectors,
    }
}

fn line(disk: &mut [u8], sector: usize, index: usize, kind: u8, start: u32, count: u32) {
    let at = sector * 512 + 446 + index * 16;
    disk[at + 4] = kind;
    disk[at + 8..at + 12].copy_from_slice(&start.to_le_bytes());
    disk[at + 12..at + 16].copy_from_slice(&count.to_le_bytes());
    disk[sector * 512 + 510..sector * 512 + 512].copy_from_slice(&[0x55, 0xaa]);
}

/// A table with these partitions, both copies.
fn gpt(blocks: usize, size: usize, partitions: &[(u64, u64)]) -> Vec<u8> {
    let mut disk = vec![0; blocks * size];
    line(&mut disk, 0, 0, 0xee, 1, u32::MAX);
    let mut array = vec![0; 128 * 128];
    for (place, (start, end)) in array.chunks_exact_mut(128).zip(partitions) {
        place[..16].fill(0x5a);
        place[32..40].copy_from_slice(&start.to_le_bytes());
        place[40..48].copy_from_slice(&end.to_le_bytes());
    }
    let array_blocks = array.len().div_ceil(size);
    let last = blocks - 1;
    for (place, other, entries) in [(1, last, 2), (last, 1, last - array_blocks)] {
        let mut header = vec![0; 92];
        header[..8].copy_from_slice(b"EFI PART");
        header[8..12].copy_from_slice(&0x10000u32.to_le_bytes());
        header[12..16].copy_from_slice(&92u32.to_le_bytes());
        header[24..32].copy_from_slice(&(place as u64).to_le_bytes());
        header[32..40].copy_from_slice(&(other as u64).to_le_bytes());
        header[40..48].copy_from_slice(&(2 + array_blocks as u64).to_le_bytes());
        header[48..56].copy_from_slice(&((last - array_blocks - 1) as u64).to_le_bytes());
        header[72..80].copy_from_slice(&(entries as u64).to_le_bytes());
        header[80..84].copy_from_slice(&128u32.to_le_bytes());
        header[84..88].copy_from_slice(&128u32.to_le_bytes());
        header[88..92].copy_from_slice(&crc32(&array).to_le_bytes());
        let sum = crc32(&header);
        header[16..20].copy_from_slice(&sum.to_le_bytes());
        disk[place * size..place * size + 92].copy_from_slice(&header);
        disk[entries * size..entries * size + array.len()].copy_from_slice(&array);
    }
    disk
}

#[test]
fn the_checksum_is_the_known_one() {
    assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    assert_eq!(crc32(b""), 0);
}

#[test]
fn a_boot_record_with_logical_partitions() {
    let mut disk = vec![0; 4096 * 512];
    assert_eq!(found(&disk, 512), []);
    line(&mut disk, 0, 0, 0x83, 2048, 100);
    line(&mut disk, 0, 2, 0x05, 3000, 1000);
    // Counted from the record itself; the next record from the extended partition's beginning.
    line(&mut disk, 3000, 0, 0x83, 10, 50);
    line(&mut disk, 3000, 1, 0x05, 100, 200);
    line(&mut disk, 3100, 0, 0x83, 20, 60);
    let expected = [
        entry(1, 2048, 100),
        entry(3, 3000, 2),
        entry(5, 3010, 50),
        entry(6, 3120, 60),
    ];
    assert_eq!(found(&disk, 512), expected);
    // Beyond the end: cut, or left out.
    line(&mut disk, 0, 0, 0x83, 4000, 1000);
    line(&mut disk, 0, 1, 0x83, 5000, 1);
    assert_eq!(found(&disk, 512)[0], entry(1, 4000, 96));
    assert_eq!(found(&disk, 512)[1].number, 3);
    // What a file system has there is no table.
    disk[446] = 0x33;
    assert_eq!(found(&disk, 512), []);
}

#[test]
fn a_chain_may_be_a_circle_or_lead_away() {
    let mut disk = vec![0; 4096 * 512];
    line(&mut disk, 0, 0, 0x0f, 100, 3000);
    line(&mut disk, 100, 0, 0x83, 1, 1);
    line(&mut disk, 100, 1, 0x0f, 50, 10);
    line(&mut disk, 150, 0, 0x83, 1, 1);
    line(&mut disk, 150, 1, 0x0f, 50, 10);
    assert!(found(&disk, 512).len() < 100);
    line(&mut disk, 150, 1, 0x0f, u32::MAX, 10);
    line(&mut disk, 150, 0, 0x83, u32::MAX, u32::MAX);
    assert_eq!(found(&disk, 512), [entry(1, 100, 2), entry(5, 101, 1)]);
}

#[test]
fn a_guid_table_in_blocks_of_either_size() {
    for size in [512, 4096] {
        let times = (size / 512) as u64;
        let disk = gpt(400, size, &[(40, 59), (0, 0), (100, 100), (90, 60)]);
        let expected = [
            entry(1, 40 * times, 20 * times),
            entry(3, 100 * times, times),
        ];
        assert_eq!(found(&disk, size), expected);
    }
}

#[test]
fn the_second_copy_counts_where_the_first_is_damaged() {
    let whole = gpt(400, 512, &[(40, 59)]);
    for place in [512 + 3, 512 + 40, 512 + 89, 2 * 512 + 33, 2 * 512 + 5000] {
        let mut disk = whole.clone();
        disk[place] ^= 0x10;
        assert_eq!(found(&disk, 512), [entry(1, 40, 20)], "{place}");
        // Both damaged: what the record in the first sector protects is not shown.
        let backup = 399 * 512 + 17;
        disk[backup] ^= 1;
        assert_eq!(found(&disk, 512), [], "{place}");
    }
}

#[test]
fn tables_with_a_right_checksum_and_wrong_numbers() {
    let whole = gpt(400, 512, &[(40, 59)]);
    let numbers = [
        (12, u32::MAX as u64),
        (12, 20),
        (72, u64::MAX),
        (72, 0),
        (80, u32::MAX as u64),
        (84, 0),
        (84, 1),
        (84, 0x8000_0000),
        (48, u64::MAX),
        (40, u64::MAX),
    ];
    for (at, number) in numbers {
        let mut disk = whole.clone();
        for place in [1, 399] {
            let block = &mut disk[place * 512..place * 512 + 512];
            let width = if [12, 80, 84].contains(&at) { 4 } else { 8 };
            block[at..at + width].copy_from_slice(&number.to_le_bytes()[..width]);
            block[16..20].fill(0);
            let length = u32::from_le_bytes(block[12..16].try_into().unwrap()) as usize;
            let sum = crc32(&block[..length.min(512)]);
            block[16..20].copy_from_slice(&sum.to_le_bytes());
        }
        let entries = found(&disk, 512);
        assert!(!entries.contains(&entry(1, 40, 20)), "{at}: {number:#x}");
    }
}

#[test]
fn bytes_that_mean_nothing() {
    let mut state = 1u64;
    let mut next = move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1);
        (state >> 33) as u32
    };
    for round in 0..300 {
        let mut disk = match round % 3 {
            0 => vec![0; 512 * (next() as usize % 300)],
            1 => gpt(300, 512, &[(40, 50), (60, 70)]),
            _ => {
                let mut disk = vec![0; 300 * 512];
                line(&mut disk, 0, 1, 5, 10, 200);
                line(&mut disk, 10, 1, 5, 10, 100);
                disk
            }
        };
        for _ in 0..20 {
            let at = next() as usize % disk.len().max(1);
            if let Some(byte) = disk.get_mut(at) {
                *byte = next() as u8;
            }
        }
        if disk.len() >= 512 {
            disk[510..512].copy_from_slice(&[0x55, 0xaa]);
        }
        found(&disk, 512);
    }
}
