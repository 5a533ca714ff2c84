//! Ring 2: control events, as Linux signals, xv6 kills and native event streams.

use std::cell::Cell;
use std::rc::Rc;
use testkit::System;
use testkit::linux::{Ended, Linux, number};
use testkit::memory::{push_words, word64};
use testkit::system::{linux, scarlet, xv6};

const USER_1: usize = 10;
const USER_2: usize = 12;
const CHILD: usize = 17;
const RESTART: usize = 0x1000_0000;
const NO_DEFER: usize = 0x4000_0000;
const RESET: usize = 0x8000_0000;

fn bit(signal: usize) -> u64 {
    1 << (signal - 1)
}

#[test]
fn a_handler_runs_and_the_program_goes_on() {
    linux(|linux| {
        let count = Rc::new(Cell::new(0));
        let inner = count.clone();
        linux
            .on_signal(USER_1, 0, move |_, signal| {
                assert_eq!(signal, USER_1);
                inner.set(inner.get() + 1);
            })
            .unwrap();
        let own = linux.getpid() as isize;
        for turn in 1..=3 {
            linux.kill(own, USER_1).unwrap();
            assert_eq!(count.get(), turn);
        }
        assert_eq!(linux.getpid() as isize, own);
    });
}

#[test]
fn a_handler_interrupts_a_read() {
    linux(|linux| {
        let (read, _write) = linux.pipe(0).unwrap();
        linux.on_signal(USER_1, 0, |_, _| ()).unwrap();
        let own = linux.getpid() as isize;
        let child = linux
            .fork(move |child| {
                // The signal may come before the read: it is sent until the read has ended.
                loop {
                    if child.kill(own, USER_1).is_err() {
                        return;
                    }
                    child.sleep_ns(1_000_000).unwrap();
                }
            })
            .unwrap();
        assert_eq!(linux.read(read, 1), Err(4));
        linux.set_action(USER_1, 1, 0).unwrap();
        linux.kill(child as isize, 9).unwrap();
        assert_eq!(linux.wait(), Ok((child, Ended::Killed(9))));
    });
}

#[test]
fn a_restarted_read_gets_its_bytes() {
    linux(|linux| {
        let (read, write) = linux.pipe(0).unwrap();
        let handled = Rc::new(Cell::new(0));
        let inner = handled.clone();
        linux
            .on_signal(USER_1, RESTART, move |_, _| inner.set(inner.get() + 1))
            .unwrap();
        let own = linux.getpid() as isize;
        let child = linux
            .fork(move |child| {
                child.kill(own, USER_1).unwrap();
                child.sleep_ns(1_000_000).unwrap();
                child.kill(own, USER_1).unwrap();
                child.sleep_ns(1_000_000).unwrap();
                child.write(write, b"late").unwrap();
            })
            .unwrap();
        assert_eq!(linux.read(read, 10), Ok(b"late".to_vec()));
        assert_eq!(handled.get(), 2);
        assert_eq!(linux.wait(), Ok((child, Ended::Exited(0))));
    });
}

/// An interruption may reach a thread whose event was dealt with meanwhile, or went to another: the call begins again, and
/// the next signal finds nothing to put back.
#[test]
fn an_interruption_without_an_event_is_nothing() {
    linux(|linux| {
        let (read, write) = linux.pipe(0).unwrap();
        let handled = Rc::new(Cell::new(0));
        let inner = handled.clone();
        linux
            .on_signal(USER_1, RESTART, move |_, _| inner.set(inner.get() + 1))
            .unwrap();
        let child = linux
            .fork(move |child| {
                child.sleep_ns(1_000_000).unwrap();
                child.write(write, b"late").unwrap();
            })
            .unwrap();
        base::thread::current().interrupt();
        assert_eq!(linux.read(read, 10), Ok(b"late".to_vec()));
        base::thread::current().interrupt();
        assert_eq!(linux.wait(), Ok((child, Ended::Exited(0))));
        let own = linux.getpid();
        assert_eq!(linux.kill(own as isize, USER_1), Ok(0));
        assert_eq!((handled.get(), linux.getpid()), (1, own));
    });
}

