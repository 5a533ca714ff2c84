//! Ring 2: record locks of processes: whose they are, when they end, and who waits for whom.

use scarlet_abi::Call;
use scarlet_abi::environment::EnvironmentFlags;
use scarlet_abi::process::EXITED;
use testkit::linux::{Answer, Ended, Linux, number};
use testkit::memory::{push, push_words, word32};
use testkit::system::linux;
use testkit::{Scarlet, System};

const CREATE: usize = 0o100 | 2;
const READ_WRITE: usize = 2;
const CLOSE_ON_EXEC: usize = 0o2_000_000;
const CLOSE_RANGE: usize = 436;
const THREAD: usize = 0x100 | 0x200 | 0x400 | 0x800 | 0x1_0000 | 0x4_0000;

const GET: usize = 5;
const SET: usize = 6;
const SET_WAIT: usize = 7;
const WRITE: usize = 1;
const UNLOCK: usize = 2;

const AGAIN: i32 = 11;
const BAD_FILE: i32 = 9;

/// fcntl of one byte at the beginning; gives kind and process of the record afterwards.
fn lock(linux: &mut Linux<'_>, file: usize, command: usize, kind: usize) -> Answer<(u32, u32)> {
    linux.scoped(|linux| {
        let record = push_words(linux.user, &[kind, 0, 1, 0]);
        linux.call(number::FCNTL, &[file, command, record])?;
        let kind = word32(linux.user, record) & 0xffff;
        Ok((kind, word32(linux.user, record + 24)))
    })
}

/// Whether another process could lock the file.
fn is_free(linux: &mut Linux<'_>, path: &'static str) -> bool {
    let asker = linux.fork(move |asker| {
        let file = asker.open(path, READ_WRITE, 0).unwrap();
        let free = lock(asker, file, SET, WRITE).is_ok();
        asker.exit(free.into());
    });
    linux.wait_for(asker.unwrap() as isize, 0).unwrap().1 == Ended::Exited(1)
}

#[test]
fn who_released_a_lock_is_waited_for_by_nobody() {
    linux(|linux| {
        let first = linux.open("/first", CREATE, 0o600).unwrap();
        let second = linux.open("/second", CREATE, 0o600).unwrap();
        let (read, write) = linux.pipe(0).unwrap();
        lock(linux, first, SET_WAIT, WRITE).unwrap();
        linux
            .fork(move |child| {
                lock(child, second, SET_WAIT, WRITE).unwrap();
                child.write(write, b"x").unwrap();
                lock(child, first, SET_WAIT, WRITE).unwrap();
            })
            .unwrap();
        linux.read(read, 1).unwrap();
        lock(linux, first, SET, UNLOCK).unwrap();
        // The child waits for nobody any more, or not yet.
        lock(linux, second, SET_WAIT, WRITE).unwrap();
        assert_eq!(linux.wait().unwrap().1, Ended::Exited(0));
    });
}

#[test]
fn a_lock_that_comes_after_its_descriptor_was_closed_does_not_stay() {
    linux(|linux| {
        let file = linux.open("/file", CREATE, 0o600).unwrap();
        let (read, write) = linux.pipe(0).unwrap();
        let (end_read, end_write) = linux.pipe(0).unwrap();
        linux
            .fork(move |holder| {
                lock(holder, file, SET, WRITE).unwrap();
                holder.write(write, b"x").unwrap();
                holder.read(end_read, 1).unwrap();
            })
            .unwrap();
        linux.read(read, 1).unwrap();
        let stack = linux.map(4096, false).unwrap() + 4096;
        linux
            .clone(THREAD, stack, move |thread| {
                let outcome = lock(thread, file, SET_WAIT, WRITE);
                assert!(matches!(outcome, Ok(_) | Err(BAD_FILE)), "{outcome:?}");
                thread.write(write, b"y").unwrap();
            })
            .unwrap();
        linux.write(end_write, b"z").unwrap();
        linux.close(file).unwrap();
        linux.wait().unwrap();
        linux.read(read, 1).unwrap();
        assert!(is_free(linux, "/file"), "nobody has the file open");
    });
}

