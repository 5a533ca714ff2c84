//! Ring 2: files and names, seen by programs that race.

use testkit::System;
use testkit::linux::{AT_FDCWD, Ended, number};
use testkit::memory::{push_string, word32};
use testkit::system::linux;

const CREATE: usize = 0o100;
const EXCLUSIVE: usize = 0o200;
const WRITE_ONLY: usize = 1;
const READ_WRITE: usize = 2;
const APPEND: usize = 0o2000;
const DIRECTORY: usize = 0o200_000;

#[test]
fn what_is_written_is_read() {
    linux(|linux| {
        let file = linux.open("/tmp/file", READ_WRITE | CREATE, 0o644).unwrap();
        assert_eq!(linux.write(file, b"hello world"), Ok(11));
        assert_eq!(linux.call(number::LSEEK, &[file, 6, 0]), Ok(6));
        assert_eq!(linux.read(file, 100), Ok(b"world".to_vec()));
        assert_eq!(linux.call(number::FTRUNCATE, &[file, 5]), Ok(0));
        assert_eq!(linux.call(number::LSEEK, &[file, 0, 2]), Ok(5));
        let again = linux.open("/tmp/file", 0, 0).unwrap();
        assert_eq!(linux.read(again, 100), Ok(b"hello".to_vec()));
    });
}

#[test]
fn an_unlinked_file_lives_while_it_is_open() {
    linux(|linux| {
        let file = linux.open("/tmp/file", READ_WRITE | CREATE, 0o644).unwrap();
        linux.write(file, b"still here").unwrap();
        linux.unlink("/tmp/file").unwrap();
        assert_eq!(linux.open("/tmp/file", 0, 0), Err(2));
        linux.call(number::LSEEK, &[file, 0, 0]).unwrap();
        assert_eq!(linux.read(file, 100), Ok(b"still here".to_vec()));
    });
}

#[test]
fn only_one_creates_exclusively() {
    System::new()
        .cpus(3)
        .linux("/init", |linux| {
            for _ in 0..4 {
                linux
                    .fork(|child| {
                        let flags = WRITE_ONLY | CREATE | EXCLUSIVE;
                        match child.open("/tmp/one", flags, 0o600) {
                            Ok(_) => child.exit(1),
                            Err(17) => child.exit(0),
                            other => panic!("{other:?}"),
                        }
                    })
                    .unwrap();
            }
            let mut winners = 0;
            while let Ok((_, Ended::Exited(status))) = linux.wait() {
                winners += status;
            }
            assert_eq!(winners, 1);
        })
        .check();
}

#[test]
fn appending_loses_nothing() {
    System::new()
        .cpus(3)
        .linux("/init", |linux| {
            for number in 1..=3u8 {
                linux
                    .fork(move |child| {
                        let flags = WRITE_ONLY | CREATE | APPEND;
                        let file = child.open("/tmp/log", flags, 0o600).unwrap();
                        for _ in 0..6 {
                            child.write(file, &[number; 10]).unwrap();
                        }
                    })
                    .unwrap();
            }
            while linux.wait().is_ok() {}
            let file = linux.open("/tmp/log", 0, 0).unwrap();
            let all = linux.read_all(file, 1000).unwrap();
            assert_eq!(all.len(), 180);
            assert!(
                all.chunks(10)
                    .all(|line| line.iter().all(|byte| *byte == line[0]))
            );
        })
        .check();
}

#[test]
fn a_shared_offset_is_shared() {
    linux(|linux| {
        let file = linux.open("/tmp/file", READ_WRITE | CREATE, 0o644).unwrap();
        linux.write(file, b"0123456789").unwrap();
        linux.call(number::LSEEK, &[file, 0, 0]).unwrap();
        let child = linux
            .fork(move |child| assert_eq!(child.read(file, 4), Ok(b"0123".to_vec())))
            .unwrap();
        assert_eq!(linux.wait(), Ok((child, Ended::Exited(0))));
        assert_eq!(linux.read(file, 4), Ok(b"4567".to_vec()));
    });
}

#[test]
fn renaming_against_unlinking() {
    System::new()
        .cpus(3)
        .linux("/init", |linux| {
            linux.mkdir("/tmp/a").unwrap();
            linux.mkdir("/tmp/b").unwrap();
            let file = linux
                .open("/tmp/a/file", WRITE_ONLY | CREATE, 0o600)
                .unwrap();
            linux.close(file).unwrap();
            linux
                .fork(|child| match child.rename("/tmp/a/file", "/tmp/b/file") {
                    Ok(_) => child.exit(1),
                    Err(2) => child.exit(0),
                    other => panic!("{other:?}"),
                })
                .unwrap();
            linux
                .fork(|child| match child.unlink("/tmp/a/file") {
                    Ok(_) => child.exit(1),
                    Err(2) => child.exit(0),
                    other => panic!("{other:?}"),
                })
                .unwrap();
            let mut winners = 0;
            while let Ok((_, Ended::Exited(status))) = linux.wait() {
                winners += status;
            }
            assert_eq!(winners, 1, "the name can go only once");
            assert_eq!(linux.rmdir("/tmp/a"), Ok(0));
        })
        .check();
}

