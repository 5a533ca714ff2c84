//! The ELF parser: whatever the bytes, it refuses with a reason or accepts an image whose
//! segments are in order, apart, and inside user space.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proc::exec::elf::{ElfImage, Header};

const LIMIT: u64 = 1 << 38;
const RISC_V: u16 = 243;

fuzz_target!(|bytes: &[u8]| {
    let Ok(header) = Header::parse(bytes, RISC_V) else {
        return;
    };
    let table = usize::try_from(header.table_offset)
        .ok()
        .and_then(|at| bytes.get(at..));
    let Ok(image) = ElfImage::parse(header, table.unwrap_or(&[]), bytes.len() as u64, LIMIT) else {
        return;
    };
    let mut end = 0;
    for segment in &image.segments {
        let (first, last) = segment.pages();
        assert!(first >= end && last > first && last <= LIMIT);
        assert!(segment.file_size <= segment.memory_size);
        assert!(
            segment.file_size == 0 || segment.file_offset + segment.file_size <= bytes.len() as u64
        );
        end = last;
    }
    assert!(image.alignment.is_power_of_two());
    if let Some((offset, length)) = image.interpreter {
        assert!(offset + length <= bytes.len() as u64);
    }
});
