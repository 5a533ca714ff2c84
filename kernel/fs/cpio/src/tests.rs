//! Archives made here, and what becomes of them when they are cut, mutated and mixed up.

use std::sync::Arc;

use hal::PAGE_SIZE;
use object::{File, FileKind};
use proptest::prelude::*;
use vfs::{FileSystem, FsContext, ResolveFlags, View};

use crate::error::{ArchiveError, Reason};
use crate::header::{Parsed, parse};
use crate::{check, populate};

/// An archive under construction.
#[derive(Clone, Default)]
struct Builder(Vec<u8>);

impl Builder {
    fn entry(mut self, name: &str, mode: u32, data: &[u8], ino: u32, links: u32) -> Self {
        self.push(name, mode, data, ino, links, 0);
        self
    }

    fn push(&mut self, name: &str, mode: u32, data: &[u8], ino: u32, links: u32, padding: usize) {
        let size = data.len() as u32;
        let name_length = (name.len() + 1 + padding) as u32;
        let (uid, gid) = (10, 20);
        let fields = [
            ino,
            mode,
            uid,
            gid,
            links,
            77,
            size,
            0,
            0,
            1,
            3,
            name_length,
            0,
        ];
        self.0.extend_from_slice(b"070701");
        for field in fields {
            self.0.extend_from_slice(format!("{field:08x}").as_bytes());
        }
        self.0.extend_from_slice(name.as_bytes());
        self.0.resize(self.0.len() + 1 + padding, 0);
        self.pad();
        self.0.extend_from_slice(data);
        self.pad();
    }

    fn pad(&mut self) {
        self.0.resize(self.0.len().next_multiple_of(4), 0);
    }

    fn file(self, name: &str, data: &[u8]) -> Self {
        self.entry(name, 0o100_644, data, 0, 1)
    }

    fn directory(self, name: &str) -> Self {
        self.entry(name, 0o040_755, b"", 0, 2)
    }

    fn end(self) -> Vec<u8> {
        self.entry("TRAILER!!!", 0, b"", 0, 1).0
    }
}

fn sample() -> Vec<u8> {
    Builder::default()
        .directory(".")
        .directory("bin")
        .entry("bin/sh", 0o120_777, b"busybox", 0, 1)
        .entry("dev/null", 0o020_666, b"", 0, 1)
        .entry("etc/one", 0o100_600, b"", 5, 2)
        .entry("etc/two", 0o100_600, b"linked", 5, 2)
        .file("etc/passwd", b"root:x:0:0\n")
        .end()
}

/// Runs a test on a machine of its own.
fn on_machine(test: impl FnOnce() + 'static) {
    let outcome = hal::hosted::Machine::new(1).run_with(move |_| {
        base::init().unwrap();
        test();
    });
    if let Some(complaint) = outcome.complaint() {
        panic!("{complaint}");
    }
}

/// A root's context on what an archive makes.
fn unpack(archive: &[u8]) -> Result<FsContext, ArchiveError> {
    let limits = fs_ram::Limits {
        pages: 10_000,
        inodes: 10_000,
        directory_pages: 0,
        unpaid: false,
    };
    let filesystem = fs_ram::RamFs::with("tmpfs", limits, 0o755).unwrap();
    populate(archive, &filesystem)?;
    let filesystem: Arc<dyn FileSystem> = filesystem;
    Ok(FsContext::new(View::new(&filesystem)))
}

fn reason(archive: &[u8]) -> Option<Reason> {
    check(archive).err().map(|error| error.reason)
}

#[test]
fn headers_are_understood() {
    let archive = Builder::default().file("etc/passwd", b"root").end();
    let Parsed::Entry(entry) = parse(&archive[..], 0).unwrap() else {
        panic!("an entry")
    };
    assert_eq!(entry.name, b"etc/passwd");
    assert_eq!(
        (entry.kind, entry.mode, entry.size),
        (FileKind::Regular, 0o644, 4)
    );
    assert_eq!(&archive[entry.data..entry.data + 4], b"root");
    assert_eq!((entry.uid, entry.gid, entry.links), (10, 20, 1));
    assert_eq!(entry.modification_time, 77);
    assert!(matches!(
        parse(&archive[..], entry.next),
        Ok(Parsed::Trailer(_))
    ));
}

