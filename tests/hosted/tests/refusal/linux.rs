//! The Linux jobs.

use crate::{Job, peek};
use testkit::Linux;
use testkit::linux::{AT_FDCWD, number};
use testkit::memory::{push_string, push_words, word32};

const O_CREAT_RDWR: usize = 0o102;
const PAGE: usize = 4096;

pub fn jobs() -> Vec<(&'static str, Job)> {
    vec![
        ("fork", fork),
        ("exec", |linux| {
            linux.exec("/true", &["true", "argument"]).map(drop)
        }),
        ("pipes", pipes),
        ("files", files),
        ("names", names),
        ("directories", directories),
        ("memory", memory),
        ("mapped files", mapped_files),
        ("threads", threads),
        ("signals", signals),
        ("terminals", terminals),
        ("events", events),
        ("sockets", sockets),
        ("proc", proc),
        ("mounts", mounts),
    ]
}

/// Waits for one child; none is no harm here.
fn reap(linux: &mut Linux<'_>) {
    let _ = linux.wait();
}

fn fork(linux: &mut Linux<'_>) -> Result<(), i32> {
    let place = linux.map(3 * PAGE, false)?;
    linux.store(place, 1);
    linux.store(place + PAGE, 2);
    linux.fork(move |child| {
        child.store(place, 3);
        child.store(place + 2 * PAGE, 4);
    })?;
    linux.store(place + PAGE, 5);
    reap(linux);
    assert_eq!((linux.load(place), linux.load(place + PAGE)), (1, 5));
    Ok(())
}

fn pipes(linux: &mut Linux<'_>) -> Result<(), i32> {
    // Nonblocking, so that a child that was not begotten is not waited for.
    let (read, write) = linux.pipe(0o4000)?;
    let written = linux.write(write, &[b'x'; 9000])?;
    let text = linux.read_all(read, written)?;
    assert!(text.iter().all(|byte| *byte == b'x'));
    linux.fork(move |child| {
        let _ = child.write(write, b"from the child");
    })?;
    reap(linux);
    let _ = linux.read(read, 100);
    linux.call(number::FCNTL, &[read, 1031, 2 << 16])?;
    Ok(())
}

fn files(linux: &mut Linux<'_>) -> Result<(), i32> {
    let file = linux.open("/tmp/file", O_CREAT_RDWR, 0o644)?;
    let written = linux.write(file, &[b'f'; 20_000])?;
    linux.call(number::LSEEK, &[file, 0, 0])?;
    let read = linux.read_all(file, written)?;
    assert!(read.len() == written && read.iter().all(|byte| *byte == b'f'));
    linux.call(number::FTRUNCATE, &[file, 100])?;
    linux.call(number::FTRUNCATE, &[file, 50_000])?;
    let second = linux.call(number::DUP, &[file])?;
    linux.call(number::DUP3, &[file, 60, 0])?;
    linux.close(second).map(drop)
}

fn names(linux: &mut Linux<'_>) -> Result<(), i32> {
    let file = linux.open("/tmp/a", O_CREAT_RDWR, 0o644)?;
    linux.close(file)?;
    linux.link("/tmp/a", "/tmp/b")?;
    linux.rename("/tmp/b", "/tmp/c")?;
    linux.symlink("/tmp/c", "/tmp/d")?;
    let through = linux.open("/tmp/d", 0, 0)?;
    linux.close(through).map(drop)
}

fn directories(linux: &mut Linux<'_>) -> Result<(), i32> {
    linux.mkdir("/tmp/made")?;
    linux.chdir("/tmp/made")?;
    linux.mkdir("inner")?;
    let directory = linux.open("/tmp/made", 0, 0)?;
    linux.scoped(|linux| -> Result<_, i32> {
        let room = linux.user.allocate(1024);
        linux.call(61, &[directory, room, 1024])?;
        linux.call(number::GETCWD, &[room, 1024])
    })?;
    linux.chdir("/").map(drop)
}

