//! Ring 2: F_NOTIFY: signals about what happens in directories.

use std::cell::Cell;
use std::rc::Rc;
use testkit::linux::{Linux, number};
use testkit::system::linux;

const DIRECTORY: usize = 0o200_000;
const CREATE: usize = 0o100 | 2;
const NOTIFY: usize = 1026;
const SET_SIGNAL: usize = 10;
const DN_CREATE: usize = 4;
const MULTISHOT: usize = 0x8000_0000;
const TOLD: usize = 40;
const THREAD: usize = 0x100 | 0x200 | 0x400 | 0x800 | 0x1_0000 | 0x4_0000;

fn make(linux: &mut Linux<'_>, path: &str) {
    let file = linux.open(path, CREATE, 0o600).unwrap();
    linux.close(file).unwrap();
}

#[test]
fn each_directory_is_told_of_once_whoever_asked_until_it_is_closed() {
    linux(|linux| {
        let count = Rc::new(Cell::new(0));
        let inner = count.clone();
        linux
            .on_signal(TOLD, 0, move |_, _| inner.set(inner.get() + 1))
            .unwrap();
        let (read, write) = linux.pipe(0).unwrap();
        let mut directories = Vec::new();
        for path in ["/one", "/two", "/three"] {
            linux.mkdir(path).unwrap();
            let directory = linux.open(path, DIRECTORY, 0).unwrap();
            let fcntl = move |linux: &mut Linux<'_>, command, argument| {
                linux.call(number::FCNTL, &[directory, command, argument])
            };
            fcntl(linux, SET_SIGNAL, TOLD).unwrap();
            let stack = linux.map(4096, false).unwrap() + 4096;
            linux
                .clone(THREAD, stack, move |thread| {
                    thread.mask(0, u64::MAX).unwrap();
                    fcntl(thread, NOTIFY, DN_CREATE | MULTISHOT).unwrap();
                    thread.write(write, b"x").unwrap();
                })
                .unwrap();
            fcntl(linux, NOTIFY, DN_CREATE | MULTISHOT).unwrap();
            directories.push(directory);
        }
        let mut asked = 0;
        while asked < 3 {
            asked += linux.read(read, 3).unwrap().len();
        }
        for (index, path) in ["/one/a", "/two/a", "/three/a"].iter().enumerate() {
            make(linux, path);
            assert_eq!(count.get(), index + 1);
        }
        for (index, path) in ["/one/b", "/two/b", "/three/b"].iter().enumerate() {
            linux.close(directories[index]).unwrap();
            make(linux, path);
        }
        assert_eq!(count.get(), 3);
    });
}
