//! Ring 2: fork, exec, wait, exit, threads.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use testkit::System;
use testkit::linux::{Ended, number};
use testkit::system::{linux, scarlet, xv6};

#[test]
fn a_linux_program_says_hello() {
    System::new()
        .linux("/init", |linux| linux.say("hello\n"))
        .check_output(|text| assert!(text.contains("hello"), "{text}"));
}

#[test]
fn linux_fork_and_wait() {
    linux(|linux| {
        let child = linux.fork(|child| child.exit(7)).unwrap();
        assert_eq!(linux.wait(), Ok((child, Ended::Exited(7))));
        assert_eq!(linux.wait(), Err(10));
    });
}

#[test]
fn xv6_fork_and_wait() {
    xv6(|xv6| {
        let child = xv6.fork(|child| child.exit(3)).unwrap();
        assert_eq!(xv6.wait(), Some((child, 3)));
        assert_eq!(xv6.wait(), None);
    });
}

#[test]
fn scarlet_fork_and_wait() {
    scarlet(|scarlet| {
        let child = scarlet.fork(|child| child.exit(5)).unwrap();
        assert_eq!(scarlet.wait(), Ok((child, scarlet_abi::process::EXITED, 5)));
    });
}

#[test]
fn memory_is_copied_when_it_is_written() {
    linux(|linux| {
        let page = linux.map(8192, false).unwrap();
        linux.store(page, 1);
        linux.store(page + 4096, 2);
        let child = linux
            .fork(move |child| {
                assert_eq!((child.load(page), child.load(page + 4096)), (1, 2));
                child.store(page, 10);
                child.user.compute(5);
                assert_eq!(child.load(page), 10);
            })
            .unwrap();
        linux.user.compute(3);
        linux.store(page + 4096, 20);
        assert_eq!(linux.wait(), Ok((child, Ended::Exited(0))));
        assert_eq!((linux.load(page), linux.load(page + 4096)), (1, 20));
    });
}

#[test]
fn shared_memory_is_shared() {
    linux(|linux| {
        let page = linux.map(4096, true).unwrap();
        let child = linux.fork(move |child| child.store(page, 99)).unwrap();
        assert_eq!(linux.wait(), Ok((child, Ended::Exited(0))));
        assert_eq!(linux.load(page), 99);
    });
}

#[test]
fn every_child_is_waited_for_once() {
    System::new()
        .cpus(4)
        .linux("/init", |linux| {
            let mut children: Vec<usize> = (0..8)
                .map(|status| linux.fork(move |child| child.exit(status)).unwrap())
                .collect();
            let mut statuses = Vec::new();
            while let Ok((child, Ended::Exited(status))) = linux.wait() {
                let place = children.iter().position(|known| *known == child).unwrap();
                children.remove(place);
                statuses.push(status);
            }
            statuses.sort_unstable();
            assert!(children.is_empty());
            assert_eq!(statuses, (0..8).collect::<Vec<_>>());
        })
        .check();
}

#[test]
fn who_was_waited_for_is_in_no_table_any_more() {
    const NO_SUCH_PROCESS: i32 = 3;
    linux(|linux| {
        let thread = Rc::new(RefCell::new(None));
        let kept = thread.clone();
        let child = linux
            .fork(move |child| {
                // As somebody has it for a moment who looks for it, or its processor until it is out.
                *kept.borrow_mut() = proc::Task::current();
                child.exit(0)
            })
            .unwrap();
        assert_eq!(linux.wait(), Ok((child, Ended::Exited(0))));
        assert!(thread.borrow().is_some());
        for (call, arguments) in [
            (number::PIDFD_OPEN, [child, 0, 0]),
            (number::TGKILL, [child, child, 0]),
            (number::TKILL, [child, 0, 0]),
            (number::SCHED_GETSCHEDULER, [child, 0, 0]),
        ] {
            assert_eq!(linux.call(call, &arguments), Err(NO_SUCH_PROCESS));
        }
    });
}

#[test]
fn waiting_for_one_child_leaves_the_others() {
    linux(|linux| {
        let first = linux.fork(|child| child.exit(1)).unwrap();
        let second = linux.fork(|child| child.exit(2)).unwrap();
        assert_eq!(
            linux.wait_for(second as isize, 0),
            Ok((second, Ended::Exited(2)))
        );
        assert_eq!(linux.wait_for(second as isize, 0), Err(10));
        assert_eq!(
            linux.wait_for(first as isize, 0),
            Ok((first, Ended::Exited(1)))
        );
    });
}

#[test]
fn waiting_without_hanging() {
    linux(|linux| {
        let (read, write) = linux.pipe(0).unwrap();
        let child = linux
            .fork(move |child| {
                child.close(write).unwrap();
                assert_eq!(child.read(read, 1), Ok(vec![]));
            })
            .unwrap();
        assert_eq!(linux.call(number::WAIT4, &[usize::MAX, 0, 1, 0]), Ok(0));
        linux.close(write).unwrap();
        assert_eq!(linux.wait(), Ok((child, Ended::Exited(0))));
    });
}