#[test]
fn renaming_crosswise_neither_hangs_nor_loses() {
    System::new()
        .cpus(3)
        .linux("/init", |linux| {
            for directory in ["/tmp/a", "/tmp/b"] {
                linux.mkdir(directory).unwrap();
                let path = format!("{directory}/x");
                let file = linux.open(&path, WRITE_ONLY | CREATE, 0o600).unwrap();
                linux.close(file).unwrap();
            }
            for (from, to) in [("/tmp/a/x", "/tmp/b/y"), ("/tmp/b/x", "/tmp/a/y")] {
                linux
                    .fork(move |child| {
                        for _ in 0..5 {
                            child.rename(from, to).unwrap();
                            child.rename(to, from).unwrap();
                        }
                    })
                    .unwrap();
            }
            assert_eq!(linux.wait().unwrap().1, Ended::Exited(0));
            assert_eq!(linux.wait().unwrap().1, Ended::Exited(0));
            linux.open("/tmp/a/x", 0, 0).unwrap();
            linux.open("/tmp/b/x", 0, 0).unwrap();
        })
        .check();
}

#[test]
fn a_directory_cannot_move_below_itself() {
    System::new()
        .cpus(2)
        .linux("/init", |linux| {
            linux.mkdir("/tmp/a").unwrap();
            linux.mkdir("/tmp/b").unwrap();
            assert_eq!(linux.rename("/tmp/a", "/tmp/a/inside"), Err(22));
            linux
                .fork(|child| {
                    let _ = child.rename("/tmp/a", "/tmp/b/a");
                })
                .unwrap();
            linux
                .fork(|child| {
                    let _ = child.rename("/tmp/b", "/tmp/a/b");
                })
                .unwrap();
            while linux.wait().is_ok() {}
            let one = linux.open("/tmp/a/b", DIRECTORY, 0).is_ok();
            let other = linux.open("/tmp/b/a", DIRECTORY, 0).is_ok();
            assert!(one != other, "exactly one of the two moves can succeed");
        })
        .check();
}

#[test]
fn removing_a_directory_against_creating_in_it() {
    System::new()
        .cpus(2)
        .linux("/init", |linux| {
            linux.mkdir("/tmp/d").unwrap();
            linux
                .fork(
                    |child| match child.open("/tmp/d/file", WRITE_ONLY | CREATE, 0o600) {
                        Ok(_) => child.exit(1),
                        Err(2) => child.exit(0),
                        other => panic!("{other:?}"),
                    },
                )
                .unwrap();
            let removed = match linux.rmdir("/tmp/d") {
                Ok(_) => true,
                Err(39) => false,
                other => panic!("{other:?}"),
            };
            let (_, ended) = linux.wait().unwrap();
            let created = ended == Ended::Exited(1);
            assert!(removed != created, "removed {removed}, created {created}");
        })
        .check();
}

#[test]
fn hard_links_and_symbolic_links() {
    linux(|linux| {
        let file = linux.open("/tmp/file", WRITE_ONLY | CREATE, 0o600).unwrap();
        linux.write(file, b"x").unwrap();
        linux.link("/tmp/file", "/tmp/second").unwrap();
        linux.unlink("/tmp/file").unwrap();
        let second = linux.open("/tmp/second", 0, 0).unwrap();
        assert_eq!(linux.read(second, 10), Ok(b"x".to_vec()));
        linux.symlink("second", "/tmp/soft").unwrap();
        let soft = linux.open("/tmp/soft", 0, 0).unwrap();
        assert_eq!(linux.read(soft, 10), Ok(b"x".to_vec()));
        linux.symlink("loop", "/tmp/loop").unwrap();
        assert_eq!(linux.open("/tmp/loop", 0, 0), Err(40));
        linux.unlink("/tmp/second").unwrap();
        assert_eq!(linux.open("/tmp/soft", 0, 0), Err(2));
    });
}

#[test]
fn a_working_directory_that_is_removed() {
    linux(|linux| {
        linux.mkdir("/tmp/d").unwrap();
        linux.chdir("/tmp/d").unwrap();
        linux.rmdir("/tmp/d").unwrap();
        assert_eq!(linux.open("file", WRITE_ONLY | CREATE, 0o600), Err(2));
        let place = linux.user.allocate(256);
        assert_eq!(linux.call(number::GETCWD, &[place, 256]), Err(2));
        linux.chdir("/tmp").unwrap();
    });
}