#[test]
fn a_blocked_signal_waits() {
    linux(|linux| {
        let count = Rc::new(Cell::new(0));
        let inner = count.clone();
        linux
            .on_signal(USER_1, 0, move |_, _| inner.set(inner.get() + 1))
            .unwrap();
        assert_eq!(linux.mask(0, bit(USER_1)), Ok(0));
        let own = linux.getpid() as isize;
        linux.kill(own, USER_1).unwrap();
        linux.kill(own, USER_1).unwrap();
        assert_eq!(count.get(), 0);
        let pending = linux.scoped(|linux| {
            let place = linux.user.allocate(8);
            linux.call(number::RT_SIGPENDING, &[place, 8]).unwrap();
            word64(linux.user, place)
        });
        assert_eq!(pending, bit(USER_1));
        linux.mask(1, bit(USER_1)).unwrap();
        assert_eq!(count.get(), 1, "a plain signal is remembered once");
    });
}

#[test]
fn handlers_nest_only_where_they_may() {
    linux(|linux| {
        let depth = Rc::new((Cell::new(0), Cell::new(0)));
        let inner = depth.clone();
        let own = linux.getpid() as isize;
        let handler = move |linux: &mut testkit::Linux<'_>, _| {
            inner.0.set(inner.0.get() + 1);
            inner.1.set(inner.1.get().max(inner.0.get()));
            if inner.1.get() < 3 && inner.0.get() < 3 {
                linux.kill(own, USER_1).unwrap();
            }
            inner.0.set(inner.0.get() - 1);
        };
        linux.on_signal(USER_1, NO_DEFER, handler).unwrap();
        linux.kill(own, USER_1).unwrap();
        assert_eq!((depth.0.get(), depth.1.get()), (0, 3));
    });
}

#[test]
fn two_signals_run_two_handlers() {
    linux(|linux| {
        let order = Rc::new(std::cell::RefCell::new(Vec::new()));
        for signal in [USER_1, USER_2] {
            let order = order.clone();
            linux
                .on_signal(signal, 0, move |_, signal| order.borrow_mut().push(signal))
                .unwrap();
        }
        linux.mask(0, bit(USER_1) | bit(USER_2)).unwrap();
        let own = linux.getpid() as isize;
        linux.kill(own, USER_2).unwrap();
        linux.kill(own, USER_1).unwrap();
        linux.mask(1, bit(USER_1) | bit(USER_2)).unwrap();
        let mut seen = order.borrow().clone();
        seen.sort_unstable();
        assert_eq!(seen, [USER_1, USER_2]);
    });
}

#[test]
fn a_handler_for_one_time() {
    linux(|linux| {
        let child = linux
            .fork(|child| {
                let own = child.getpid() as isize;
                child.on_signal(USER_1, RESET, |_, _| ()).unwrap();
                child.kill(own, USER_1).unwrap();
                child.kill(own, USER_1).unwrap();
                unreachable!("the second one kills");
            })
            .unwrap();
        assert_eq!(linux.wait(), Ok((child, Ended::Killed(10))));
    });
}

#[test]
fn registers_survive_a_handler_anywhere() {
    System::new()
        .cpus(2)
        .linux("/init", |linux| {
            linux
                .on_signal(USER_1, RESTART, |linux, _| {
                    for register in 5..8 {
                        linux.user.set_register(register, 0xbad);
                    }
                })
                .unwrap();
            let own = linux.getpid() as isize;
            let child = linux
                .fork(move |child| {
                    for _ in 0..10 {
                        child.kill(own, USER_1).unwrap();
                        child.user.compute(5);
                    }
                })
                .unwrap();
            for turn in 0..40 {
                for register in 5..8 {
                    linux.user.set_register(register, turn * register);
                }
                linux.user.compute(5);
                for register in 5..8 {
                    assert_eq!(linux.user.register(register), turn * register);
                }
            }
            assert_eq!(linux.wait(), Ok((child, Ended::Exited(0))));
        })
        .check();
}