#[test]
fn orphans_go_to_the_first_process() {
    linux(|linux| {
        let (read, write) = linux.pipe(0).unwrap();
        let middle = linux
            .fork(move |middle| {
                middle
                    .fork(move |orphan| {
                        orphan.close(write).unwrap();
                        assert_eq!(orphan.read(read, 1), Ok(vec![]));
                        while orphan.call(number::GETPPID, &[]) != Ok(1) {
                            orphan.call(number::SCHED_YIELD, &[]).unwrap();
                        }
                        orphan.exit(42);
                    })
                    .unwrap();
            })
            .unwrap();
        assert_eq!(
            linux.wait_for(middle as isize, 0),
            Ok((middle, Ended::Exited(0)))
        );
        linux.close(write).unwrap();
        let (orphan, ended) = linux.wait().unwrap();
        assert!(orphan != middle && ended == Ended::Exited(42));
    });
}

#[test]
fn exec_keeps_handles_and_the_process() {
    System::new()
        .linux("/init", |linux| {
            let (read, write) = linux.pipe(0).unwrap();
            let child = linux
                .fork(move |child| {
                    child.dup_to(write, 9).unwrap();
                    child.exec("/second", &["second", "argument"]).unwrap();
                })
                .unwrap();
            linux.close(write).unwrap();
            let message = linux.read_all(read, 100).unwrap();
            assert_eq!(String::from_utf8(message), Ok(format!("{child}: argument")));
            assert_eq!(linux.wait(), Ok((child, Ended::Exited(0))));
        })
        .linux("/second", |linux| {
            let stack = linux.user.stack_pointer();
            assert_eq!(testkit::memory::word64(linux.user, stack), 2);
            let argument = testkit::memory::word64(linux.user, stack + 16) as usize;
            let argument = testkit::memory::string(linux.user, argument);
            let process = linux.getpid();
            linux
                .write(9, format!("{process}: {argument}").as_bytes())
                .unwrap();
        })
        .check();
}

#[test]
fn exec_of_nothing_changes_nothing() {
    System::new()
        .file("/text", b"not a program")
        .file("/cut", b"\x7fELF\x02\x01\x01")
        .linux("/init", |linux| {
            let page = linux.map(4096, false).unwrap();
            linux.store(page, 5);
            assert_eq!(linux.exec("/missing", &[]), Err(2));
            assert_eq!(linux.exec("/tmp", &[]), Err(13));
            assert_eq!(linux.exec("/text", &["text"]), Err(8));
            assert_eq!(linux.exec("/cut", &["cut"]), Err(8));
            assert_eq!(linux.exec("/text/below", &[]), Err(20));
            assert_eq!(linux.load(page), 5);
        })
        .check();
}

#[test]
fn exec_goes_from_abi_to_abi() {
    System::new()
        .linux("/init", |linux| {
            let (read, write) = linux.pipe(0).unwrap();
            let child = linux
                .fork(move |child| {
                    child.dup_to(write, 5).unwrap();
                    child.exec("/native", &["native"]).unwrap();
                })
                .unwrap();
            linux.close(write).unwrap();
            assert_eq!(linux.read_all(read, 100).unwrap(), b"native xv6 linux");
            assert_eq!(linux.wait(), Ok((child, Ended::Exited(0))));
        })
        .scarlet("/native", |scarlet| {
            scarlet.write(5, b"native ").unwrap();
            let name = testkit::memory::push(scarlet.user, b"/xv6");
            let word = testkit::memory::push(scarlet.user, b"xv6");
            let list = testkit::memory::push_words(scarlet.user, &[word, 3]);
            let mut request = scarlet_abi::process::SpawnRequest {
                size: size_of::<scarlet_abi::process::SpawnRequest>() as u32,
                directory: scarlet_abi::CURRENT_DIRECTORY as u64,
                arguments: list as u64,
                argument_count: 1,
                working_directory: scarlet_abi::CURRENT_DIRECTORY as u64,
                ..Default::default()
            };
            request.path = scarlet_abi::process::Bytes {
                address: name as u64,
                length: 4,
            };
            let record =
                testkit::memory::push(scarlet.user, zerocopy::IntoBytes::as_bytes(&request));
            let failed = scarlet.call(scarlet_abi::Call::Execute, &[record]);
            panic!("it came back: {failed:?}");
        })
        .xv6("/xv6", |xv6| {
            xv6.write(5, b"xv6 ").unwrap();
            xv6.exec("/linux", &["linux"]);
            panic!("it came back");
        })
        .linux("/linux", |linux| {
            linux.write(5, b"linux").unwrap();
        })
        .check();
}

