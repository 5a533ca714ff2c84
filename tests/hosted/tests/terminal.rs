//! Ring 2: the console as a terminal, sessions and job control.

use testkit::System;
use testkit::linux::{Ended, number};
use testkit::memory::{push, push_words};

const TIOCSCTTY: usize = 0x540e;
const TIOCGPGRP: usize = 0x540f;
const TIOCSPGRP: usize = 0x5410;
const TIOCGWINSZ: usize = 0x5413;
const TIOCSWINSZ: usize = 0x5414;
const TCGETS: usize = 0x5401;
const TCSETS: usize = 0x5402;
const UNTRACED: usize = 2;

#[test]
fn a_line_is_read_when_it_is_finished() {
    System::new()
        .types(&["hel", "lo\n", "second\n"])
        .linux("/init", |linux| {
            assert_eq!(linux.read(0, 100), Ok(b"hello\n".to_vec()));
            assert_eq!(linux.read(0, 3), Ok(b"sec".to_vec()));
            assert_eq!(linux.read(0, 100), Ok(b"ond\n".to_vec()));
        })
        .check_output(|text| assert!(text.contains("hello\r\nsecond\r\n"), "{text:?}"));
}

#[test]
fn lines_are_edited_before_they_are_read() {
    System::new()
        .types(&["helx\x7flo\n", "wrong\x15right\n", "one two\x17three\n"])
        .linux("/init", |linux| {
            assert_eq!(linux.read(0, 100), Ok(b"hello\n".to_vec()));
            assert_eq!(linux.read(0, 100), Ok(b"right\n".to_vec()));
            assert_eq!(linux.read(0, 100), Ok(b"one three\n".to_vec()));
        })
        .check();
}

#[test]
fn the_end_of_input() {
    System::new()
        .types(&["part\x04", "\x04"])
        .linux("/init", |linux| {
            assert_eq!(linux.read(0, 100), Ok(b"part".to_vec()));
            assert_eq!(linux.read(0, 100), Ok(vec![]));
        })
        .check();
}

fn modes(linux: &mut testkit::Linux<'_>, change: impl Fn(&mut [u8])) {
    let place = linux.user.allocate(64);
    linux.call(number::IOCTL, &[0, TCGETS, place]).unwrap();
    let mut settings = testkit::memory::bytes(linux.user, place, 36);
    change(&mut settings);
    linux.user.write(place, &settings);
    linux.call(number::IOCTL, &[0, TCSETS, place]).unwrap();
}

#[test]
fn raw_mode_gives_every_byte_at_once() {
    System::new()
        .types(&["a", "\x03", "\x7f"])
        .linux("/init", |linux| {
            // ICANON, ECHO and ISIG off; VMIN 1.
            modes(linux, |settings| settings[12] &= !(2 | 8 | 1));
            assert_eq!(linux.read(0, 100), Ok(b"a".to_vec()));
            assert_eq!(linux.read(0, 100), Ok(vec![3]));
            assert_eq!(linux.read(0, 100), Ok(vec![0x7f]));
        })
        .check_output(|text| assert!(!text.contains('a'), "{text:?}"));
}

#[test]
fn the_window_has_a_size() {
    System::new()
        .linux("/init", |linux| {
            let size = push(linux.user, &[24, 0, 80, 0, 0, 0, 0, 0]);
            linux.call(number::IOCTL, &[0, TIOCSWINSZ, size]).unwrap();
            linux.user.write(size, &[0; 8]);
            linux.call(number::IOCTL, &[0, TIOCGWINSZ, size]).unwrap();
            assert_eq!(testkit::memory::bytes(linux.user, size, 4), [24, 0, 80, 0]);
            assert_eq!(linux.call(number::IOCTL, &[0, 0xdead, size]), Err(25));
        })
        .check();
}

#[test]
fn output_lines_end_with_carriage_return_and_newline() {
    System::new()
        .linux("/init", |linux| linux.say("a\nb\n"))
        .check_output(|text| assert!(text.ends_with("a\r\nb\r\n"), "{text:?}"));
}

/// Makes the caller the leader of a session whose terminal is the console.
fn lead(linux: &mut testkit::Linux<'_>) {
    match linux.call(number::SETSID, &[]) {
        Ok(_) | Err(1) => (),
        other => panic!("{other:?}"),
    }
    linux.call(number::IOCTL, &[0, TIOCSCTTY, 0]).unwrap();
}

/// Runs `work` as a shell would run: the leader of a session on the console, and not the first
/// process (whose children nobody could continue, if they stopped).
fn as_shell(linux: &mut testkit::Linux<'_>, work: impl FnOnce(&mut testkit::Linux<'_>) + 'static) {
    let shell = linux
        .fork(move |shell| {
            lead(shell);
            shell.set_action(22, 1, 0).unwrap();
            work(shell);
        })
        .unwrap();
    assert_eq!(
        linux.wait_for(shell as isize, 0),
        Ok((shell, Ended::Exited(0)))
    );
}

fn set_foreground(linux: &mut testkit::Linux<'_>, group: usize) -> Result<usize, i32> {
    linux.scoped(|linux| {
        let place = push_words(linux.user, &[group]);
        linux.call(number::IOCTL, &[0, TIOCSPGRP, place])
    })
}

