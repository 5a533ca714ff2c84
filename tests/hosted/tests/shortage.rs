//! Ring 2: address spaces, and what happens when memory runs out.

use testkit::System;
use testkit::linux::{Ended, number};
use testkit::memory::bytes;
use testkit::system::{linux, xv6};

#[test]
fn fresh_memory_is_zero_and_returns_to_nothing() {
    linux(|linux| {
        let area = linux.map(5 * 4096, false).unwrap();
        for page in 0..5 {
            assert_eq!(linux.load(area + page * 4096), 0);
            linux.store(area + page * 4096, 7);
        }
        linux.unmap(area + 4096, 4096).unwrap();
        assert_eq!(linux.load(area), 7);
        let child = linux
            .fork(move |child| {
                child.load(area + 4096);
                unreachable!("it was unmapped");
            })
            .unwrap();
        assert_eq!(linux.wait(), Ok((child, Ended::Killed(11))));
        assert_eq!(linux.load(area + 8192), 7);
    });
}

#[test]
fn protection_is_enforced_at_once_on_every_cpu() {
    System::new()
        .cpus(3)
        .linux("/init", |linux| {
            const THREAD: usize = 0x100 | 0x200 | 0x400 | 0x800 | 0x1_0000 | 0x4_0000;
            let page = linux.map(4096, false).unwrap();
            let child = linux
                .fork(move |child| {
                    let stack = child.map(16384, false).unwrap() + 16384;
                    child
                        .clone(THREAD, stack, move |thread| {
                            for number in 0.. {
                                thread.store(page, number);
                            }
                        })
                        .unwrap();
                    child.user.compute(10);
                    child.call(number::MPROTECT, &[page, 4096, 1]).unwrap();
                    let seen = child.load(page);
                    for _ in 0..100 {
                        assert_eq!(child.load(page), seen, "nobody writes any more");
                    }
                    child.exit(0);
                })
                .unwrap();
            let (ended, how) = linux.wait().unwrap();
            assert_eq!(ended, child);
            assert!(
                matches!(how, Ended::Killed(11) | Ended::Exited(0)),
                "{how:?}"
            );
        })
        .check();
}

#[test]
fn unmapping_under_the_feet_of_a_thread() {
    System::new()
        .cpus(2)
        .linux("/init", |linux| {
            const THREAD: usize = 0x100 | 0x200 | 0x400 | 0x800 | 0x1_0000 | 0x4_0000;
            let child = linux
                .fork(|child| {
                    let page = child.map(4096, false).unwrap();
                    let stack = child.map(16384, false).unwrap() + 16384;
                    child
                        .clone(THREAD, stack, move |thread| {
                            loop {
                                thread.load(page);
                            }
                        })
                        .unwrap();
                    child.unmap(page, 4096).unwrap();
                    // However late the thread comes to run: its fault ends the process.
                    loop {
                        child.sleep_ns(1_000_000).unwrap();
                    }
                })
                .unwrap();
            assert_eq!(linux.wait(), Ok((child, Ended::Killed(11))));
        })
        .check();
}

#[test]
fn the_heap_grows_and_shrinks() {
    linux(|linux| {
        let start = linux.call(number::BRK, &[0]).unwrap();
        assert_eq!(
            linux.call(number::BRK, &[start + 10_000]),
            Ok(start + 10_000)
        );
        linux.store(start + 8192, 5);
        assert_eq!(linux.call(number::BRK, &[start]), Ok(start));
        assert_eq!(
            linux.call(number::BRK, &[start + 10_000]),
            Ok(start + 10_000)
        );
        assert_eq!(linux.load(start + 8192), 0);
    });
}

#[test]
fn xv6_s_heap() {
    xv6(|xv6| {
        let start = xv6.sbrk(8192).unwrap();
        xv6.user.write(start, &[1; 8192]);
        let child = xv6
            .fork(move |child| {
                assert_eq!(bytes(child.user, start + 8000, 10), [1; 10]);
                child.user.write(start, &[2; 100]);
            })
            .unwrap();
        assert_eq!(xv6.wait(), Some((child, 0)));
        assert_eq!(bytes(xv6.user, start, 10), [1; 10]);
        assert_eq!(xv6.sbrk(-8192), Some(start + 8192));
        assert_eq!(xv6.sbrk(0), Some(start));
    });
}