#[test]
fn threads_share_memory_and_the_process_ends_with_them() {
    linux(|linux| {
        const THREAD: usize = 0x100 | 0x200 | 0x400 | 0x800 | 0x1_0000 | 0x4_0000;
        let page = linux.map(4096, false).unwrap();
        let process = linux.getpid();
        for number in 0..3usize {
            let stack = linux.map(16384, false).unwrap() + 16384;
            linux
                .clone(THREAD, stack, move |thread| {
                    assert_eq!(thread.getpid(), process);
                    thread.store(page + 4 * number, number as u32 + 1);
                    let _ = thread.call(number::FUTEX, &[page + 64, 1, 1, 0, 0, 0]);
                })
                .unwrap();
        }
        while (0..3).any(|number| linux.load(page + 4 * number) == 0) {
            linux.call(number::SCHED_YIELD, &[]).unwrap();
        }
        assert_eq!(linux.wait(), Err(10));
    });
}

#[test]
fn exit_group_ends_sleeping_threads() {
    linux(|linux| {
        const THREAD: usize = 0x100 | 0x200 | 0x400 | 0x800 | 0x1_0000 | 0x4_0000;
        let child = linux
            .fork(|child| {
                let stack = child.map(16384, false).unwrap() + 16384;
                let word = child.map(4096, false).unwrap();
                child
                    .clone(THREAD, stack, move |thread| {
                        let _ = thread.call(number::FUTEX, &[word, 0, 0, 0, 0, 0]);
                        unreachable!("nobody wakes it");
                    })
                    .unwrap();
                child.user.compute(20);
                child.exit(6);
            })
            .unwrap();
        assert_eq!(linux.wait(), Ok((child, Ended::Exited(6))));
    });
}

#[test]
fn a_futex_wakes_who_sleeps_on_it() {
    System::new()
        .cpus(3)
        .linux("/init", |linux| {
            const THREAD: usize = 0x100 | 0x200 | 0x400 | 0x800 | 0x1_0000 | 0x4_0000;
            let page = linux.map(4096, false).unwrap();
            for _ in 0..2 {
                let stack = linux.map(16384, false).unwrap() + 16384;
                linux
                    .clone(THREAD, stack, move |thread| {
                        while thread.load(page) == 0 {
                            let slept = thread.call(number::FUTEX, &[page, 0, 0, 0, 0, 0]);
                            assert!(matches!(slept, Ok(0) | Err(11 | 4)), "{slept:?}");
                        }
                        let done = thread.load(page + 8);
                        thread.store(page + 8, done + 1);
                    })
                    .unwrap();
            }
            linux.user.compute(10);
            linux.store(page, 1);
            linux.call(number::FUTEX, &[page, 1, 100, 0, 0, 0]).unwrap();
            while linux.load(page + 8) == 0 {
                linux.call(number::SCHED_YIELD, &[]).unwrap();
            }
        })
        .check();
}

#[test]
fn a_program_that_faults_is_killed_and_its_parent_told() {
    linux(|linux| {
        let child = linux
            .fork(|child| {
                child.load(0x1234_5000);
                unreachable!("nothing is there");
            })
            .unwrap();
        assert_eq!(linux.wait(), Ok((child, Ended::Killed(11))));
        let child = linux.fork(|child| child.user.illegal()).unwrap();
        assert_eq!(linux.wait(), Ok((child, Ended::Killed(4))));
        let child = linux.fork(|child| child.user.breakpoint()).unwrap();
        assert_eq!(linux.wait(), Ok((child, Ended::Killed(5))));
    });
}

#[test]
fn programs_share_the_cpu_although_they_never_sleep() {
    System::new()
        .cpus(1)
        .linux("/init", |linux| {
            let page = linux.map(4096, true).unwrap();
            let child = linux
                .fork(move |child| {
                    child.store(page, 1);
                    while child.load(page) == 1 {
                        child.user.compute(10);
                    }
                })
                .unwrap();
            while linux.load(page) == 0 {
                linux.user.compute(10);
            }
            linux.store(page, 2);
            assert_eq!(linux.wait(), Ok((child, Ended::Exited(0))));
        })
        .check();
}

#[test]
fn a_vanished_program_ends_well_in_the_middle_of_everything() {
    // The first process ends while others are in the middle of whatever they do.
    System::new()
        .cpus(3)
        .linux("/init", |linux| {
            let (read, write) = linux.pipe(0).unwrap();
            for _ in 0..3 {
                linux
                    .fork(move |child| {
                        let rounds = Cell::new(0);
                        loop {
                            rounds.set(rounds.get() + 1);
                            let _ = child.write(write, &[0; 300]);
                            let _ = child.read(read, 200);
                            let grandchild = child.fork(|grandchild| grandchild.exit(1));
                            if grandchild.is_ok() {
                                let _ = child.wait();
                            }
                        }
                    })
                    .unwrap();
            }
            linux.user.compute(200);
        })
        .check();
}
