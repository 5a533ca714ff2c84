//! Ring 2: pipes, in all three ABIs and between them.

use testkit::System;
use testkit::linux::{Ended, number};
use testkit::system::{linux, scarlet, xv6};

const PIPE_CAPACITY: usize = 65536;
const NONBLOCK: usize = 0o4000;

#[test]
fn bytes_come_out_in_order() {
    linux(|linux| {
        let (read, write) = linux.pipe(0).unwrap();
        let child = linux
            .fork(move |child| {
                child.close(read).unwrap();
                for number in 0..20u8 {
                    assert_eq!(child.write(write, &[number; 7]), Ok(7));
                }
            })
            .unwrap();
        linux.close(write).unwrap();
        let all = linux.read_all(read, 1000).unwrap();
        assert_eq!(all.len(), 140);
        assert!(
            all.chunks(7)
                .enumerate()
                .all(|(number, chunk)| chunk == [number as u8; 7])
        );
        assert_eq!(linux.wait(), Ok((child, Ended::Exited(0))));
    });
}

#[test]
fn a_full_pipe_makes_the_writer_wait() {
    linux(|linux| {
        let (read, write) = linux.pipe(0).unwrap();
        let child = linux
            .fork(move |child| {
                child.close(read).unwrap();
                let page = child.map(PIPE_CAPACITY + 8192, false).unwrap();
                let total = PIPE_CAPACITY + 5000;
                assert_eq!(child.call(number::WRITE, &[write, page, total]), Ok(total));
            })
            .unwrap();
        linux.close(write).unwrap();
        let buffer = linux.map(16384, false).unwrap();
        let mut total = 0;
        loop {
            match linux.call(number::READ, &[read, buffer, 16000]).unwrap() {
                0 => break,
                count => total += count,
            }
        }
        assert_eq!(total, PIPE_CAPACITY + 5000);
        assert_eq!(linux.wait(), Ok((child, Ended::Exited(0))));
    });
}

#[test]
fn small_writes_are_never_torn() {
    System::new()
        .cpus(4)
        .linux("/init", |linux| {
            let (read, write) = linux.pipe(0).unwrap();
            for number in 1..=3u8 {
                linux
                    .fork(move |child| {
                        for _ in 0..8 {
                            assert_eq!(child.write(write, &[number; 100]), Ok(100));
                        }
                    })
                    .unwrap();
            }
            linux.close(write).unwrap();
            let all = linux.read_all(read, 2400).unwrap();
            assert_eq!(all.len(), 2400);
            assert!(
                all.chunks(100)
                    .all(|chunk| chunk.iter().all(|byte| *byte == chunk[0]))
            );
            while linux.wait().is_ok() {}
        })
        .check();
}

#[test]
fn readers_share_what_is_written() {
    System::new()
        .cpus(3)
        .linux("/init", |linux| {
            let (read, write) = linux.pipe(0).unwrap();
            let (tell, told) = linux.pipe(0).unwrap();
            for _ in 0..3 {
                linux
                    .fork(move |child| {
                        child.close(write).unwrap();
                        let all = child.read_all(read, 10_000).unwrap();
                        child
                            .write(told, &(all.len() as u32).to_le_bytes())
                            .unwrap();
                    })
                    .unwrap();
            }
            for _ in 0..10 {
                linux.write(write, &[1; 50]).unwrap();
            }
            linux.close(write).unwrap();
            linux.close(told).unwrap();
            while linux.wait().is_ok() {}
            let counts = linux.read_all(tell, 12).unwrap();
            let sum: u32 = counts
                .chunks(4)
                .map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]))
                .sum();
            assert_eq!(sum, 500);
        })
        .check();
}

#[test]
fn writing_to_nobody_is_an_event_and_an_error() {
    linux(|linux| {
        let (read, write) = linux.pipe(0).unwrap();
        linux.close(read).unwrap();
        let child = linux
            .fork(move |child| {
                let _ = child.write(write, b"x");
                unreachable!("SIGPIPE kills");
            })
            .unwrap();
        assert_eq!(linux.wait(), Ok((child, Ended::Killed(13))));
        linux.set_action(13, 1, 0).unwrap();
        assert_eq!(linux.write(write, b"x"), Err(32));
    });
}

#[test]
fn the_reader_s_end_wakes_a_waiting_writer() {
    linux(|linux| {
        let (read, write) = linux.pipe(0).unwrap();
        let child = linux
            .fork(move |child| {
                child.close(read).unwrap();
                child.set_action(13, 1, 0).unwrap();
                let page = child.map(2 * PIPE_CAPACITY, false).unwrap();
                let wrote = child.call(number::WRITE, &[write, page, 2 * PIPE_CAPACITY]);
                assert!(wrote == Err(32) || wrote.is_ok_and(|count| count < 2 * PIPE_CAPACITY));
            })
            .unwrap();
        linux.close(write).unwrap();
        linux.read(read, 10).unwrap();
        linux.close(read).unwrap();
        assert_eq!(linux.wait(), Ok((child, Ended::Exited(0))));
    });
}