#[test]
fn a_stack_grows_by_itself() {
    linux(|linux| {
        let top = linux.user.stack_pointer();
        for step in 1..20 {
            let address = (top - step * 4096) & !15;
            linux.user.set_stack_pointer(address);
            linux.store(address, step as u32);
        }
        linux.user.set_stack_pointer(top);
    });
}

#[test]
fn memory_can_run_out_and_comes_back() {
    System::new()
        .memory(8 << 20)
        .command_line("loglevel=0")
        .linux("/init", |linux| {
            for _ in 0..2 {
                let child = linux
                    .fork(|child| {
                        let area = match child.map(64 << 20, false) {
                            Ok(area) => area,
                            Err(12) => return,
                            other => panic!("{other:?}"),
                        };
                        for page in 0.. {
                            child.store(area + page * 4096, 1);
                        }
                    })
                    .unwrap();
                let (ended, how) = linux.wait().unwrap();
                assert_eq!(ended, child);
                assert!(
                    matches!(how, Ended::Killed(_) | Ended::Exited(0)),
                    "{how:?}"
                );
            }
            let area = linux.map(100 * 4096, false).unwrap();
            for page in 0..100 {
                linux.store(area + page * 4096, 1);
            }
        })
        .check();
}

#[test]
fn many_eat_at_once_and_somebody_survives() {
    System::new()
        .memory(8 << 20)
        .cpus(2)
        .steps(20_000_000)
        .command_line("loglevel=0")
        .linux("/init", |linux| {
            for _ in 0..3 {
                linux
                    .fork(|child| {
                        for _ in 0..40 {
                            let Ok(area) = child.map(32 * 4096, false) else {
                                return;
                            };
                            for page in 0..32 {
                                child.store(area + page * 4096, 1);
                            }
                        }
                    })
                    .unwrap();
            }
            for _ in 0..3 {
                linux.wait().unwrap();
            }
            assert_eq!(linux.wait(), Err(10));
            linux.say("still here\n");
        })
        .check_output(|text| assert!(text.contains("still here")));
}

#[test]
fn a_file_system_can_be_full() {
    System::new()
        .memory(8 << 20)
        .command_line("loglevel=0")
        .linux("/init", |linux| {
            let file = linux.open("/tmp/big", 0o102, 0o600).unwrap();
            let page = linux.map(65536, false).unwrap();
            linux.user.write(page, &[1; 4096]);
            let mut written = 0;
            let ended = loop {
                match linux.call(number::WRITE, &[file, page, 65536]) {
                    Ok(count) => written += count,
                    Err(error) => break error,
                }
            };
            assert!(matches!(ended, 12 | 28), "{ended}");
            assert!(written > 1 << 20);
            linux.close(file).unwrap();
            linux.unlink("/tmp/big").unwrap();
            let file = linux.open("/tmp/small", 0o102, 0o600).unwrap();
            assert_eq!(linux.write(file, &[1; 1000]), Ok(1000));
        })
        .check();
}

#[test]
fn a_fork_bomb_ends() {
    System::new()
        .memory(8 << 20)
        .cpus(2)
        .steps(40_000_000)
        .command_line("loglevel=0")
        .linux("/init", |linux| {
            let bomb = linux
                .fork(|bomb| {
                    bomb.call(number::SETPGID, &[0, 0]).unwrap();
                    fn explode(process: &mut testkit::Linux<'_>, depth: usize) {
                        if depth < 6 {
                            for _ in 0..2 {
                                let _ = process.fork(move |child| explode(child, depth + 1));
                            }
                            while process.wait().is_ok() {}
                        }
                    }
                    explode(bomb, 0);
                })
                .unwrap();
            while linux.wait().is_ok() {}
            assert_eq!(linux.kill(-(bomb as isize), 0), Err(3));
        })
        .check();
}