#[test]
fn a_fault_can_be_handled() {
    linux(|linux| {
        let page = 0x2000_0000;
        linux
            .on_signal(11, 0, move |linux, _| {
                let mapped = linux.call(number::MMAP, &[page, 4096, 3, 0x32, usize::MAX, 0]);
                assert_eq!(mapped, Ok(page));
            })
            .unwrap();
        assert_eq!(
            linux.load(page),
            0,
            "after the handler the load is made again"
        );
    });
}

#[test]
fn kill_ends_a_program_wherever_it_is() {
    System::new()
        .cpus(3)
        .linux("/init", |linux| {
            let (read, _write) = linux.pipe(0).unwrap();
            for style in 0..4 {
                let child = linux
                    .fork(move |child| match style {
                        0 => loop {
                            child.user.compute(1);
                        },
                        1 => drop(child.read(read, 1)),
                        2 => drop(child.sleep_ns(usize::MAX >> 8)),
                        _ => {
                            let all = push_words(child.user, &[usize::MAX]);
                            let _ = child.call(number::RT_SIGSUSPEND, &[all, 8]);
                        }
                    })
                    .unwrap();
                linux.user.compute(style * 7);
                linux.kill(child as isize, 9).unwrap();
                assert_eq!(linux.wait(), Ok((child, Ended::Killed(9))));
            }
        })
        .check();
}

#[test]
fn stopping_and_continuing() {
    linux(|linux| {
        const UNTRACED: usize = 2;
        const CONTINUED: usize = 8;
        let child = linux
            .fork(|child| {
                loop {
                    child.user.compute(3)
                }
            })
            .unwrap();
        linux.kill(child as isize, 19).unwrap();
        assert_eq!(
            linux.wait_for(-1, UNTRACED),
            Ok((child, Ended::Stopped(19)))
        );
        linux.kill(child as isize, 18).unwrap();
        assert_eq!(linux.wait_for(-1, CONTINUED), Ok((child, Ended::Continued)));
        linux.kill(child as isize, 19).unwrap();
        assert_eq!(
            linux.wait_for(-1, UNTRACED),
            Ok((child, Ended::Stopped(19)))
        );
        linux.kill(child as isize, 9).unwrap();
        assert_eq!(linux.wait(), Ok((child, Ended::Killed(9))));
    });
}

#[test]
fn the_end_of_a_child_is_announced() {
    linux(|linux| {
        let count = Rc::new(Cell::new(0));
        let inner = count.clone();
        linux
            .on_signal(CHILD, RESTART, move |_, _| inner.set(inner.get() + 1))
            .unwrap();
        let child = linux.fork(|_| ()).unwrap();
        assert_eq!(linux.wait(), Ok((child, Ended::Exited(0))));
        linux.getpid();
        assert_eq!(count.get(), 1);
    });
}

#[test]
fn ignoring_children_reaps_them() {
    linux(|linux| {
        linux.set_action(CHILD, 1, 0).unwrap();
        for _ in 0..3 {
            linux.fork(|_| ()).unwrap();
        }
        assert_eq!(linux.wait(), Err(10));
    });
}

#[test]
fn signals_to_nobody_and_to_groups() {
    linux(|linux| {
        assert_eq!(linux.kill(9999, USER_1), Err(3));
        assert_eq!(linux.kill(1, 65), Err(22));
        let leader = linux
            .fork(|child| {
                child.call(number::SETPGID, &[0, 0]).unwrap();
                let own = child.getpid() as isize;
                for _ in 0..2 {
                    child
                        .fork(|member| {
                            loop {
                                member.user.compute(1)
                            }
                        })
                        .unwrap();
                }
                child.kill(-own, 15).unwrap();
                loop {
                    child.user.compute(1);
                }
            })
            .unwrap();
        assert_eq!(
            linux.wait_for(leader as isize, 0),
            Ok((leader, Ended::Killed(15)))
        );
        assert_eq!(linux.wait().unwrap().1, Ended::Killed(15));
        assert_eq!(linux.wait().unwrap().1, Ended::Killed(15));
        assert_eq!(linux.wait(), Err(10));
    });
}