#[test]
fn what_is_wrong_is_said() {
    let good = sample();
    assert_eq!(check(&good[..]), Ok(7));
    assert_eq!(reason(b""), Some(Reason::NoTrailer));
    assert_eq!(reason(&[0; 5000]), Some(Reason::NoTrailer));
    assert_eq!(reason(b"\x1f\x8b\x08 gzip"), Some(Reason::Compressed));
    assert_eq!(reason(b"\x28\xb5\x2f\xfd zstd"), Some(Reason::Compressed));
    assert_eq!(reason(b"hello, world"), Some(Reason::BadMagic));
    assert_eq!(reason(b"0707"), Some(Reason::TruncatedHeader));
    assert_eq!(reason(&good[..50]), Some(Reason::TruncatedHeader));
    assert_eq!(reason(&good[..111]), Some(Reason::TruncatedName));
    let mut sign = good.clone();
    sign[6] = b'+';
    assert_eq!(reason(&sign), Some(Reason::BadNumber(0)));
    let up = Builder::default().file("../etc/passwd", b"").end();
    assert_eq!(reason(&up), Some(Reason::BadName));
    let kind = Builder::default().entry("x", 0o644, b"", 0, 1).end();
    assert_eq!(reason(&kind), Some(Reason::BadKind));
    let link = Builder::default().entry("x", 0o120_777, b"", 0, 1).end();
    assert_eq!(reason(&link), Some(Reason::BadLink));
    let text = check(&good[..50]).unwrap_err().to_string();
    assert_eq!(
        text,
        "the archive's entry at offset 0x0 ends inside its header"
    );
}

#[test]
fn every_truncation_is_refused() {
    let good = sample();
    // The padding behind the last name is no loss.
    let needed = good.len() - 3;
    for length in 0..needed {
        assert!(check(&good[..length]).is_err(), "cut at {length}");
    }
}

#[test]
fn an_archive_becomes_files() {
    on_machine(|| {
        let archive = Builder::default()
            .file("etc/empty", b"")
            .directory("bin")
            .end();
        let context = unpack(&archive).unwrap();
        let status = context
            .stat(None, b"/etc/empty", ResolveFlags::empty())
            .unwrap();
        assert_eq!(
            (status.kind, status.mode, status.size),
            (FileKind::Regular, 0o644, 0)
        );
        assert_eq!(status.modification_time.seconds, 77);
        assert_eq!(
            context
                .stat(None, b"/bin", ResolveFlags::empty())
                .unwrap()
                .links,
            2
        );
    });
}

#[test]
fn later_entries_and_later_archives_replace() {
    on_machine(|| {
        let mut archive = Builder::default()
            .directory("d")
            .entry("d/x", 0o120_777, b"old", 0, 1)
            .entry("y", 0o120_777, b"a", 0, 1)
            .entry("y", 0o120_777, b"b", 0, 1)
            .end();
        archive.resize(archive.len() + 512, 0);
        archive.extend(
            Builder::default()
                .entry("d/x", 0o120_777, b"new", 0, 1)
                .end(),
        );
        let context = unpack(&archive).unwrap();
        assert_eq!(context.readlink(None, b"/d/x").unwrap(), b"new");
        assert_eq!(context.readlink(None, b"/y").unwrap(), b"b");
        let conflict = Builder::default()
            .directory("d")
            .file("d/x", b"")
            .file("d", b"")
            .end();
        assert_eq!(
            unpack(&conflict).err().map(|error| error.reason),
            Some(Reason::Conflict)
        );
        let through = Builder::default().file("f", b"").file("f/x", b"").end();
        assert_eq!(
            unpack(&through).err().map(|error| error.reason),
            Some(Reason::Conflict)
        );
    });
}

#[test]
fn padded_names_move_data_to_page_boundaries() {
    let mut builder = Builder::default();
    let header = 110 + "bin/program".len() + 1;
    builder.push("bin/program", 0o100_755, &[7; 10], 0, 1, PAGE_SIZE - header);
    let archive = builder.end();
    let Parsed::Entry(entry) = parse(&archive[..], 0).unwrap() else {
        panic!("an entry")
    };
    assert_eq!(entry.data, PAGE_SIZE);
    assert_eq!(entry.name, b"bin/program");
    assert!(check(&archive[..]).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// A mutated archive is understood or refused; never more.
    #[test]
    fn mutations_are_harmless(changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..8)) {
        let mut archive = sample();
        for (place, byte) in changes {
            let length = archive.len();
            archive[place % length] = byte;
        }
        let _ = check(&archive[..]);
    }

    #[test]
    fn random_bytes_are_harmless(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let mut archive = b"070701".to_vec();
        archive.extend(bytes);
        let _ = check(&archive[..]);
    }
}

