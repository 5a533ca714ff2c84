//! Ring 2: memory as programs see it, and what happens when there is none left.

use testkit::System;
use testkit::linux::{Ended, Linux};
use testkit::system::linux;

const PAGE: usize = 4096;

const FTRUNCATE: usize = 46;
const BRK: usize = 214;
const MREMAP: usize = 216;
const MMAP: usize = 222;
const MPROTECT: usize = 226;
const MADVISE: usize = 233;

const O_RDWR_CREATE: usize = 0o102;
const SHARED: usize = 1;
const PRIVATE: usize = 2;
const READ: usize = 1;
const WRITE: usize = 2;
const DONT_NEED: usize = 4;
const MAY_MOVE: usize = 1;
const OUT_OF_MEMORY: i32 = 12;
const KILL: u32 = 9;
const BUS: u32 = 7;
const SEGV: u32 = 11;

/// A file of that many pages, mapped.
fn map_file(linux: &mut Linux<'_>, pages: usize, sharing: usize) -> (usize, usize) {
    let file = linux.open("/tmp/file", O_RDWR_CREATE, 0o600).unwrap();
    linux.call(FTRUNCATE, &[file, pages * PAGE]).unwrap();
    let at = linux
        .call(MMAP, &[0, pages * PAGE, READ | WRITE, sharing, file, 0])
        .unwrap();
    (file, at)
}

/// How a child ends that touches a word.
fn touching(linux: &mut Linux<'_>, address: usize) -> Ended {
    let child = linux.fork(move |child| child.store(address, 1)).unwrap();
    let (ended, how) = linux.wait().unwrap();
    assert_eq!(ended, child);
    how
}

#[test]
fn a_program_that_eats_all_memory_is_ended_and_nobody_else() {
    System::new()
        .memory(12 << 20)
        .linux("/init", |linux| {
            let hog = linux
                .fork(|child| {
                    for _ in 0..4 {
                        let length = 6 << 20;
                        let at = child.map(length, false).unwrap();
                        for page in 0..length / PAGE {
                            child.store(at + page * PAGE, 1);
                        }
                    }
                })
                .unwrap();
            let bystander = linux
                .fork(|child| {
                    let at = child.map(8 * PAGE, false).unwrap();
                    for page in 0..8 {
                        child.store(at + page * PAGE, 5);
                        child.sleep_ns(1_000_000).unwrap();
                    }
                    child.exit(3);
                })
                .unwrap();
            let mut ends = [linux.wait().unwrap(), linux.wait().unwrap()];
            ends.sort_by_key(|end| end.0);
            assert_eq!(
                ends,
                [(hog, Ended::Killed(KILL)), (bystander, Ended::Exited(3))]
            );
            let after = linux.fork(|child| child.exit(0)).unwrap();
            assert_eq!(linux.wait(), Ok((after, Ended::Exited(0))));
        })
        .check();
}

#[test]
fn what_can_never_fit_is_refused_at_once() {
    linux(|linux| {
        assert_eq!(linux.map(1 << 30, false), Err(OUT_OF_MEMORY));
        let end = linux.call(BRK, &[0]).unwrap();
        assert_eq!(
            linux.call(BRK, &[end + (1 << 30)]),
            Ok(end),
            "brk answers where it is"
        );
        assert_eq!(linux.call(BRK, &[end + 3 * PAGE]), Ok(end + 3 * PAGE));
        linux.store(end + 2 * PAGE, 9);
        assert_eq!(linux.call(BRK, &[end]), Ok(end));
    });
}

#[test]
fn shared_memory_is_shared_with_a_child() {
    linux(|linux| {
        let page = linux.map(PAGE, true).unwrap();
        let child = linux.fork(move |child| child.store(page, 42)).unwrap();
        assert_eq!(linux.wait(), Ok((child, Ended::Exited(0))));
        assert_eq!(linux.load(page), 42);
    });
}