/// Makes children that make children, as long as there is depth left, and then lives on.
fn multiply(linux: &mut Linux<'_>, depth: usize) {
    if depth > 0 {
        for _ in 0..3 {
            let _ = linux.fork(move |child| multiply(child, depth - 1));
        }
    }
    loop {
        linux.user.compute(1);
    }
}

/// Sends `signal` to a group whose members are forking, and expects the whole group to be gone soon.
fn nobody_survives(linux: &mut Linux<'_>, signal: usize) {
    let leader = linux
        .fork(|child| {
            child.call(number::SETPGID, &[0, 0]).unwrap();
            multiply(child, 3);
        })
        .unwrap() as isize;
    let _ = linux.call(number::SETPGID, &[leader as usize, leader as usize]);
    linux.user.compute(40);
    linux.kill(-leader, signal).unwrap();
    let moment = push_words(linux.user, &[0, 50_000_000]);
    linux.call(number::NANOSLEEP, &[moment, 0]).unwrap();
    while let Ok((_, ended)) = linux.wait_for(-1, 1) {
        assert_eq!(ended, Ended::Killed(signal as u32));
    }
    assert_eq!(linux.kill(-leader, 0), Err(3), "a member survived");
}

#[test]
fn a_group_that_multiplies_is_killed_whole() {
    linux(|linux| nobody_survives(linux, 9));
}

#[test]
fn a_group_that_multiplies_is_terminated_whole() {
    linux(|linux| nobody_survives(linux, 15));
}

#[test]
fn suspending_until_a_signal() {
    linux(|linux| {
        linux.on_signal(USER_1, 0, |_, _| ()).unwrap();
        linux.mask(0, bit(USER_1)).unwrap();
        let own = linux.getpid() as isize;
        let child = linux
            .fork(move |child| {
                let _ = child.kill(own, USER_1);
            })
            .unwrap();
        let empty = push_words(linux.user, &[0]);
        assert_eq!(linux.call(number::RT_SIGSUSPEND, &[empty, 8]), Err(4));
        assert_eq!(linux.mask(0, 0), Ok(bit(USER_1)), "the mask is put back");
        assert_eq!(linux.wait(), Ok((child, Ended::Exited(0))));
    });
}

#[test]
fn waiting_for_a_signal_takes_it() {
    linux(|linux| {
        let waiter = linux
            .fork(|linux| {
                linux.mask(0, bit(USER_1)).unwrap();
                let own = linux.getpid() as isize;
                let child = linux
                    .fork(move |child| {
                        let _ = child.kill(own, USER_1);
                    })
                    .unwrap();
                let set = push_words(linux.user, &[bit(USER_1) as usize]);
                assert_eq!(
                    linux.call(number::RT_SIGTIMEDWAIT, &[set, 0, 0, 8]),
                    Ok(USER_1)
                );
                assert_eq!(linux.wait(), Ok((child, Ended::Exited(0))));
                let soon = push_words(linux.user, &[0, 1_000_000]);
                assert_eq!(
                    linux.call(number::RT_SIGTIMEDWAIT, &[set, 0, soon, 8]),
                    Err(11)
                );
            })
            .unwrap();
        assert_eq!(linux.wait(), Ok((waiter, Ended::Exited(0))));
    });
}