#[test]
fn a_pipe_that_does_not_block() {
    linux(|linux| {
        let (read, write) = linux.pipe(NONBLOCK).unwrap();
        assert_eq!(linux.read(read, 1), Err(11));
        let page = linux.map(PIPE_CAPACITY + 4096, false).unwrap();
        let wrote = linux
            .call(number::WRITE, &[write, page, PIPE_CAPACITY + 4096])
            .unwrap();
        assert_eq!(wrote, PIPE_CAPACITY);
        assert_eq!(linux.write(write, b"x"), Err(11));
        linux.close(write).unwrap();
        let mut total = 0;
        while let Ok(count @ 1..) = linux.call(number::READ, &[read, page, 4096]) {
            total += count;
        }
        assert_eq!(total, PIPE_CAPACITY);
    });
}

#[test]
fn poll_sees_the_pipe_change() {
    linux(|linux| {
        let (read, write) = linux.pipe(0).unwrap();
        let child = linux
            .fork(move |child| {
                child.close(read).unwrap();
                child.user.compute(10);
                child.write(write, b"now").unwrap();
            })
            .unwrap();
        linux.close(write).unwrap();
        let entry = testkit::memory::push_words(linux.user, &[read | 1 << 32]);
        assert_eq!(linux.call(number::PPOLL, &[entry, 1, 0, 0, 0]), Ok(1));
        assert_eq!(linux.load(entry + 4) >> 16 & 1, 1, "readable");
        assert_eq!(linux.read(read, 10), Ok(b"now".to_vec()));
        assert_eq!(linux.wait(), Ok((child, Ended::Exited(0))));
        assert_eq!(linux.call(number::PPOLL, &[entry, 1, 0, 0, 0]), Ok(1));
        assert_eq!(linux.load(entry + 4) >> 16 & 0x10, 0x10, "hung up");
    });
}

#[test]
fn xv6_pipes() {
    xv6(|xv6| {
        let (read, write) = xv6.pipe().unwrap();
        let child = xv6
            .fork(move |child| {
                child.close(read).unwrap();
                for _ in 0..5 {
                    assert_eq!(child.write(write, b"abc"), Some(3));
                }
            })
            .unwrap();
        xv6.close(write).unwrap();
        let mut all = Vec::new();
        loop {
            let piece = xv6.read(read, 4).unwrap();
            if piece.is_empty() {
                break;
            }
            all.extend(piece);
        }
        assert_eq!(all, b"abcabcabcabcabc");
        assert_eq!(xv6.wait(), Some((child, 0)));
    });
}

#[test]
fn native_pipes() {
    scarlet(|scarlet| {
        let (read, write) = scarlet.pipe().unwrap();
        let child = scarlet
            .fork(move |child| {
                child.close(read).unwrap();
                assert_eq!(child.write(write, b"native"), Ok(6));
            })
            .unwrap();
        scarlet.close(write).unwrap();
        assert_eq!(scarlet.read(read, 100), Ok(b"native".to_vec()));
        assert_eq!(scarlet.read(read, 100), Ok(vec![]));
        assert_eq!(scarlet.wait(), Ok((child, scarlet_abi::process::EXITED, 0)));
    });
}

#[test]
fn a_pipeline_of_three_abis() {
    System::new()
        .linux("/init", |linux| {
            let (first_read, first_write) = linux.pipe(0).unwrap();
            let (second_read, second_write) = linux.pipe(0).unwrap();
            linux
                .fork(move |child| {
                    child.dup_to(first_read, 0).unwrap();
                    child.dup_to(second_write, 1).unwrap();
                    for descriptor in [first_read, first_write, second_read, second_write] {
                        child.close(descriptor).unwrap();
                    }
                    child.exec("/upper", &["upper"]).unwrap();
                })
                .unwrap();
            linux
                .fork(move |child| {
                    child.dup_to(first_write, 1).unwrap();
                    for descriptor in [first_read, first_write, second_read, second_write] {
                        child.close(descriptor).unwrap();
                    }
                    child.exec("/source", &["source"]).unwrap();
                })
                .unwrap();
            for descriptor in [first_read, first_write, second_write] {
                linux.close(descriptor).unwrap();
            }
            assert_eq!(
                linux.read_all(second_read, 1000).unwrap(),
                b"HELLO FROM NATIVE"
            );
            assert_eq!(linux.wait().unwrap().1, Ended::Exited(0));
            assert_eq!(linux.wait().unwrap().1, Ended::Exited(0));
        })
        .xv6("/upper", |xv6| {
            while let Some(piece) = xv6.read(0, 5).filter(|piece| !piece.is_empty()) {
                xv6.write(1, &piece.to_ascii_uppercase()).unwrap();
            }
        })
        .scarlet("/source", |scarlet| {
            for word in ["hello ", "from ", "native"] {
                scarlet.write(1, word.as_bytes()).unwrap();
            }
        })
        .check();
}

#[test]
fn a_bad_buffer_loses_no_bytes() {
    linux(|linux| {
        let (read, write) = linux.pipe(0).unwrap();
        linux.write(write, b"kept").unwrap();
        assert_eq!(linux.call(number::READ, &[read, 0x10, 4]), Err(14));
        assert_eq!(linux.call(number::WRITE, &[write, 0x10, 4]), Err(14));
        assert_eq!(linux.read(read, 10), Ok(b"kept".to_vec()));
    });
}
