//! Ring 2: the xv6 ABI, call by call, with MIT's meaning.

use testkit::System;
use testkit::system::xv6;
use testkit::xv6::{O_CREATE, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY};

#[test]
fn files_are_written_and_read() {
    xv6(|xv6| {
        let file = xv6.open("small", O_CREATE | O_RDWR).unwrap();
        for _ in 0..10 {
            assert_eq!(xv6.write(file, b"aaaaaaaaaa"), Some(10));
        }
        xv6.close(file).unwrap();
        let file = xv6.open("small", O_RDONLY).unwrap();
        assert_eq!(xv6.read(file, 200).unwrap().len(), 100);
        assert_eq!(xv6.write(file, b"x"), None);
        let (kind, _, links, size) = xv6.fstat(file).unwrap();
        assert_eq!((kind, links, size), (2, 1, 100));
        xv6.close(file).unwrap();
        let file = xv6.open("small", O_WRONLY | O_TRUNC).unwrap();
        assert_eq!(xv6.fstat(file).unwrap().3, 0);
        xv6.unlink("small").unwrap();
        assert_eq!(xv6.open("small", O_RDONLY), None);
    });
}

#[test]
fn directories_are_made_and_removed() {
    xv6(|xv6| {
        xv6.mkdir("dir0").unwrap();
        assert_eq!(xv6.mkdir("dir0"), None);
        xv6.chdir("dir0").unwrap();
        let file = xv6.open("file", O_CREATE | O_RDWR).unwrap();
        xv6.close(file).unwrap();
        xv6.chdir("..").unwrap();
        assert_eq!(xv6.unlink("dir0"), None, "not empty");
        assert_eq!(xv6.chdir("dir0/file"), None);
        xv6.unlink("dir0/file").unwrap();
        xv6.unlink("dir0").unwrap();
        assert_eq!(xv6.chdir("dir0"), None);
        assert_eq!(xv6.unlink("."), None);
    });
}

#[test]
fn links() {
    xv6(|xv6| {
        let file = xv6.open("lf1", O_CREATE | O_RDWR).unwrap();
        assert_eq!(xv6.write(file, b"hello"), Some(5));
        xv6.close(file).unwrap();
        xv6.link("lf1", "lf2").unwrap();
        xv6.unlink("lf1").unwrap();
        assert_eq!(xv6.open("lf1", O_RDONLY), None);
        let file = xv6.open("lf2", O_RDONLY).unwrap();
        assert_eq!(xv6.read(file, 100), Some(b"hello".to_vec()));
        assert_eq!(xv6.link("lf2", "lf2"), None);
        assert_eq!(xv6.link("lf1", "lf2"), None);
        assert_eq!(xv6.link(".", "lf1"), None);
    });
}

#[test]
fn descriptors_are_the_lowest_free() {
    xv6(|xv6| {
        xv6.close(0).unwrap();
        assert_eq!(xv6.dup(1), Some(0));
        let (read, write) = xv6.pipe().unwrap();
        assert_eq!((read, write), (3, 4));
        xv6.close(3).unwrap();
        assert_eq!(xv6.dup(1), Some(3));
        assert_eq!(xv6.close(99), None);
        assert_eq!(xv6.dup(99), None);
        assert_eq!(xv6.read(99, 1), None);
    });
}

#[test]
fn exec_replaces_and_reports() {
    System::new()
        .xv6("/init", |xv6| {
            let child = xv6
                .fork(|child| {
                    assert_eq!(child.exec("nothing", &["nothing"]), None);
                    child.exec("echo", &["echo", "one", "two"]);
                    panic!("it came back");
                })
                .unwrap();
            assert_eq!(xv6.wait(), Some((child, 12)));
        })
        .xv6("/echo", |xv6| {
            let count = xv6.user.register(10);
            let list = xv6.user.register(11);
            assert_eq!(count, 3);
            let words: Vec<String> = (0..count)
                .map(|index| {
                    let word = testkit::memory::word64(xv6.user, list + 8 * index) as usize;
                    testkit::memory::string(xv6.user, word)
                })
                .collect();
            assert_eq!(words, ["echo", "one", "two"]);
            xv6.exit(12);
        })
        .check();
}

#[test]
fn sleep_and_uptime() {
    xv6(|xv6| {
        let before = xv6.uptime();
        xv6.sleep(2).unwrap();
        assert!(xv6.uptime() >= before + 2);
    });
}

#[test]
fn bad_addresses_are_errors() {
    xv6(|xv6| {
        let file = xv6.open("init", O_RDONLY).unwrap();
        for address in [0x8000_0000usize, usize::MAX, 0x3f_ffff_f000, 0x10_0000] {
            assert_eq!(xv6.call(16, &[1, address, 8192]), None);
            assert_eq!(xv6.call(5, &[file, address, 8192]), None);
            assert_eq!(xv6.call(4, &[address]), None);
            assert_eq!(xv6.call(15, &[address, 0]), None);
            assert_eq!(xv6.call(7, &[address, address]), None);
        }
    });
}

#[test]
fn a_program_may_not_touch_what_is_not_its_own() {
    xv6(|xv6| {
        for address in [0x8000_0000usize, 0x3f_ffff_f000, 0x200_0000] {
            let child = xv6
                .fork(move |child| {
                    child.user.write(address, b"x");
                    panic!("it could write at {address:#x}");
                })
                .unwrap();
            assert_eq!(xv6.wait(), Some((child, -1)));
        }
    });
}

#[test]
fn two_wait_for_their_own_children() {
    System::new()
        .cpus(3)
        .xv6("/init", |xv6| {
            for _ in 0..2 {
                xv6.fork(|parent| {
                    for turn in 0..5 {
                        let child = parent.fork(move |child| child.exit(turn)).unwrap();
                        assert_eq!(parent.wait(), Some((child, turn)));
                    }
                })
                .unwrap();
            }
            assert_eq!(xv6.wait().unwrap().1, 0);
            assert_eq!(xv6.wait().unwrap().1, 0);
            assert_eq!(xv6.wait(), None);
        })
        .check();
}
