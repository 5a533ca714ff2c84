//! Ring 2: a bad pointer in every argument of every call of the three tables gives an error, no
//! more. How it is done is in [`testkit::pointers`]; here are the recipes, one module a table.

mod linux;
mod native;
mod xv6;

use hal::hosted::User;
use std::rc::Rc;
use testkit::elf::Abi;
use testkit::pointers::{self, Ground, Recipe, Table, uncovered};
use testkit::{Linux, System};

/// What every tester finds open. The numbers are below xv6's limit.
const FILE: usize = 3;
const DIRECTORY: usize = 4;
const READER: usize = 5;
const WRITER: usize = 6;
const MASTER: usize = 7;
const SLAVE: usize = 8;
const OTHER: usize = 9;
/// The first descriptor that is free.
const FREE: usize = 10;

fn open(linux: &mut Linux<'_>, path: &str, flags: usize, expected: usize) {
    assert_eq!(linux.open(path, flags, 0o666), Ok(expected), "{path}");
}

/// Makes what the recipes name, and becomes the tester.
fn prepare(linux: &mut Linux<'_>) {
    linux.call(testkit::linux::number::SETSID, &[]).unwrap();
    open(linux, "/tmp/file", 0o102, FILE);
    linux.write(FILE, &[b'f'; 8192]).unwrap();
    linux
        .call(testkit::linux::number::LSEEK, &[FILE, 0, 0])
        .unwrap();
    open(linux, "/tmp", 0, DIRECTORY);
    assert_eq!(linux.pipe(0), Ok((READER, WRITER)));
    linux.write(WRITER, &[b'p'; 2048]).unwrap();
    open(linux, "/dev/ptmx", 2, MASTER);
    // TIOCSPTLCK: unlock; TIOCGPTPEER: the other side; TIOCSCTTY: ours.
    linux.scoped(|linux| {
        let zero = testkit::memory::push_words(linux.user, &[0]);
        linux.call(29, &[MASTER, 0x4004_5431, zero]).unwrap();
    });
    assert_eq!(linux.call(29, &[MASTER, 0x5441, 2]), Ok(SLAVE));
    linux.call(29, &[SLAVE, 0x540e, 0]).unwrap();
    open(linux, "/tmp/other", 0o102, OTHER);
    linux.write(OTHER, &[b'o'; 100]).unwrap();
    open(linux, "/tmp/ground", 0o102, FREE);
    linux.write(FREE, &[0; 100]).unwrap();
    linux.close(FREE).unwrap();
    linux.symlink("/tmp/file", "/tmp/link").unwrap();
    for directory in ["/tmp/mount", "/tmp/mounted"] {
        linux.mkdir(directory).unwrap();
    }
    linux.mount("tmpfs", "/tmp/mounted").unwrap();
    linux.chdir("/tmp").unwrap();
    linux.exec("/tester", &["tester"]).unwrap();
}

/// Runs a table's recipes.
fn check(abi: Abi, table: Table, ground: fn(&mut User) -> Ground, recipes: Vec<Recipe>) {
    let (table, recipes) = (Rc::new(table), Rc::new(recipes));
    let missing = uncovered(&table, &recipes);
    assert!(missing.is_empty(), "not covered: {missing:#?}");
    let system = System::new()
        .steps(20_000_000)
        .program("/tester", abi, move |user| {
            let ground = Rc::new(ground(user));
            pointers::check(user, &table, &ground, &recipes);
            user.syscall(exit_number(abi), [0; 6]);
        })
        .program("/true", abi, move |user| {
            user.syscall(exit_number(abi), [0; 6]);
        })
        .linux("/init", |linux| {
            let tester = linux.fork(prepare).unwrap();
            loop {
                if let (child, ended) = linux.wait().unwrap()
                    && child == tester
                {
                    assert_eq!(ended, testkit::linux::Ended::Exited(0));
                    break;
                }
            }
            while linux.wait().is_ok() {}
        });
    testkit::seeds::for_each_seed(testkit::seeds::count().div_ceil(50), |seed| {
        if let Some(complaint) = system.run(seed).complaint() {
            panic!("{complaint}");
        }
    });
}

fn exit_number(abi: Abi) -> usize {
    match abi {
        Abi::Linux => testkit::linux::number::EXIT_GROUP,
        Abi::Scarlet => scarlet_abi::Call::Exit as usize,
        Abi::Xv6 => 2,
    }
}