#[test]
fn interrupt_goes_to_the_foreground_group() {
    System::new()
        .types(&["\x03"])
        .linux("/init", |linux| {
            lead(linux);
            let child = linux
                .fork(|child| {
                    child.call(number::SETPGID, &[0, 0]).unwrap();
                    child.set_action(22, 1, 0).unwrap();
                    let own = child.getpid();
                    set_foreground(child, own).unwrap();
                    let _ = child.read(0, 1);
                    unreachable!("^C ends it");
                })
                .unwrap();
            assert_eq!(linux.wait(), Ok((child, Ended::Killed(2))));
            linux.set_action(22, 1, 0).unwrap();
            let own = linux.call(number::GETPGID, &[0]).unwrap();
            set_foreground(linux, own).unwrap();
            let place = linux.user.allocate(8);
            linux.call(number::IOCTL, &[0, TIOCGPGRP, place]).unwrap();
            assert_eq!(linux.load(place) as usize, own);
        })
        .check_output(|text| assert!(text.contains("^C"), "{text:?}"));
}

#[test]
fn stop_and_continue_from_the_terminal() {
    System::new()
        .types(&["\x1a", "line\n"])
        .linux("/init", |linux| {
            as_shell(linux, |shell| {
                let child = shell
                    .fork(|child| {
                        child.call(number::SETPGID, &[0, 0]).unwrap();
                        let own = child.getpid();
                        set_foreground(child, own).unwrap();
                        child.set_action(22, 0, 0).unwrap();
                        assert_eq!(child.read(0, 100), Ok(b"line\n".to_vec()));
                        child.exit(9);
                    })
                    .unwrap();
                assert_eq!(
                    shell.wait_for(-1, UNTRACED),
                    Ok((child, Ended::Stopped(20)))
                );
                shell.kill(-(child as isize), 18).unwrap();
                assert_eq!(shell.wait(), Ok((child, Ended::Exited(9))));
            });
        })
        .check();
}

#[test]
fn a_background_reader_is_stopped() {
    System::new()
        .types(&["late\n"])
        .linux("/init", |linux| {
            as_shell(linux, |shell| {
                let child = shell
                    .fork(|child| {
                        child.call(number::SETPGID, &[0, 0]).unwrap();
                        assert_eq!(child.read(0, 100), Ok(b"late\n".to_vec()));
                    })
                    .unwrap();
                assert_eq!(
                    shell.wait_for(-1, UNTRACED),
                    Ok((child, Ended::Stopped(21)))
                );
                set_foreground(shell, child).unwrap();
                shell.kill(-(child as isize), 18).unwrap();
                assert_eq!(shell.wait(), Ok((child, Ended::Exited(0))));
            });
        })
        .check();
}

#[test]
fn a_background_writer_is_stopped_if_the_terminal_wants_it() {
    System::new()
        .linux("/init", |linux| {
            as_shell(linux, |shell| {
                // TOSTOP
                modes(shell, |settings| settings[13] |= 1);
                shell.set_action(22, 0, 0).unwrap();
                let child = shell
                    .fork(|child| {
                        child.call(number::SETPGID, &[0, 0]).unwrap();
                        child.say("from behind\n");
                    })
                    .unwrap();
                assert_eq!(
                    shell.wait_for(-1, UNTRACED),
                    Ok((child, Ended::Stopped(22)))
                );
                shell.set_action(22, 1, 0).unwrap();
                set_foreground(shell, child).unwrap();
                shell.kill(-(child as isize), 18).unwrap();
                assert_eq!(shell.wait(), Ok((child, Ended::Exited(0))));
            });
        })
        .check_output(|text| assert_eq!(text.matches("from behind").count(), 1, "{text:?}"));
}

#[test]
fn an_orphaned_group_does_not_stop() {
    System::new()
        .linux("/init", |linux| {
            lead(linux);
            let middle = linux
                .fork(|middle| {
                    middle
                        .fork(|orphan| {
                            orphan.call(number::SETPGID, &[0, 0]).unwrap();
                            while orphan.call(number::GETPPID, &[]) != Ok(1) {
                                orphan.call(number::SCHED_YIELD, &[]).unwrap();
                            }
                            // In the background, and nobody left to continue it: an error instead.
                            assert_eq!(orphan.read(0, 1), Err(5));
                            orphan.exit(3);
                        })
                        .unwrap();
                    middle.call(number::SETSID, &[]).ok();
                })
                .unwrap();
            let mut ended = vec![linux.wait().unwrap(), linux.wait().unwrap()];
            ended.retain(|(child, _)| *child != middle);
            assert_eq!(ended[0].1, Ended::Exited(3));
        })
        .check();
}

#[test]
fn a_session_leader_s_end_hangs_up() {
    System::new()
        .linux("/init", |linux| {
            let leader = linux
                .fork(|leader| {
                    lead(leader);
                    leader
                        .fork(|member| {
                            let _ = member.sleep_ns(usize::MAX >> 8);
                            unreachable!("the hang-up ends it");
                        })
                        .unwrap();
                    leader.user.compute(10);
                })
                .unwrap();
            assert_eq!(
                linux.wait_for(leader as isize, 0),
                Ok((leader, Ended::Exited(0)))
            );
            assert_eq!(linux.wait().unwrap().1, Ended::Killed(1));
        })
        .check();
}

#[test]
fn garbage_typed_at_the_console_harms_nothing() {
    System::new()
        .typing(|_, turn| {
            let mut state = turn as u64 + 1;
            (turn < 20).then(|| {
                let mut text = String::new();
                for _ in 0..100 {
                    state = state
                        .wrapping_mul(6364136223846793005)
                        .wrapping_add(1442695040888963407);
                    text.push(char::from((state >> 33) as u8 & 0x7f));
                }
                text.push('\n');
                text
            })
        })
        .linux("/init", |linux| {
            for signal in [2, 3, 20] {
                linux.set_action(signal, 1, 0).unwrap();
            }
            let mut lines = 0;
            while lines < 20 {
                let Ok(piece) = linux.read(0, 4096) else {
                    break;
                };
                lines += piece.iter().filter(|byte| **byte == b'\n').count();
            }
        })
        .check();
}
