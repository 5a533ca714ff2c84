//! Ring 2: what xv6 programs rely on, call by call.

use testkit::System;
use testkit::system::xv6;
use testkit::xv6::{O_CREATE, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY};

const PAGE: usize = 4096;
const DIRECTORY: u16 = 1;
const FILE: u16 = 2;
const DEVICE: u16 = 3;

#[test]
fn descriptors_are_the_lowest_and_at_most_sixteen() {
    xv6(|xv6| {
        assert_eq!(xv6.dup(0), Some(3));
        assert_eq!(xv6.close(0), Some(0));
        assert_eq!(xv6.dup(1), Some(0));
        while xv6.dup(1).is_some() {}
        assert_eq!(xv6.close(15), Some(0));
        assert_eq!(
            xv6.pipe(),
            None,
            "one free descriptor is not enough for a pipe"
        );
        assert_eq!(xv6.open("/new", O_CREATE | O_RDWR), Some(15));
        assert_eq!(xv6.close(16), None);
        assert_eq!(xv6.read(99, 1), None);
    });
}

#[test]
fn a_file_keeps_what_is_written() {
    xv6(|xv6| {
        let file = xv6.open("f", O_CREATE | O_RDWR).unwrap();
        assert_eq!(xv6.write(file, b"abcdef"), Some(6));
        assert_eq!(xv6.read(file, 10), Some(vec![]));
        let second = xv6.open("f", O_RDONLY).unwrap();
        assert_eq!(xv6.read(second, 4), Some(b"abcd".to_vec()));
        assert_eq!(xv6.write(second, b"x"), None);
        assert_eq!(
            xv6.fstat(second)
                .map(|status| (status.0, status.2, status.3)),
            Some((FILE, 1, 6))
        );
        let third = xv6.open("f", O_WRONLY | O_TRUNC).unwrap();
        assert_eq!(xv6.read(third, 1), None);
        assert_eq!(
            xv6.write(file, b"x"),
            None,
            "the position lies beyond the end now"
        );
        assert_eq!(xv6.read(second, 4), Some(vec![]));
    });
}

#[test]
fn directories_are_read_as_records() {
    xv6(|xv6| {
        assert!(xv6.mkdir("d").is_some());
        let file = xv6
            .open("d/a-name-that-is-too-long", O_CREATE | O_RDWR)
            .unwrap();
        assert!(xv6.close(file).is_some());
        let directory = xv6.open("d", O_RDONLY).unwrap();
        let records = xv6.read(directory, 512).unwrap();
        assert_eq!(records.len(), 3 * 16);
        let names: Vec<&[u8]> = records.chunks(16).map(|record| &record[2..]).collect();
        assert_eq!(names[0], b".\0\0\0\0\0\0\0\0\0\0\0\0\0");
        assert_eq!(names[1], b"..\0\0\0\0\0\0\0\0\0\0\0\0");
        assert_eq!(names[2], b"a-name-that-is");
        assert!(records.chunks(16).all(|record| record[..2] != [0, 0]));
        assert_eq!(xv6.read(directory, 512), Some(vec![]));
        let status = xv6.fstat(directory).unwrap();
        assert_eq!((status.0, status.3), (DIRECTORY, 48));
        assert!(
            xv6.open("d/a-name-that-is-too-something", O_RDONLY)
                .is_some(),
            "fourteen bytes count"
        );
    });
}

#[test]
fn directories_are_opened_for_reading_only() {
    xv6(|xv6| {
        assert!(xv6.mkdir("d").is_some());
        assert_eq!(xv6.mkdir("d"), None);
        for mode in [O_WRONLY, O_RDWR, O_CREATE, O_TRUNC, O_CREATE | O_RDWR] {
            assert_eq!(xv6.open("d", mode), None, "{mode:#x}");
        }
        let directory = xv6.open("d", O_RDONLY).unwrap();
        assert_eq!(xv6.write(directory, b"x"), None);
    });
}