#[test]
fn xv6_kill() {
    xv6(|xv6| {
        let (read, _write) = xv6.pipe().unwrap();
        let sleeping = xv6.fork(move |child| drop(child.read(read, 1))).unwrap();
        xv6.kill(sleeping).unwrap();
        assert_eq!(xv6.wait(), Some((sleeping, -1)));
        let running = xv6
            .fork(|child| {
                loop {
                    child.user.compute(1)
                }
            })
            .unwrap();
        xv6.kill(running).unwrap();
        assert_eq!(xv6.wait(), Some((running, -1)));
        assert_eq!(xv6.kill(4242), None);
    });
}

#[test]
fn native_events_are_read_like_bytes() {
    scarlet(|scarlet| {
        use scarlet_abi::{Call, event};
        let receive = event::Action::Receive as usize;
        scarlet
            .call(Call::SetEventAction, &[event::USER_1 as usize, receive])
            .unwrap();
        let stream = scarlet.call(Call::OpenEvents, &[0]).unwrap();
        let child = scarlet
            .fork(|child| {
                child
                    .call(Call::SendEvent, &[1, event::USER_1 as usize])
                    .unwrap();
            })
            .unwrap();
        let record = loop {
            match scarlet.read(stream, size_of::<event::EventRecord>()) {
                Ok(record) => break record,
                Err(error) => {
                    let interrupted = testkit::scarlet::number(scarlet_abi::ErrorCode::Interrupted);
                    assert_eq!(error, interrupted);
                }
            }
        };
        assert_eq!(record[..4], event::USER_1.to_le_bytes());
        assert_eq!(record[4..8], (child as u32).to_le_bytes());
        while scarlet.wait().is_err() {}
    });
}

#[test]
fn timers_of_a_nanosecond_leave_time_for_others() {
    testkit::system::linux(|linux| {
        // SIGALRM is ignored; the interval is a nanosecond, for setitimer a microsecond.
        linux.set_action(14, 1, 0).unwrap();
        let file = linux.call(85, &[1, 0]).unwrap();
        linux.scoped(|linux| {
            let often = testkit::memory::push_words(linux.user, &[0, 1, 0, 1]);
            linux.call(86, &[file, 0, often, 0]).unwrap();
            linux.call(103, &[0, often, 0]).unwrap();
            let timer = testkit::memory::push_words(linux.user, &[0]);
            linux.call(107, &[1, 0, timer]).unwrap();
            linux.call(110, &[0, 0, often, 0]).unwrap();
        });
        linux.sleep_ns(1_000_000).unwrap();
        let turns = linux.read(file, 8).unwrap();
        let turns = u64::from_le_bytes(turns.try_into().unwrap());
        assert!(turns > 500_000, "all turns are counted: {turns}");
    });
}

#[test]
fn who_computes_alone_on_a_cpu_hears_of_its_end() {
    System::new()
        .cpus(4)
        .linux("/init", |linux| {
            for _ in 0..3 {
                let child = linux
                    .fork(|child| {
                        loop {
                            child.user.compute(1);
                        }
                    })
                    .unwrap();
                linux.sleep_ns(3_000_000).unwrap();
                linux.kill(child as isize, 9).unwrap();
                assert_eq!(linux.wait(), Ok((child, Ended::Killed(9))));
            }
        })
        .check();
}

#[test]
fn who_is_killed_while_it_waits_for_a_cpu_does_not_compute_on() {
    System::new()
        .cpus(3)
        .linux("/init", |linux| {
            for _ in 0..3 {
                let mut children = Vec::new();
                for _ in 0..5 {
                    let child = linux.fork(|child| {
                        loop {
                            child.user.compute(1);
                        }
                    });
                    children.push(child.unwrap());
                }
                linux.sleep_ns(1_000_000).unwrap();
                for child in &children {
                    linux.kill(*child as isize, 9).unwrap();
                }
                for _ in &children {
                    let (_, ended) = linux.wait().unwrap();
                    assert_eq!(ended, Ended::Killed(9));
                }
            }
        })
        .check();
}
