//! Memory, as `free` reads it.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

use base::Result;
use vfs::Volume;

use crate::filesystem::Shared;

/// Linux's magic number of tmpfs: whose used blocks are memory.
const TMPFS_MAGIC: u64 = 0x0102_1994;

/// Kibibytes of files that live in memory.
pub(crate) fn file_kibibytes() -> u64 {
    let used = |volume: &vfs::FileSystemStatistics| {
        volume.blocks.saturating_sub(volume.blocks_free) * volume.block_size / 1024
    };
    Volume::all()
        .iter()
        .map(|volume| volume.filesystem().statistics())
        .filter(|statistics| statistics.magic == TMPFS_MAGIC)
        .map(|statistics| used(&statistics))
        .sum()
}

/// `/proc/meminfo`.
pub(crate) fn meminfo(_shared: &Shared) -> Result<Vec<u8>> {
    let frames = hal::frame::statistics();
    let kibibytes = |pages: usize| (pages * (hal::PAGE_SIZE / 1024)) as u64;
    let (total, free) = (kibibytes(frames.total), kibibytes(frames.free));
    let files = file_kibibytes();
    let cache = mem::cache_statistics();
    let clean = cache.stored.saturating_sub(cache.dirty + cache.writing);
    let rows: [(&str, u64); 12] = [
        ("MemTotal", total),
        ("MemFree", free),
        // Files in memory have no other place to go; pages of files on devices can be had again.
        ("MemAvailable", free + kibibytes(clean)),
        ("Buffers", 0),
        ("Cached", files + kibibytes(cache.stored)),
        ("SwapCached", 0),
        ("SwapTotal", 0),
        ("SwapFree", 0),
        ("Dirty", kibibytes(cache.dirty)),
        ("Writeback", kibibytes(cache.writing)),
        ("Shmem", files),
        ("SReclaimable", 0),
    ];
    let mut text = String::new();
    for (name, value) in rows {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{:<16}{value:>8} kB", alloc::format!("{name}:"));
    }
    Ok(text.into_bytes())
}

/// `/proc/swaps`: there is none.
pub(crate) fn swaps(_shared: &Shared) -> Result<Vec<u8>> {
    Ok(b"Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n".to_vec())
}

/// `/proc/vmstat`.
pub(crate) fn vmstat(_shared: &Shared) -> Result<Vec<u8>> {
    let frames = hal::frame::statistics();
    let cache = mem::cache_statistics();
    let kibibytes = hal::PAGE_SIZE / 1024;
    let rows = [
        ("nr_free_pages", frames.free),
        ("nr_file_pages", cache.cached),
        ("nr_dirty", cache.dirty),
        ("nr_writeback", cache.writing),
        ("nr_dirtied", cache.dirtied),
        ("nr_written", cache.written),
        ("pgpgin", cache.read * kibibytes),
        ("pgpgout", cache.written * kibibytes),
        ("pgsteal_file", cache.reclaimed),
    ];
    let mut text = String::new();
    for (name, value) in rows {
        let _ = writeln!(text, "{name} {value}");
    }
    Ok(text.into_bytes())
}
