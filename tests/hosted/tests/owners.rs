//! Ring 2: O_ASYNC: who is told of pipes, while their ends are written, read, replaced and closed by several.

use testkit::System;
use testkit::linux::{Linux, number};

const SET_FLAGS: usize = 4;
const SET_OWNER: usize = 8;
const ASYNC: usize = 0o20_000;
const NONBLOCK: usize = 0o4_000;
const CLOSE_ON_EXEC: usize = 0o2_000_000;
const CLOSE_RANGE: usize = 436;
const TOLD: usize = 29;
const PIPE: usize = 13;
const IGNORED: usize = 1;
const THREAD: usize = 0x100 | 0x200 | 0x400 | 0x800 | 0x1_0000 | 0x4_0000;

/// A pipe whose ends tell `owner`, a process or, negative, a group.
fn told_pipe(linux: &mut Linux<'_>, owner: isize, flags: usize) -> (usize, usize) {
    let (read, write) = linux.pipe(flags | NONBLOCK).unwrap();
    for end in [read, write] {
        let fcntl = |linux: &mut Linux<'_>, command, argument| {
            linux.call(number::FCNTL, &[end, command, argument])
        };
        fcntl(linux, SET_OWNER, owner as usize).unwrap();
        fcntl(linux, SET_FLAGS, ASYNC | NONBLOCK).unwrap();
    }
    (read, write)
}

fn thread(linux: &mut Linux<'_>, body: impl FnOnce(&mut Linux<'_>) + 'static) {
    let stack = linux.map(16384, false).unwrap() + 16384;
    linux.clone(THREAD, stack, body).unwrap();
}

#[test]
fn ends_go_while_their_owners_are_told() {
    System::new()
        .linux("/after", |_| ())
        .linux("/init", |linux| {
            linux.set_action(TOLD, IGNORED, 0).unwrap();
            linux.set_action(PIPE, IGNORED, 0).unwrap();
            let own = linux.getpid() as isize;
            let (done, tell) = linux.pipe(0).unwrap();
            let group = linux.call(number::GETPGID, &[0]).unwrap() as isize;
            let (read, write) = told_pipe(linux, -group, 0);
            // One who runs another program, one who ends, each with both ends.
            for ending in 0..2 {
                linux
                    .fork(move |child| {
                        told_pipe(child, own, CLOSE_ON_EXEC);
                        let _ = child.write(write, b"from a child");
                        let _ = child.read(read, 3);
                        if ending == 0 {
                            child.exec("/after", &["after"]).unwrap();
                        }
                    })
                    .unwrap();
            }
            let (first, second) = told_pipe(linux, own, 0);
            thread(linux, move |thread| {
                for _ in 0..4 {
                    let _ = thread.write(second, &[7; 5000]);
                    let _ = thread.read(first, 4000);
                }
                // Whichever of the two comes first.
                let _ = thread.dup_to(done, second);
                thread.write(tell, b"x").unwrap();
            });
            thread(linux, move |thread| {
                for flags in [NONBLOCK, ASYNC | NONBLOCK, NONBLOCK] {
                    let _ = thread.call(number::FCNTL, &[first, SET_FLAGS, flags]);
                    let _ = thread.write(write, b"more");
                }
                thread.call(CLOSE_RANGE, &[first, first, 0]).unwrap();
                thread.write(tell, b"x").unwrap();
            });
            let mut ended = 0;
            while ended < 2 {
                ended += linux.read(done, 2).unwrap().len();
            }
            linux.close(second).unwrap();
            for _ in 0..2 {
                linux.wait().unwrap();
            }
            linux.close(write).unwrap();
            while !linux.read(read, 100).unwrap().is_empty() {}
        })
        .check();
}