#[test]
fn a_file_and_its_mappings_agree() {
    linux(|linux| {
        let (file, shared) = map_file(linux, 2, SHARED);
        let private = linux
            .call(MMAP, &[0, PAGE, READ | WRITE, PRIVATE, file, 0])
            .unwrap();
        assert_eq!(linux.write(file, &7u32.to_le_bytes()), Ok(4));
        assert_eq!((linux.load(shared), linux.load(private)), (7, 7));
        linux.store(shared, 8);
        assert_eq!(
            linux.load(private),
            8,
            "not written to, so it is still the file"
        );
        linux.store(private, 9);
        linux.store(shared, 10);
        assert_eq!((linux.load(shared), linux.load(private)), (10, 9));
        let second = linux.open("/tmp/file", 0, 0).unwrap();
        assert_eq!(linux.read(second, 4), Ok(10u32.to_le_bytes().to_vec()));
    });
}

#[test]
fn what_is_cut_off_a_file_is_a_bus_error() {
    linux(|linux| {
        let (file, at) = map_file(linux, 4, SHARED);
        linux.store(at + 3 * PAGE, 1);
        linux.call(FTRUNCATE, &[file, PAGE + 100]).unwrap();
        assert_eq!(touching(linux, at + 3 * PAGE), Ended::Killed(BUS));
        assert_eq!(touching(linux, at + PAGE + 200), Ended::Exited(0));
        linux.call(FTRUNCATE, &[file, 4 * PAGE]).unwrap();
        assert_eq!(
            (linux.load(at + 3 * PAGE), linux.load(at + PAGE + 200)),
            (0, 0)
        );
    });
}

#[test]
fn protection_is_kept_by_both_sides() {
    linux(|linux| {
        let at = linux.map(3 * PAGE, false).unwrap();
        linux.store(at + PAGE, 5);
        linux.call(MPROTECT, &[at + PAGE, PAGE, READ]).unwrap();
        assert_eq!(touching(linux, at + PAGE), Ended::Killed(SEGV));
        assert_eq!(touching(linux, at), Ended::Exited(0));
        linux.call(MPROTECT, &[at + PAGE, PAGE, 0]).unwrap();
        // The kernel does not read for the program what the program may not read.
        let file = linux.open("/tmp/x", O_RDWR_CREATE, 0o600).unwrap();
        assert_eq!(linux.call(64, &[file, at + PAGE, 4]), Err(14));
        linux
            .call(MPROTECT, &[at + PAGE, PAGE, READ | WRITE])
            .unwrap();
        assert_eq!(linux.load(at + PAGE), 5);
    });
}

#[test]
fn memory_moves_with_its_contents() {
    linux(|linux| {
        let at = linux.map(2 * PAGE, false).unwrap();
        linux.store(at, 1);
        linux.store(at + PAGE, 2);
        // Something right behind it, so that it cannot grow where it is.
        let fixed = 0x10 | 0x20 | PRIVATE;
        linux
            .call(
                MMAP,
                &[at + 2 * PAGE, PAGE, READ | WRITE, fixed, usize::MAX, 0],
            )
            .unwrap();
        assert_eq!(
            linux.call(MREMAP, &[at, 2 * PAGE, 5 * PAGE, 0]),
            Err(OUT_OF_MEMORY)
        );
        let moved = linux
            .call(MREMAP, &[at, 2 * PAGE, 5 * PAGE, MAY_MOVE])
            .unwrap();
        assert_ne!(moved, at);
        assert_eq!((linux.load(moved), linux.load(moved + PAGE)), (1, 2));
        assert_eq!(linux.load(moved + 4 * PAGE), 0);
        assert_eq!(touching(linux, at), Ended::Killed(SEGV));
        linux.call(MADVISE, &[moved, PAGE, DONT_NEED]).unwrap();
        assert_eq!((linux.load(moved), linux.load(moved + PAGE)), (0, 2));
    });
}

#[test]
fn a_stack_grows_and_stops() {
    linux(|linux| {
        let top = linux.user.stack_pointer();
        linux.store(top - (1 << 20), 1);
        assert_eq!(linux.load(top - (1 << 20)), 1);
        assert_eq!(touching(linux, top - (9 << 20)), Ended::Killed(SEGV));
    });
}
