//! Ring 2: threads that share a handle table, and close or replace what another is using.
//!
//! A call that has found its file keeps it, whatever becomes of the slot; a file lives exactly as
//! long as a slot or a call holds it. A reference too many shows as a pipe whose end never comes (the
//! machine then stands still, which is reported), one too few as a call on a file that is gone.

use testkit::System;
use testkit::linux::{Linux, number};

/// Memory, place, files, actions and process are shared.
const THREAD: usize = 0x100 | 0x200 | 0x400 | 0x800 | 0x1_0000 | 0x4_0000;

const BAD_DESCRIPTOR: i32 = 9;

fn thread(linux: &mut Linux<'_>, body: impl FnOnce(&mut Linux<'_>) + 'static) {
    let stack = linux.map(16384, false).unwrap() + 16384;
    linux.clone(THREAD, stack, body).unwrap();
}

/// Waits until `count` threads have each called [`done`] on the word at `address`.
fn wait_for(linux: &mut Linux<'_>, address: usize, count: usize) {
    while (0..count).any(|number| linux.load(address + 4 * number) == 0) {
        linux.call(number::SCHED_YIELD, &[]).unwrap();
    }
}

fn done(linux: &mut Linux<'_>, address: usize, number: usize) {
    linux.store(address + 4 * number, 1);
}

#[test]
fn a_read_outlives_the_close_of_its_descriptor() {
    System::new()
        .cpus(3)
        .linux("/init", |linux| {
            let page = linux.map(4096, false).unwrap();
            let (read, write) = linux.pipe(0).unwrap();
            thread(linux, move |reader| {
                // Closed before it looked, or read in spite of it.
                match reader.read(read, 8) {
                    Ok(bytes) => assert_eq!(bytes, b"late"),
                    Err(error) => assert_eq!(error, BAD_DESCRIPTOR),
                }
                done(reader, page, 0);
            });
            linux.user.compute(10);
            linux.close(read).unwrap();
            assert_eq!(linux.read(read, 1), Err(BAD_DESCRIPTOR));
            // SIGPIPE would end everything if the reader was too late.
            linux.set_action(13, 1, 0).unwrap();
            match linux.write(write, b"late") {
                Ok(count) => assert_eq!(count, 4),
                Err(error) => assert_eq!(error, 32),
            }
            wait_for(linux, page, 1);
            assert_eq!(linux.write(write, b"x"), Err(32));
        })
        .check();
}

#[test]
fn a_busy_descriptor_is_replaced_whole() {
    const WRITES: usize = 12;
    System::new()
        .cpus(4)
        .linux("/init", |linux| {
            let page = linux.map(4096, false).unwrap();
            let (first, to_first) = linux.pipe(0).unwrap();
            let (second, to_second) = linux.pipe(0).unwrap();
            let shared = 20;
            linux.dup_to(to_first, shared).unwrap();
            for number in 0..2 {
                thread(linux, move |writer| {
                    for _ in 0..WRITES {
                        assert_eq!(writer.write(shared, &[7]), Ok(1));
                    }
                    done(writer, page, number);
                });
            }
            thread(linux, move |changer| {
                for _ in 0..6 {
                    changer.dup_to(to_second, shared).unwrap();
                    changer.dup_to(to_first, shared).unwrap();
                }
                done(changer, page, 2);
            });
            wait_for(linux, page, 3);
            for descriptor in [shared, to_first, to_second] {
                linux.close(descriptor).unwrap();
            }
            // Each byte went into one of the two, and both have an end: nobody holds them any more.
            let first = linux.read_all(first, 100).unwrap();
            let second = linux.read_all(second, 100).unwrap();
            assert_eq!(first.len() + second.len(), 2 * WRITES);
        })
        .check();
}

#[test]
fn openers_and_closers_share_the_lowest_slots() {
    System::new()
        .cpus(4)
        .linux("/init", |linux| {
            let page = linux.map(4096, false).unwrap();
            for number in 0..3 {
                thread(linux, move |worker| {
                    for round in 0..6u8 {
                        let (read, write) = worker.pipe(0).unwrap();
                        let text = [number as u8, round];
                        assert_eq!(worker.write(write, &text), Ok(2));
                        worker.close(write).unwrap();
                        // What comes out is what this thread put in, and then the end.
                        assert_eq!(worker.read_all(read, 10).unwrap(), text);
                        worker.close(read).unwrap();
                    }
                    done(worker, page, number);
                });
            }
            wait_for(linux, page, 3);
            // All slots are free again: the lowest are given out once more.
            let (read, write) = linux.pipe(0).unwrap();
            let (later, _) = linux.pipe(0).unwrap();
            assert!(read < write && write < later && later <= 3 + 2);
        })
        .check();
}

#[test]
fn everybody_closes_the_same_descriptor_and_one_succeeds() {
    System::new()
        .cpus(4)
        .linux("/init", |linux| {
            let page = linux.map(4096, false).unwrap();
            let (read, write) = linux.pipe(0).unwrap();
            for number in 0..3 {
                thread(linux, move |closer| {
                    match closer.close(write) {
                        Ok(_) => closer.store(page + 64 + 4 * number, 1),
                        Err(error) => assert_eq!(error, BAD_DESCRIPTOR),
                    }
                    done(closer, page, number);
                });
            }
            assert_eq!(linux.read(read, 1), Ok(Vec::new()));
            wait_for(linux, page, 3);
            let closed: u32 = (0..3).map(|n| linux.load(page + 64 + 4 * n)).sum();
            assert_eq!(closed, 1);
        })
        .check();
}