#[test]
fn names_come_and_go_as_in_xv6() {
    xv6(|xv6| {
        let file = xv6.open("one", O_CREATE | O_RDWR).unwrap();
        assert!(xv6.link("one", "two").is_some());
        assert_eq!(xv6.fstat(file).map(|status| status.2), Some(2));
        assert_eq!(xv6.link("one", "two"), None);
        assert_eq!(xv6.link("missing", "three"), None);
        assert!(xv6.unlink("one").is_some());
        assert_eq!(xv6.open("one", O_RDONLY), None);
        assert!(xv6.mkdir("d").is_some() && xv6.mkdir("d/e").is_some());
        assert_eq!(xv6.link("d", "f"), None, "no links to directories");
        assert_eq!(xv6.unlink("d"), None, "it is not empty");
        assert_eq!(xv6.unlink("d/."), None);
        assert_eq!(xv6.unlink("d/e/.."), None);
        assert!(xv6.unlink("d/e/").is_some() && xv6.unlink("d").is_some());
        assert_eq!(xv6.chdir("two"), None);
        assert_eq!(xv6.mkdir(""), None);
        assert_eq!(xv6.open("", O_CREATE), None);
        assert!(
            xv6.open("", O_RDONLY).is_some(),
            "no name is the working directory"
        );
    });
}

#[test]
fn the_console_is_device_one() {
    System::new()
        .xv6("/init", |xv6| {
            assert!(xv6.mknod("console", 1, 0).is_some());
            let console = xv6.open("console", O_RDWR).unwrap();
            assert_eq!(xv6.fstat(console).map(|status| status.0), Some(DEVICE));
            assert_eq!(xv6.write(console, b"through the node\n"), Some(17));
            assert!(xv6.mknod("other", 7, 0).is_some());
            assert_eq!(xv6.open("other", O_RDWR), None);
        })
        .check_output(|text| assert!(text.contains("through the node"), "{text}"));
}

#[test]
fn the_break_moves_at_once_or_not_at_all() {
    xv6(|xv6| {
        let old = xv6.sbrk(0).unwrap();
        assert_eq!(xv6.sbrk(2 * PAGE as isize + 5), Some(old));
        xv6.user.write(old + 2 * PAGE + 4, &[7]);
        assert_eq!(xv6.sbrk(-5), Some(old + 2 * PAGE + 5));
        assert_eq!(xv6.sbrk(0), Some(old + 2 * PAGE));
        assert_eq!(xv6.sbrk(PAGE as isize), Some(old + 2 * PAGE));
        let mut byte = [1];
        xv6.user.read(old + 2 * PAGE + 4, &mut byte);
        assert_eq!(byte, [0], "what was given back comes back empty");
        assert_eq!(
            xv6.sbrk(1 << 30),
            None,
            "more than the machine that xv6 knows"
        );
        assert_eq!(xv6.sbrk(17 << 20), None, "more than this machine has");
        assert_eq!(xv6.sbrk(0), Some(old + 3 * PAGE));
        assert_eq!(
            xv6.sbrk(-(1 << 29)),
            Some(old + 3 * PAGE),
            "less than nothing changes nothing"
        );
        assert_eq!(xv6.sbrk(0), Some(old + 3 * PAGE));
    });
}

#[test]
fn a_stack_is_one_page_above_a_hole() {
    xv6(|xv6| {
        let stack = xv6.user.stack_pointer();
        let child = xv6
            .fork(move |child| {
                let base = stack - stack % PAGE;
                child.user.write(base, &[1]);
                child.user.write(base - 1, &[1]);
                child.exit(1);
            })
            .unwrap();
        assert_eq!(xv6.wait(), Some((child, -1)));
    });
}