#[test]
fn locks_end_with_any_descriptor_whatever_closes_it() {
    System::new()
        .linux("/after", |linux| assert!(is_free(linux, "/file")))
        .linux("/init", |linux| {
            let file = linux.open("/file", CREATE, 0o600).unwrap();
            let other = linux.open("/file", READ_WRITE | CLOSE_ON_EXEC, 0).unwrap();
            lock(linux, file, SET, WRITE).unwrap();
            assert!(!is_free(linux, "/file"));
            let copy = linux.call(number::DUP, &[file]).unwrap();
            linux.call(CLOSE_RANGE, &[copy, copy, 0]).unwrap();
            assert!(is_free(linux, "/file"));
            lock(linux, file, SET, WRITE).unwrap();
            linux.dup_to(2, other).unwrap();
            assert!(is_free(linux, "/file"));
            linux.open("/file", READ_WRITE | CLOSE_ON_EXEC, 0).unwrap();
            lock(linux, file, SET, WRITE).unwrap();
            assert!(!is_free(linux, "/file"));
            linux.exec("/after", &["after"]).unwrap();
        })
        .check();
}

/// Gives an environment the whole tree for Linux programs.
fn give_root(scarlet: &mut Scarlet<'_>, environment: usize) {
    let view = scarlet
        .call_path(Call::CreateView, &[], "/", &[])
        .expect("a view");
    scarlet.scoped(|scarlet| {
        let name = push(scarlet.user, b"linux");
        let arguments = [environment, view, name, b"linux".len()];
        assert_eq!(scarlet.call(Call::GiveView, &arguments), Ok(0));
    });
    scarlet.close(view).unwrap();
}

#[test]
fn processes_of_two_environments_with_one_number_are_two_owners() {
    System::new()
        .linux("/holder", |linux| {
            assert_eq!(linux.getpid(), 1);
            let file = linux.open("/file", CREATE, 0o600).unwrap();
            lock(linux, file, SET, WRITE).unwrap();
            linux.open("/held", CREATE, 0o600).unwrap();
            while linux.open("/tried", READ_WRITE, 0).is_err() {
                linux.sleep_ns(1_000_000).unwrap();
            }
            let child = linux.fork(move |child| {
                assert_eq!(lock(child, file, GET, WRITE), Ok((1, 1)));
            });
            linux.wait_for(child.unwrap() as isize, 0).unwrap();
        })
        .linux("/taker", |linux| {
            assert_eq!(linux.getpid(), 1);
            while linux.open("/held", READ_WRITE, 0).is_err() {
                linux.sleep_ns(1_000_000).unwrap();
            }
            let file = linux.open("/file", READ_WRITE, 0).unwrap();
            assert_eq!(lock(linux, file, SET, WRITE), Err(AGAIN));
            // Whoever has it is out of sight.
            assert_eq!(lock(linux, file, GET, WRITE), Ok((1, 0)));
            linux.close(file).unwrap();
            let file = linux.open("/file", READ_WRITE, 0).unwrap();
            assert_eq!(lock(linux, file, SET, WRITE), Err(AGAIN));
            linux.open("/tried", CREATE, 0o600).unwrap();
        })
        .scarlet("/init", |scarlet| {
            let flags = EnvironmentFlags::OWN_PROCESSES.bits();
            for program in ["/holder", "/taker"] {
                let environment = scarlet.create_environment(flags, 0, 0).unwrap();
                give_root(scarlet, environment);
                scarlet.spawn_inside(program, Some(environment)).unwrap();
            }
            for _ in 0..2 {
                let (_, kind, value) = scarlet.wait().unwrap();
                assert_eq!((kind, value), (EXITED, 0));
            }
        })
        .check();
}