#[test]
fn fifos_meet() {
    linux(|linux| {
        const MKNODAT: usize = 33;
        let path = push_string(linux.user, "/tmp/fifo");
        linux
            .call(MKNODAT, &[AT_FDCWD, path, 0o010_600, 0])
            .unwrap();
        let child = linux
            .fork(|child| {
                let fifo = child.open("/tmp/fifo", WRITE_ONLY, 0).unwrap();
                child.write(fifo, b"through").unwrap();
            })
            .unwrap();
        let fifo = linux.open("/tmp/fifo", 0, 0).unwrap();
        assert_eq!(linux.read_all(fifo, 100).unwrap(), b"through");
        assert_eq!(linux.wait(), Ok((child, Ended::Exited(0))));
    });
}

#[test]
fn a_mapped_file_is_the_file() {
    linux(|linux| {
        let file = linux.open("/tmp/file", READ_WRITE | CREATE, 0o600).unwrap();
        linux.call(number::FTRUNCATE, &[file, 4096]).unwrap();
        let page = linux.call(number::MMAP, &[0, 4096, 3, 1, file, 0]).unwrap();
        linux.user.write(page, b"mapped");
        assert_eq!(linux.read(file, 6), Ok(b"mapped".to_vec()));
        linux.call(number::LSEEK, &[file, 0, 0]).unwrap();
        linux.write(file, b"WRITTEN!").unwrap();
        assert_eq!(testkit::memory::bytes(linux.user, page, 8), b"WRITTEN!");
        let child = linux
            .fork(move |child| {
                child.call(number::FTRUNCATE, &[file, 0]).unwrap();
                let _ = word32(child.user, page);
                unreachable!("beyond the end of the file");
            })
            .unwrap();
        assert_eq!(linux.wait(), Ok((child, Ended::Killed(7))));
    });
}

#[test]
fn device_files_do_what_they_say() {
    linux(|linux| {
        let null = linux.open("/dev/null", READ_WRITE, 0).unwrap();
        assert_eq!(linux.write(null, b"gone"), Ok(4));
        assert_eq!(linux.read(null, 10), Ok(vec![]));
        let zero = linux.open("/dev/zero", READ_WRITE, 0).unwrap();
        assert_eq!(linux.read(zero, 10), Ok(vec![0; 10]));
        let full = linux.open("/dev/full", READ_WRITE, 0).unwrap();
        assert_eq!(linux.write(full, b"x"), Err(28));
        let random = linux.open("/dev/urandom", 0, 0).unwrap();
        let (first, second) = (linux.read(random, 16), linux.read(random, 16));
        assert!(first != second && first.unwrap().len() == 16);
    });
}

#[test]
fn a_mount_over_a_file_about_a_process_does_not_keep_the_process() {
    testkit::system::linux(|linux| {
        linux.mount("proc", "/proc").unwrap();
        for place in ["/proc/self/fd", "/proc/self/task", "/proc/self"] {
            // In its own view and in everybody's: the mount, the file, the process, its view.
            for flags in [0x2_0000, 0] {
                let child = linux.fork(move |child| {
                    if flags != 0 {
                        child.call(97, &[flags]).unwrap();
                    }
                    child.mount("tmpfs", place).unwrap();
                });
                assert_eq!(
                    linux.wait_for(child.unwrap() as isize, 0).map(|end| end.0),
                    child
                );
            }
        }
    });
}

#[test]
fn a_loop_device_tells_its_file_in_sysfs() {
    const SET_FILE: usize = 0x4c00;
    const CLEAR_FILE: usize = 0x4c01;
    testkit::system::linux(|linux| {
        linux.mkdir("/sys").unwrap();
        linux.mount("sysfs", "/sys").unwrap();
        let told = |linux: &mut testkit::linux::Linux<'_>, name: &str| {
            let file = linux.open(&format!("/sys/block/loop0/{name}"), 0, 0)?;
            let text = linux.read_all(file, 200);
            linux.close(file)?;
            Ok(String::from_utf8_lossy(&text?).into_owned())
        };
        assert_eq!(told(linux, "size"), Ok("0\n".into()));
        assert_eq!(told(linux, "loop/backing_file"), Err(2));
        let file = linux.open("/tmp/file", READ_WRITE | CREATE, 0o644).unwrap();
        linux.call(number::FTRUNCATE, &[file, 8192]).unwrap();
        let device = linux.open("/dev/loop0", READ_WRITE, 0).unwrap();
        let set = linux.call(number::IOCTL, &[device, SET_FILE, file]);
        assert_eq!(set, Ok(0));
        assert_eq!(told(linux, "size"), Ok("16\n".into()));
        assert_eq!(told(linux, "loop/backing_file"), Ok("/tmp/file\n".into()));
        for (name, value) in [
            ("autoclear", "0\n"),
            ("offset", "0\n"),
            ("partscan", "0\n"),
            ("sizelimit", "0\n"),
        ] {
            let name = format!("loop/{name}");
            assert_eq!(told(linux, &name), Ok(value.into()), "{name}");
        }
        linux.call(number::IOCTL, &[device, CLEAR_FILE, 0]).unwrap();
        linux.close(device).unwrap();
        assert_eq!(told(linux, "loop/backing_file"), Err(2));
    });
}
