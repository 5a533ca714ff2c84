//! Ring 2: leases under many schedules: against opening, closing, exec, fork, dup and the end of the holder.

use std::cell::Cell;
use std::rc::Rc;
use testkit::System;
use testkit::linux::{Answer, Ended, Linux, number};
use testkit::system::linux;

const CREATE: usize = 0o100 | 2;
const WRITE_ONLY: usize = 1;
const READ_WRITE: usize = 2;
const NONBLOCK: usize = 0o4000;
const CLOSE_ON_EXEC: usize = 0o2_000_000;

const SET_LEASE: usize = 1024;
const GET_LEASE: usize = 1025;
const READ_LEASE: usize = 0;
const WRITE_LEASE: usize = 1;
const NO_LEASE: usize = 2;

const AGAIN: i32 = 11;
/// `SIGIO`.
const ASKED: usize = 29;
const IGNORED: usize = 1;

fn set(linux: &mut Linux<'_>, file: usize, lease: usize) -> Answer<usize> {
    linux.call(number::FCNTL, &[file, SET_LEASE, lease])
}

fn get(linux: &mut Linux<'_>, file: usize) -> usize {
    linux.call(number::FCNTL, &[file, GET_LEASE]).unwrap()
}

/// Makes a file and takes a lease on it; the signal is ignored unless something else is said.
fn hold(linux: &mut Linux<'_>, flags: usize, lease: usize) -> usize {
    linux.set_action(ASKED, IGNORED, 0).unwrap();
    let made = linux.open("/file", CREATE, 0o600).unwrap();
    linux.close(made).unwrap();
    let file = linux.open("/file", flags, 0).unwrap();
    set(linux, file, lease).unwrap();
    file
}

/// Another process opens the file, which waits for the lease, while `meanwhile` goes on; the holder is told.
fn broken(linux: &mut Linux<'_>, held: usize, meanwhile: impl FnOnce(&mut Linux<'_>)) {
    let opener = linux.fork(move |opener| {
        // Its own copy does not keep the lease.
        opener.close(held).unwrap();
        opener.open("/file", WRITE_ONLY, 0).unwrap();
    });
    meanwhile(linux);
    let (_, ended) = linux.wait_for(opener.unwrap() as isize, 0).unwrap();
    assert_eq!(ended, Ended::Exited(0));
}

#[test]
fn who_waits_for_a_lease_gets_the_file_however_it_is_given_back() {
    linux(|linux| {
        let file = hold(linux, READ_WRITE, WRITE_LEASE);
        broken(linux, file, |linux| assert_eq!(linux.close(file), Ok(0)));
        let file = hold(linux, READ_WRITE, WRITE_LEASE);
        broken(linux, file, |linux| {
            assert!(set(linux, file, NO_LEASE).is_ok())
        });
        linux.close(file).unwrap();
        let file = hold(linux, 0, READ_LEASE);
        broken(linux, file, |linux| {
            assert_eq!(linux.dup_to(2, file), Ok(file))
        });
        // With the last of two descriptors only.
        let file = hold(linux, 0, READ_LEASE);
        let second = linux.call(number::DUP, &[file]).unwrap();
        broken(linux, file, |linux| {
            linux.close(file).unwrap();
            let lease = get(linux, second);
            assert!(lease == READ_LEASE || lease == NO_LEASE);
            linux.close(second).unwrap();
        });
    });
}

#[test]
fn a_lease_ends_with_its_holder_and_with_exec_but_not_with_one_of_two_processes() {
    System::new()
        .linux("/other", |_| ())
        .linux("/init", |linux| {
            for ending in 0..3 {
                let (read, write) = linux.pipe(0).unwrap();
                let (go_on, told) = linux.pipe(CLOSE_ON_EXEC).unwrap();
                let holder = linux.fork(move |holder| {
                    hold(holder, READ_WRITE | CLOSE_ON_EXEC, WRITE_LEASE);
                    holder.write(write, b"x").unwrap();
                    match ending {
                        0 => drop(holder.exec("/other", &["other"])),
                        1 => holder.exit(0),
                        _ => {
                            // The lease is the child's as well.
                            holder
                                .fork(move |child| {
                                    child.read(go_on, 1).unwrap();
                                })
                                .unwrap();
                        }
                    }
                });
                linux.read(read, 1).unwrap();
                if ending == 2 {
                    linux.wait_for(holder.unwrap() as isize, 0).unwrap();
                    let opened = linux.open("/file", NONBLOCK, 0);
                    assert_eq!(opened, Err(AGAIN), "the child keeps it");
                    linux.write(told, b"x").unwrap();
                }
                linux.open("/file", WRITE_ONLY, 0).unwrap();
                while linux.wait().is_ok() {}
                linux.unlink("/file").unwrap();
            }
        })
        .check();
}