#[test]
fn exec_passes_what_fits_and_refuses_the_rest() {
    System::new()
        .xv6("/echo", |xv6| {
            let count = xv6.user.register(10);
            let list = xv6.user.register(11);
            assert_eq!(count, 3);
            for index in 0..count {
                let mut address = [0; 8];
                xv6.user.read(list + index * 8, &mut address);
                let mut text = [0; 2];
                xv6.user.read(usize::from_le_bytes(address), &mut text);
                assert_eq!(text, [b'a' + index as u8, 0]);
            }
            xv6.exit(4);
        })
        .xv6("/init", |xv6| {
            assert_eq!(xv6.exec("/missing", &["x"]), None);
            let many = vec!["x"; 32];
            assert_eq!(xv6.exec("/echo", &many), None);
            // The arguments do not fit onto the page of stack here, either.
            let heap = xv6.sbrk(8 * PAGE as isize).unwrap();
            xv6.user.set_stack_pointer(heap + 8 * PAGE);
            let long = "y".repeat(2000);
            assert_eq!(xv6.exec("/echo", &[&long, &long, &long]), None);
            let path = "/".repeat(127) + "echo";
            assert_eq!(xv6.exec(&path, &["a"]), None);
            let child = xv6
                .fork(|child| {
                    child.exec("/echo", &["a", "b", "c"]);
                })
                .unwrap();
            assert_eq!(xv6.wait(), Some((child, 4)));
        })
        .check();
}

#[test]
fn statuses_keep_all_their_bits() {
    xv6(|xv6| {
        for status in [0, 1, 747, -5, i32::MAX, i32::MIN] {
            let child = xv6.fork(move |child| child.exit(status)).unwrap();
            assert_eq!(xv6.wait(), Some((child, status)));
        }
    });
}

#[test]
fn the_killed_end_wherever_they_are() {
    xv6(|xv6| {
        let (reader, _writer) = xv6.pipe().unwrap();
        let sleeping = xv6
            .fork(|child| {
                loop {
                    child.sleep(1_000_000);
                }
            })
            .unwrap();
        let reading = xv6.fork(move |child| _ = child.read(reader, 1)).unwrap();
        let running = xv6
            .fork(|child| {
                loop {
                    child.user.compute(10);
                }
            })
            .unwrap();
        for victim in [sleeping, reading, running] {
            assert_eq!(xv6.kill(victim), Some(0));
        }
        for _ in 0..3 {
            let (child, status) = xv6.wait().unwrap();
            assert!([sleeping, reading, running].contains(&child));
            assert_eq!(status, -1, "{child} of {sleeping} {reading} {running}");
        }
        assert_eq!(xv6.wait(), None);
        assert_eq!(xv6.kill(999), None);
    });
}

#[test]
fn orphans_go_to_the_first_process() {
    xv6(|xv6| {
        let child = xv6
            .fork(|child| {
                child.fork(|grandchild| {
                    grandchild.sleep(1);
                    grandchild.exit(9);
                });
            })
            .unwrap();
        let mut ended = [xv6.wait().unwrap(), xv6.wait().unwrap()];
        ended.sort_by_key(|end| end.1);
        assert_eq!(ended[0], (child, 0));
        assert_eq!(ended[1].1, 9);
    });
}

#[test]
fn sleep_lasts_for_its_ticks() {
    xv6(|xv6| {
        let before = xv6.uptime();
        assert_eq!(xv6.sleep(3), Some(0));
        let after = xv6.uptime();
        assert!((3..=5).contains(&(after - before)), "{before} to {after}");
    });
}

#[test]
fn numbers_that_no_call_has_and_negative_counts_are_minus_one() {
    xv6(|xv6| {
        let file = xv6.open("f", O_CREATE | O_RDWR).unwrap();
        let buffer = testkit::memory::push_string(xv6.user, "f");
        for number in [0, 22, 23, 1000, usize::MAX] {
            assert_eq!(xv6.call(number, &[]), None, "call {number}");
        }
        for number in [5, 16] {
            assert_eq!(xv6.call(number, &[file, buffer, usize::MAX]), None);
        }
    });
}
