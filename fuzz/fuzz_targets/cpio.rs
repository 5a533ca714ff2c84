//! cpio: an archive with some bytes changed, or any bytes at all, is refused with a reason or becomes files, which are
//! then walked and written to on the hosted machine.
//!
//! The first byte of the input says which: the rest is an archive, or a list of changes ([`scarlet_fuzz::change`]) to one
//! with files, directories, links of both kinds and a device.
#![no_main]

use std::sync::LazyLock;

use fs_ram::{Limits, RamFs};
use libfuzzer_sys::fuzz_target;
use scarlet_fuzz::{change, on_machine, walk};
use vfs::FileSystem;

/// As much as a small container has.
const LIMITS: Limits = Limits {
    pages: 1000,
    inodes: 1000,
    directory_pages: 100,
    unpaid: false,
};

static ARCHIVE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let entries: [(&str, u32, u32, &[u8]); 9] = [
        ("bin", 1, 0o040_755, b""),
        ("bin/tool", 2, 0o100_755, &[7; 5000]),
        ("bin/again", 2, 0o100_755, b""),
        ("bin/link", 3, 0o120_777, b"../bin/tool"),
        ("dev", 4, 0o040_755, b""),
        ("dev/null", 5, 0o020_666, b""),
        ("a", 6, 0o040_755, b""),
        ("a/b", 7, 0o040_755, b""),
        ("a/b/file", 8, 0o100_644, b"text"),
    ];
    let mut archive = Vec::new();
    for (name, number, mode, bytes) in entries {
        entry(&mut archive, name, number, mode, bytes);
    }
    entry(&mut archive, "TRAILER!!!", 0, 0, b"");
    archive
});

/// Adds one entry in the "new ASCII" form (cpio(5)).
fn entry(archive: &mut Vec<u8>, name: &str, number: u32, mode: u32, bytes: &[u8]) {
    let (size, length) = (bytes.len(), name.len() + 1);
    let links = if number == 2 { 2 } else { 1 };
    let header = format!(
        "070701{number:08x}{mode:08x}{:08x}{:08x}{links:08x}{:08x}{size:08x}{:08x}{:08x}{:08x}{:08x}{length:08x}{:08x}",
        0, 0, 0, 8, 1, 1, 3, 0
    );
    archive.extend(header.bytes());
    archive.extend(name.bytes());
    archive.push(0);
    archive.resize(archive.len().next_multiple_of(4), 0);
    archive.extend(bytes);
    archive.resize(archive.len().next_multiple_of(4), 0);
}

fuzz_target!(|input: &[u8]| {
    let Some((kind, rest)) = input.split_first() else {
        return;
    };
    let archive = if kind & 1 == 0 {
        let mut archive = ARCHIVE.clone();
        let length = archive.len();
        change(&mut archive, rest, 0, length);
        archive
    } else {
        rest.to_vec()
    };
    on_machine(move || {
        let ram = RamFs::with("tmpfs", LIMITS, 0o755).expect("room");
        if let Err(error) = fs_cpio::populate(&archive[..], &ram) {
            // The reason becomes a sentence for a person.
            assert!(!format!("{error}").is_empty());
        }
        walk(&ram.root(), &mut 100, 0);
    });
});