fn memory(linux: &mut Linux<'_>) -> Result<(), i32> {
    let place = linux.map(8 * PAGE, false)?;
    for page in 0..8 {
        linux.store(place + page * PAGE, page as u32);
    }
    linux.call(number::MPROTECT, &[place + 2 * PAGE, PAGE, 1])?;
    linux.unmap(place + 4 * PAGE, PAGE)?;
    let moved = linux.call(216, &[place, 2 * PAGE, 600 * PAGE, 1, 0])?;
    assert_eq!(peek(linux, moved + PAGE), 1);
    let end = linux.call(number::BRK, &[0])?;
    if linux.call(number::BRK, &[end + 3 * PAGE])? == end + 3 * PAGE {
        linux.store(end + 2 * PAGE, 7);
    }
    let shared = linux.map(2 * PAGE, true)?;
    linux.fork(move |child| child.store(shared, 9))?;
    reap(linux);
    linux.load(shared);
    Ok(())
}

fn mapped_files(linux: &mut Linux<'_>) -> Result<(), i32> {
    let file = linux.open("/tmp/mapped", O_CREAT_RDWR, 0o644)?;
    linux.write(file, &[1; 2 * PAGE])?;
    let shared = linux.call(number::MMAP, &[0, 2 * PAGE, 3, 1, file, 0])?;
    let private = linux.call(number::MMAP, &[0, 2 * PAGE, 3, 2, file, 0])?;
    linux.store(shared, 5);
    linux.store(private + PAGE, 6);
    linux.unmap(shared, PAGE)?;
    let named = linux.scoped(|linux| -> Result<_, i32> {
        let name = push_string(linux.user, "memory");
        linux.call(279, &[name, 0])
    })?;
    linux.call(number::FTRUNCATE, &[named, PAGE])?;
    let place = linux.call(number::MMAP, &[0, PAGE, 3, 1, named, 0])?;
    linux.store(place, 8);
    Ok(())
}

fn threads(linux: &mut Linux<'_>) -> Result<(), i32> {
    let stack = linux.map(4 * PAGE, false)?;
    let word = linux.map(PAGE, false)?;
    // VM, FS, FILES, SIGHAND, THREAD.
    linux.clone(0x1_0f00, stack + 4 * PAGE, move |thread| {
        thread.store(word, 1);
        let _ = thread.call(number::FUTEX, &[word, 129, 1]);
    })?;
    while linux.load(word) == 0 {
        // At most a millisecond at a time.
        linux.scoped(|linux| {
            let timeout = push_words(linux.user, &[0, 1_000_000]);
            let _ = linux.call(number::FUTEX, &[word, 128, 0, timeout]);
        });
    }
    Ok(())
}

fn signals(linux: &mut Linux<'_>) -> Result<(), i32> {
    let seen = std::rc::Rc::new(std::cell::Cell::new(false));
    let note = seen.clone();
    linux.on_signal(10, 0, move |_, _| note.set(true))?;
    let own = linux.getpid() as isize;
    linux.mask(0, 1 << 9)?;
    linux.kill(own, 10)?;
    linux.scoped(|linux| -> Result<_, i32> {
        let value = push_words(linux.user, &[0, 7]);
        let record = linux.user.allocate(128);
        linux.user.write(record, &[0; 128]);
        linux.user.write(record + 8, &(-1i32).to_le_bytes());
        linux.call(number::RT_SIGQUEUEINFO, &[own as usize, 17, record])?;
        // A timer that is there and goes away.
        let timer = linux.user.allocate(8);
        linux.call(107, &[1, 0, timer])?;
        let interval = push_words(linux.user, &[0, 0, 100, 0]);
        let timer = word32(linux.user, timer) as usize;
        linux.call(110, &[timer, 0, interval, 0])?;
        let _ = value;
        Ok(())
    })?;
    linux.mask(1, 1 << 9)?;
    assert!(seen.get(), "a standard signal is never lost");
    Ok(())
}