/// The bytes of a file.
fn contents(context: &FsContext, path: &str) -> Vec<u8> {
    let file = context
        .open(path.as_bytes(), &vfs::OpenOptions::reading())
        .unwrap();
    let mut bytes = vec![0; 100_000];
    let done = file
        .read(&mut mem::transfer::Sink::kernel(&mut bytes))
        .unwrap();
    bytes.truncate(done);
    bytes
}

#[test]
fn pages_are_taken_over_and_belong_to_the_file() {
    // One file on a page boundary, with two whole pages and a bit, and one anywhere.
    let mut builder = Builder::default();
    let data: Vec<u8> = (0..2 * PAGE_SIZE + 100)
        .map(|index| (index / 7) as u8)
        .collect();
    let padding = PAGE_SIZE - (110 + "big".len() + 1);
    builder.push("big", 0o100_644, &data, 0, 1, padding);
    let archive = builder
        .file("after", b"what follows")
        .entry("one", 0o100_644, b"", 9, 2)
        .entry("two", 0o100_644, b"linked", 9, 2)
        .end();
    let outcome = hal::hosted::Machine::new(1)
        .initramfs(archive)
        .run_with(move |boot| {
            base::init().unwrap();
            let filesystem = fs_ram::RamFs::new().unwrap();
            let archive = boot.initramfs.unwrap();
            let summary = populate(&archive, &filesystem).unwrap();
            assert_eq!((summary.entries, summary.adopted_pages), (4, 2));
            assert_eq!(
                summary.copied_bytes,
                100 + "what follows".len() + "linked".len()
            );
            let free = hal::frame::statistics().free;
            drop(archive);
            assert!(
                hal::frame::statistics().free > free,
                "the rest of the archive is free"
            );
            let filesystem: Arc<dyn FileSystem> = filesystem;
            let context = FsContext::new(View::new(&filesystem));
            assert_eq!(contents(&context, "/big"), data);
            assert_eq!(contents(&context, "/after"), b"what follows");
            assert_eq!(contents(&context, "/one"), b"linked");
            // Behind the end of the file there are zeros, not the next header.
            let write = vfs::OpenOptions {
                write: true,
                ..Default::default()
            };
            let file = context.open(b"/big", &write).unwrap();
            file.truncate(data.len() as u64 + 50).unwrap();
            assert_eq!(contents(&context, "/big")[data.len()..], [0; 50]);
            file.write_at(0, &mut mem::transfer::Source::kernel(&[0xff; 10]))
                .unwrap();
            assert_eq!(contents(&context, "/after"), b"what follows");
        });
    if let Some(complaint) = outcome.complaint() {
        panic!("{complaint}");
    }
}

/// What GNU cpio makes of three files, two of them one file (`cpio -o -H newc -R 1:2`).
#[test]
fn an_archive_of_another_maker_is_understood() {
    let mut archive = String::new();
    let mut push = |fields: &str, name: &str, data: &str| {
        archive.push_str("070701");
        archive.push_str(&fields.replace(' ', ""));
        archive.push_str(name);
        archive.push('\0');
        while !archive.len().is_multiple_of(4) {
            archive.push('\0');
        }
        archive.push_str(data);
        while !archive.len().is_multiple_of(4) {
            archive.push('\0');
        }
    };
    let first = "00000007 000081a4 00000001 00000002 00000002 6553f100 00000000 \
                 00000008 00000001 00000000 00000000 00000002 00000000";
    let last = "00000007 000081a4 00000001 00000002 00000002 6553f100 00000003 \
                00000008 00000001 00000000 00000000 00000002 00000000";
    let end = "00000000 00000000 00000000 00000000 00000001 00000000 00000000 \
               00000000 00000000 00000000 00000000 0000000b 00000000";
    push(first, "a", "");
    push(last, "b", "hi\n");
    push(end, "TRAILER!!!", "");
    on_machine(move || {
        let context = unpack(archive.as_bytes()).unwrap();
        assert_eq!(contents(&context, "/a"), b"hi\n");
        let status = context.stat(None, b"/b", ResolveFlags::empty()).unwrap();
        assert_eq!(
            (status.uid, status.gid, status.links, status.mode),
            (1, 2, 2, 0o644)
        );
    });
}