#[test]
fn nobody_else_has_the_file_open_while_somebody_has_a_write_lease() {
    const TURNS: usize = 6;
    linux(|linux| {
        linux.set_action(ASKED, IGNORED, 0).unwrap();
        let shared = linux.map(4096, true).unwrap();
        let file = linux.open("/file", CREATE, 0o600).unwrap();
        linux.close(file).unwrap();
        for (flags, open) in [(0, shared), (WRITE_ONLY, shared + 4)] {
            linux
                .fork(move |opener| {
                    for _ in 0..TURNS {
                        let file = opener.open("/file", flags, 0).unwrap();
                        opener.store(open, 1);
                        opener.call(number::SCHED_YIELD, &[]).unwrap();
                        opener.store(open, 0);
                        opener.close(file).unwrap();
                    }
                })
                .unwrap();
        }
        let file = linux.open("/file", 0, 0).unwrap();
        for turn in 0..2 * TURNS {
            let by_way_of_reading = turn % 2 == 0 && set(linux, file, READ_LEASE).is_ok();
            if by_way_of_reading {
                linux.call(number::SCHED_YIELD, &[]).unwrap();
            }
            if set(linux, file, WRITE_LEASE).is_ok() && get(linux, file) == WRITE_LEASE {
                let open = [linux.load(shared), linux.load(shared + 4)];
                assert_eq!(open, [0, 0], "somebody has it open");
            }
            let _ = set(linux, file, NO_LEASE);
            linux.call(number::SCHED_YIELD, &[]).unwrap();
        }
        linux.close(file).unwrap();
        while linux.wait().is_ok() {}
    });
}

#[test]
fn the_holder_is_told_once_and_time_ends_what_nobody_gives_back() {
    linux(|linux| {
        let file = hold(linux, READ_WRITE, WRITE_LEASE);
        let count = Rc::new(Cell::new(0));
        let inner = count.clone();
        linux
            .on_signal(ASKED, 0, move |_, _| inner.set(inner.get() + 1))
            .unwrap();
        for flags in [0, WRITE_ONLY] {
            linux
                .fork(move |opener| {
                    opener.close(file).unwrap();
                    opener.open("/file", flags, 0).unwrap();
                })
                .unwrap();
        }
        let mut ended = 0;
        while ended < 2 {
            // Being told may come while it waits.
            match linux.wait() {
                Ok((_, status)) => {
                    assert_eq!(status, Ended::Exited(0));
                    ended += 1;
                }
                Err(error) => assert_eq!(error, 4),
            }
        }
        assert!((1..=2).contains(&count.get()), "told {} times", count.get());
        assert_eq!(get(linux, file), NO_LEASE);
    });
}

#[test]
fn what_the_holder_has_mapped_is_not_somebody_else() {
    linux(|linux| {
        let file = hold(linux, READ_WRITE, WRITE_LEASE);
        set(linux, file, NO_LEASE).unwrap();
        linux.call(number::FTRUNCATE, &[file, 4096]).unwrap();
        let map =
            |linux: &mut Linux<'_>| linux.call(number::MMAP, &[0, 4096, 3, 1, file, 0]).unwrap();
        let (first, second) = (map(linux), map(linux));
        assert_eq!(set(linux, file, WRITE_LEASE), Ok(0));
        set(linux, file, NO_LEASE).unwrap();
        linux.call(number::MUNMAP, &[first, 4096]).unwrap();
        // A mapping is as good as an open file for everybody else, also when its file has been closed.
        assert_eq!(linux.close(file), Ok(0));
        let other = linux.open("/file", 0, 0).unwrap();
        assert_eq!(set(linux, other, READ_LEASE), Err(AGAIN));
        linux.call(number::MUNMAP, &[second, 4096]).unwrap();
        assert_eq!(set(linux, other, READ_LEASE), Ok(0));
    });
}