fn terminals(linux: &mut Linux<'_>) -> Result<(), i32> {
    linux.call(number::SETSID, &[])?;
    let master = linux.open("/dev/ptmx", 2, 0)?;
    linux.scoped(|linux| -> Result<_, i32> {
        let zero = push_words(linux.user, &[0]);
        linux.call(number::IOCTL, &[master, 0x4004_5431, zero])
    })?;
    // TIOCGPTPEER, nonblocking.
    let slave = linux.call(number::IOCTL, &[master, 0x5441, 2 | 0o4000])?;
    linux.call(number::IOCTL, &[slave, 0x540e, 0])?;
    linux.write(master, b"typed\n")?;
    let _ = linux.read(slave, 100);
    linux.write(slave, b"printed\n")?;
    linux.call(number::FCNTL, &[master, 4, 2 | 0o4000])?;
    let _ = linux.read(master, 100);
    Ok(())
}

fn events(linux: &mut Linux<'_>) -> Result<(), i32> {
    let epoll = linux.call(20, &[0])?;
    let counter = linux.call(19, &[1, 0o4000])?;
    let timer = linux.call(85, &[1, 0o4000])?;
    linux.scoped(|linux| -> Result<_, i32> {
        let mask = push_words(linux.user, &[1 << 9]);
        let signals = linux.call(74, &[usize::MAX, mask, 8, 0o4000])?;
        for file in [counter, timer, signals] {
            let event = push_words(linux.user, &[1, file]);
            linux.call(21, &[epoll, 1, file, event])?;
        }
        let room = linux.user.allocate(64);
        linux.call(22, &[epoll, room, 4, 0, 0, 8])?;
        let files = push_words(linux.user, &[counter | 1 << 32, timer | 1 << 32]);
        let zero = push_words(linux.user, &[0, 0]);
        linux.call(number::PPOLL, &[files, 2, zero, 0, 8])?;
        let set = push_words(linux.user, &[1 << counter]);
        linux.call(72, &[counter + 1, set, 0, 0, zero, 0])
    })?;
    Ok(())
}

fn sockets(linux: &mut Linux<'_>) -> Result<(), i32> {
    let (first, second) = linux.scoped(|linux| -> Result<_, i32> {
        let place = linux.user.allocate(8);
        linux.call(199, &[1, 1 | 0o4000, 0, place])?;
        let first = word32(linux.user, place) as usize;
        Ok((first, word32(linux.user, place + 4) as usize))
    })?;
    linux.write(first, &[b's'; 6000])?;
    linux.write(second, b"back")?;
    linux.read(second, 6000)?;
    linux.read(first, 10).map(drop)
}

fn proc(linux: &mut Linux<'_>) -> Result<(), i32> {
    let files = [
        "/proc/self/status",
        "/proc/self/maps",
        "/proc/self/cmdline",
        "/proc/meminfo",
        "/proc/mounts",
        "/proc/stat",
        "/proc/scarlet/unimplemented",
    ];
    for path in files {
        let file = match linux.open(path, 0, 0) {
            Err(2) => continue,
            other => other?,
        };
        linux.read(file, 2000)?;
        linux.close(file)?;
    }
    let descriptors = linux.open("/proc/self/fd", 0, 0)?;
    linux.scoped(|linux| -> Result<_, i32> {
        let room = linux.user.allocate(1024);
        linux.call(61, &[descriptors, room, 1024])
    })?;
    Ok(())
}

fn mounts(linux: &mut Linux<'_>) -> Result<(), i32> {
    // CLONE_NEWNS: what is mounted goes with the process.
    linux.call(97, &[0x2_0000])?;
    linux.mount("tmpfs", "/tmp")?;
    let file = linux.open("/tmp/inside", O_CREAT_RDWR, 0o644)?;
    linux.write(file, &[b'm'; 5000])?;
    linux.scoped(|linux| -> Result<_, i32> {
        let path = push_string(linux.user, "/tmp");
        let other = push_string(linux.user, "/dev");
        // MS_BIND
        linux.call(number::MOUNT, &[path, other, path, 0x1000, 0])?;
        linux.call(48, &[AT_FDCWD, other, 0])
    })?;
    Ok(())
}
