//! Partition tables: whatever the bytes, what is found lies on the disk and has a length.
#![no_main]

use device::block::partition::{Disk, find};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (block_size, bytes) = match bytes.split_first() {
        Some((first, rest)) if first & 1 != 0 => (4096, rest),
        Some((_, rest)) => (512, rest),
        None => return,
    };
    let sectors = (bytes.len() / 512) as u64;
    let mut reads = 0;
    let mut read = |position: u64, into: &mut [u8]| {
        reads += 1;
        let at = usize::try_from(position).unwrap_or(usize::MAX);
        let from = bytes.get(at..).and_then(|rest| rest.get(..into.len()));
        into.copy_from_slice(from.ok_or(base::Error::InputOutput)?);
        Ok(())
    };
    let found = find(&mut Disk {
        read: &mut read,
        sectors,
        block_size,
    });
    assert!(reads < 100);
    for entry in found.into_iter().flatten() {
        assert!(entry.number > 0 && entry.sectors > 0);
        assert!(entry.start + entry.sectors <= sectors);
    }
});
