//! Recipes for the Linux table: here what is not about files.

mod files;
mod sockets;
mod system_v;

use crate::{DIRECTORY, FILE, FREE, READER, WRITER, check};
use hal::hosted::User;
use testkit::Linux;
use testkit::elf::Abi;
use testkit::linux::{AT_FDCWD, number};
use testkit::pointers::Give::{Both, In, Number, Out, OutSome, Own, Text, Unread, Words};
use testkit::pointers::{Give, Ground, Line, Recipe, Table, recipe, words, zeros};

const HERE: Give = Number(AT_FDCWD);
const NOTHING: Give = Number(0);
const EINVAL: usize = 22;
const EAGAIN: usize = 11;
const UNALIGNED: &str = "a word that is not aligned is no futex: futex(2)";
const NULL: &str = "a null pointer is refused before it is used, as on Linux";
const RANGE: &str = "names a range of the address space; nothing is read or written there";

fn n(number: usize) -> Give {
    Number(number)
}

/// Types of arguments that are no addresses. A type that is in neither list is an error.
const NUMBERS: &[&str] = &[
    "Fd",
    "DirectoryFd",
    "i32",
    "u32",
    "i64",
    "u64",
    "AtFlags",
    "CounterFlags",
    "WatchQueueFlags",
    "CreateFlags",
    "CloseOnExec",
    "UnmountFlags",
    "MountArgument",
    "SignalFdFlags",
    "SpliceFlags",
    "TimerFdFlags",
    "TimerSetFlags",
    "RemapFlags",
    "SyncFlags",
    "RandomFlags",
    "MemoryFileFlags",
    "CloseRangeFlags",
    "LockFlags",
    "LockAllFlags",
];

fn lines() -> Vec<Line> {
    let here = abi_linux::table::CALLS.iter();
    here.filter(|call| call.machines.here())
        .map(|call| Line {
            name: call.name,
            number: call.number.into(),
            registers: call.arguments.iter().flat_map(registers).collect(),
        })
        .collect()
}

fn registers(
    argument: &abi_linux::table::ArgumentDescription,
) -> Vec<(&'static str, Option<bool>)> {
    let compact = argument.kind.replace(' ', "");
    let kind = match compact.find('<') {
        Some(end) => &compact[..end],
        None => compact.rsplit("::").next().unwrap_or(""),
    };
    let first = match kind {
        "UserPtr" | "UserPath" | "UserSlice" => Some(true),
        // Says nothing: a recipe has to.
        "usize" => None,
        kind if NUMBERS.contains(&kind) => Some(false),
        kind => panic!("{}: is a {kind} an address?", argument.name),
    };
    let mut registers = vec![(argument.name, first)];
    registers.resize(argument.registers, (argument.name, Some(false)));
    registers
}

fn table() -> Table {
    Table {
        lines: lines(),
        bad_address: Some(14),
        error: |result| match result as isize {
            error @ -4095..=-1 => Some(-error as usize),
            _ => None,
        },
        fork: |user, child| {
            let forked = Linux::new(user).fork(move |linux| child(linux.user));
            forked.is_ok()
        },
        wait: |user| {
            let _ = Linux::new(user).wait();
        },
        lowest: |user| {
            let mut linux = Linux::new(user);
            let lowest = linux.call(number::DUP, &[FILE]).unwrap_or(0);
            let _ = linux.close(lowest);
            lowest
        },
        own: |user| Linux::new(user).getpid(),
    }
}

/// Pages: the edge, a hole, read only, inaccessible, beyond a file's end, a file's own.
fn ground(user: &mut User) -> Ground {
    const PAGE: usize = 4096;
    let mut linux = Linux::new(user);
    let base = linux.map(6 * PAGE, false).unwrap();
    linux.unmap(base + PAGE, PAGE).unwrap();
    for (page, protection) in [(2, 1), (3, 0)] {
        let arguments = [base + page * PAGE, PAGE, protection];
        linux.call(number::MPROTECT, &arguments).unwrap();
    }
    // MAP_SHARED | MAP_FIXED, for reading.
    let file = linux.open("/tmp/ground", 0, 0).unwrap();
    let arguments = [base + 4 * PAGE, 2 * PAGE, 1, 0x11, file, 0];
    linux.call(number::MMAP, &arguments).unwrap();
    linux.close(file).unwrap();
    Ground {
        edge: base + PAGE,
        unreadable: vec![
            ("null", 0),
            ("in the null page", 8),
            ("a hole", base + PAGE + 16),
            ("an inaccessible page", base + 3 * PAGE),
            ("beyond a file's end", base + 5 * PAGE),
        ],
        unwritable: vec![
            ("a page to be read only", base + 2 * PAGE),
            ("a file's page to be read only", base + 4 * PAGE),
        ],
        code: vec![("code", Abi::Linux.base() as usize)],
    }
}

#[test]
fn linux() {
    let mut all = files::all();
    all.extend(files::controls());
    all.extend(events());
    all.extend(sockets::all());
    all.extend(system_v::all());
    all.extend(processes());
    all.extend(memory());
    check(Abi::Linux, table(), ground, all);
}

fn events() -> Vec<Recipe> {
    let mask = || zeros(8).or_null();
    let second = || words(&[0, 0]).or_null();
    let readable = || Both(vec![READER as u8, 0, 0, 0, 1, 0, 0, 0]);
    let read_set = || Both(vec![1 << READER, 0, 0, 0, 0, 0, 0, 0]).or_null();
    let settings = || zeros(32);
    vec![
        recipe("epoll_ctl", [n(FREE), n(1), n(WRITER), zeros(16)]).after(make_epoll),
        recipe("epoll_pwait", [n(FREE), Out(16), n(1), n(0), mask(), n(8)]).after(ready_epoll),
        recipe(
            "epoll_pwait2",
            [n(FREE), Out(16), n(1), second(), mask(), n(8)],
        )
        .after(ready_epoll),
        recipe(
            "pselect6",
            [
                n(FREE),
                read_set(),
                read_set(),
                read_set(),
                second(),
                Words(vec![mask(), n(8)]).or_null(),
            ],
        )
        .after(fill_pipe),
        recipe("ppoll", [readable(), n(1), second(), mask(), n(8)]).after(fill_pipe),
        recipe("inotify_add_watch", [n(FREE), Text("file"), n(0xfff)]).after(make_watch_queue),
        recipe("signalfd4", [n(usize::MAX), zeros(8), n(8), n(0)]),
        recipe(
            "timerfd_settime",
            [n(FREE), n(0), settings(), Out(32).or_null()],
        )
        .after(make_timer),
        recipe("timerfd_gettime", [n(FREE), Out(32)]).after(make_timer),
        recipe(
            "nanosleep",
            [
                words(&[0, 0]),
                Unread(0, "written only when a signal interrupts"),
            ],
        ),
        recipe(
            "clock_nanosleep",
            [
                n(1),
                n(0),
                words(&[0, 0]),
                Unread(0, "written only when a signal interrupts"),
            ],
        ),
        recipe("getitimer", [n(0), Out(32)]),
        recipe("setitimer", [n(0), settings().or_null(), Out(32).or_null()]),
        recipe(
            "timer_create",
            [n(1), words(&[0, 10, 0, 0, 0, 0, 0, 0]).or_null(), Out(4)],
        ),
        recipe("timer_gettime", [n(0), Out(32)]).after(posix_timer),
        recipe("timer_settime", [n(0), n(0), settings(), Out(32).or_null()])
            .after(posix_timer)
            .or(EINVAL, NULL),
        recipe("clock_settime", [n(0), words(&[2_000_000_000, 0])]),
        recipe("clock_gettime", [n(1), Out(16)]),
        recipe("adjtimex", [Both(vec![0; 208])]),
        recipe("clock_adjtime", [n(0), Both(vec![0; 208])]),
        recipe("clock_getres", [n(1), Out(16).or_null()]),
        recipe("gettimeofday", [Out(16).or_null(), Out(8).or_null()]),
        recipe(
            "settimeofday",
            [words(&[2_000_000_000, 0]).or_null(), zeros(8).or_null()],
        ),
        recipe("futex", [zeros(4), n(0), n(1), second(), NOTHING, NOTHING])
            .fails(EAGAIN, "the word has another value")
            .or(EINVAL, UNALIGNED),
        recipe("futex", [zeros(4), n(9), n(1), second(), NOTHING, n(1)])
            .fails(EAGAIN, "the word has another value")
            .or(EINVAL, UNALIGNED),
        recipe("futex", [zeros(4), n(1), n(1), NOTHING, NOTHING, NOTHING]).or(EINVAL, UNALIGNED),
        recipe("futex", [zeros(4), n(4), n(1), n(1), zeros(4), NOTHING]).or(EINVAL, UNALIGNED),
        recipe("futex", [zeros(4), n(3), n(1), n(1), zeros(4), NOTHING]).or(EINVAL, UNALIGNED),
        recipe(
            "futex",
            [zeros(4), n(5), n(1), n(1), Both(vec![0; 4]), NOTHING],
        )
        .or(EINVAL, UNALIGNED),
        recipe(
            "sigaltstack",
            [words(&[0, 2, 0]).or_null(), Out(24).or_null()],
        ),
        recipe("rt_sigsuspend", [zeros(8), n(8)]).leaves(),
        recipe(
            "rt_sigaction",
            [n(10), zeros(24).or_null(), Out(24).or_null(), n(8)],
        ),
        recipe(
            "rt_sigprocmask",
            [n(0), zeros(8).or_null(), Out(8).or_null(), n(8)],
        ),
        recipe("rt_sigpending", [Out(8), n(8)]),
        recipe(
            "rt_sigtimedwait",
            [
                words(&[1 << 9]),
                Out(128).or_null(),
                words(&[0, 0]).or_null(),
                n(8),
            ],
        )
        .after(pending_signal),
        recipe("rt_sigqueueinfo", [Own, n(17), queued()]),
        recipe("rt_tgsigqueueinfo", [Own, Own, n(17), queued()]),
    ]
}

/// A siginfo with the code `SI_QUEUE`.
fn queued() -> Give {
    let mut bytes = vec![0; 128];
    bytes[8..12].copy_from_slice(&(-1i32).to_le_bytes());
    In(bytes)
}

fn processes() -> Vec<Recipe> {
    let credential = || Out(4);
    let limit = || words(&[1024, 4096]);
    let version = || Both(vec![0x22, 0x05, 0x08, 0x20, 0, 0, 0, 0]);
    let arguments = || Words(vec![Text("true").or_null(), NOTHING]).or_null();
    // Effective, permitted, inheritable; the low 32 bits of all three first.
    let everything = [u32::MAX, u32::MAX, 0, 0x1ff, 0x1ff, 0];
    let everything = everything.into_iter().flat_map(u32::to_le_bytes).collect();
    let mut all = Vec::new();
    for call in ["getresuid", "getresgid"] {
        all.push(recipe(call, [credential(), credential(), credential()]));
    }
    for call in ["sethostname", "setdomainname"] {
        all.push(recipe(call, [In(b"name".into()), n(4)]));
    }
    all.extend([
        recipe("capget", [version(), Out(24).or_null()]),
        recipe("capset", [version(), In(everything)]),
        recipe(
            "waitid",
            [n(0), n(0), Out(128).or_null(), n(4), Out(144).or_null()],
        )
        .after(zombie),
        recipe(
            "wait4",
            [n(usize::MAX), Out(4).or_null(), n(0), Out(144).or_null()],
        )
        .after(zombie),
        recipe("get_robust_list", [n(0), Out(8), Out(8)]),
        recipe("syslog", [n(3), OutSome(4096), n(4096)]).or(EINVAL, NULL),
        recipe("sched_setparam", [n(0), zeros(4)]).or(EINVAL, NULL),
        recipe("sched_setscheduler", [n(0), n(0), zeros(4)]).or(EINVAL, NULL),
        recipe("sched_getparam", [n(0), Out(4)]).or(EINVAL, NULL),
        recipe(
            "sched_setattr",
            [n(0), words(&[56, 0, 0, 0, 0, 0, 0]), n(0)],
        )
        .or(EINVAL, NULL),
        recipe("sched_getattr", [n(0), Out(56), n(56), n(0)]).or(EINVAL, NULL),
        recipe("ioprio_set", [n(1), n(0), n(0)]),
        recipe("ioprio_get", [n(1), n(0)]),
        recipe("sched_setaffinity", [n(0), n(8), words(&[3])]),
        recipe("sched_getaffinity", [n(0), n(8), Out(8)]),
        recipe("sched_rr_get_interval", [n(0), Out(16)]),
        recipe(
            "reboot",
            [
                n(0xfee1_dead),
                n(672_274_793),
                n(0xa1b2_c3d4),
                Unread(
                    0,
                    "a restart with a word for the firmware is refused before the word",
                ),
            ],
        )
        .fails(EINVAL, "there is no such command"),
        recipe("times", [Out(32).or_null()]),
        recipe("getgroups", [n(1), Out(4)]).after(one_group),
        recipe("setgroups", [n(1), zeros(4)]),
        recipe("uname", [Out(390)]),
        recipe("getrlimit", [n(7), Out(16)]),
        recipe("setrlimit", [n(7), limit()]),
        recipe(
            "prlimit64",
            [n(0), n(7), limit().or_null(), Out(16).or_null()],
        ),
        recipe("getrusage", [n(0), Out(144)]),
        recipe(
            "getcpu",
            [
                Out(4).or_null(),
                Out(4).or_null(),
                Unread(0, "unused since Linux 2.6.24"),
            ],
        ),
        recipe("sysinfo", [Out(112)]),
        recipe("socketpair", [n(1), n(1), n(0), Out(8)]),
        recipe("execve", [Text("/true"), arguments(), arguments()]).leaves(),
        recipe(
            "execveat",
            [HERE, Text("/true"), arguments(), arguments(), n(0)],
        )
        .leaves(),
        recipe("getrandom", [Out(16), n(16), n(0)]).partial(),
        recipe(
            "riscv_hwprobe",
            [Both(vec![0; 16]), n(1), n(8), words(&[1]), n(0)],
        ),
        recipe(
            "clone3",
            [words(&[0, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0]), n(88)],
        ),
        recipe(
            "pidfd_send_signal",
            [n(FREE), n(0), zeros(128).or_null(), n(0)],
        )
        .after(open_itself),
    ]);
    all
}

/// Calls that are about addresses, and those that keep one for later.
fn memory() -> Vec<Recipe> {
    let range = || Unread(1 << 30, RANGE);
    let number = || {
        Unread(
            8,
            "written when the child exists already: clone(2) ignores a failure",
        )
    };
    let unasked = || Unread(8, "no flag asks for it");
    vec![
        recipe("mincore", [Unread(0x1_0000, RANGE), n(4096), Out(1)]),
        recipe("brk", [Unread(0, RANGE)]),
        recipe("munmap", [range(), n(4096)]),
        recipe("mremap", [range(), n(4096), n(4096), n(0), range()])
            .fails(14, "nothing is mapped there"),
        recipe(
            "mmap",
            [range(), n(4096), n(3), n(0x22), n(usize::MAX), n(0)],
        ),
        recipe("mprotect", [range(), n(4096), n(1)]).fails(12, "nothing is mapped there"),
        recipe("msync", [range(), n(4096), n(4)]).fails(12, "nothing is mapped there"),
        recipe("mlock", [range(), n(4096)]).fails(12, "nothing is mapped there"),
        recipe("mlock2", [range(), n(4096), n(0)]).fails(12, "nothing is mapped there"),
        recipe("mlockall", [n(1)]),
        recipe("munlockall", []),
        recipe("munlock", [range(), n(4096)]).fails(12, "nothing is mapped there"),
        recipe("madvise", [range(), n(4096), n(4)]).fails(12, "nothing is mapped there"),
        recipe("riscv_flush_icache", [range(), n(4096), n(0)]),
        recipe(
            "set_tid_address",
            [Unread(
                8,
                "kept for the thread's end, which ignores what cannot be written",
            )],
        ),
        recipe(
            "set_robust_list",
            [
                Unread(
                    8,
                    "kept for the thread's end, which ignores what cannot be read",
                ),
                n(24),
            ],
        ),
        recipe(
            "clone",
            [n(17 | 0x10_0000), NOTHING, number(), NOTHING, unasked()],
        ),
        recipe(
            "clone",
            [n(17 | 0x100_0000), NOTHING, unasked(), NOTHING, number()],
        ),
        recipe("readahead", [n(FILE), n(0), n(4096)]),
    ]
}

fn rewind_file(user: &mut User) {
    let _ = Linux::new(user).call(number::LSEEK, &[FILE, 0, 0]);
}

fn rewind_directory(user: &mut User) {
    let _ = Linux::new(user).call(number::LSEEK, &[DIRECTORY, 0, 0]);
}

fn fill_pipe(user: &mut User) {
    empty_pipe(user);
    let _ = Linux::new(user).write(WRITER, &[b'p'; 128]);
}

/// Empties the pipe, but for a byte that a read need not wait for.
fn empty_pipe(user: &mut User) {
    let mut linux = Linux::new(user);
    let _ = linux.write(WRITER, b"p");
    let _ = linux.read(READER, 4096);
}

fn make_epoll(user: &mut User) {
    let mut linux = Linux::new(user);
    let _ = linux.close(FREE);
    linux.call(20, &[0]).unwrap();
}

fn ready_epoll(user: &mut User) {
    make_epoll(user);
    Linux::new(user).scoped(|linux| {
        let event = testkit::memory::push_words(linux.user, &[4, 0]);
        linux.call(21, &[FREE, 1, WRITER, event]).unwrap();
    });
}

fn make_watch_queue(user: &mut User) {
    let mut linux = Linux::new(user);
    let _ = linux.close(FREE);
    linux.call(26, &[0]).unwrap();
}

fn make_timer(user: &mut User) {
    let mut linux = Linux::new(user);
    let _ = linux.close(FREE);
    linux.call(85, &[1, 0]).unwrap();
}

fn posix_timer(user: &mut User) {
    Linux::new(user).scoped(|linux| {
        let place = linux.user.allocate(8);
        let settings = linux.user.allocate(32);
        if linux.call(108, &[0, settings]).is_err() {
            linux.call(107, &[1, 0, place]).unwrap();
        }
    });
}

fn pending_signal(user: &mut User) {
    let mut linux = Linux::new(user);
    linux.mask(0, 1 << 9).unwrap();
    let own = linux.getpid();
    linux.kill(own as isize, 10).unwrap();
}

fn one_group(user: &mut User) {
    Linux::new(user).scoped(|linux| {
        let list = testkit::memory::push_words(linux.user, &[0]);
        linux.call(159, &[1, list]).unwrap();
    });
}

/// A descriptor of the caller in the lowest free slot.
fn open_itself(user: &mut User) {
    let mut linux = Linux::new(user);
    let _ = linux.call(57, &[FREE]);
    let id = linux.call(172, &[]).unwrap();
    assert_eq!(linux.call(434, &[id, 0]), Ok(FREE));
}

fn zombie(user: &mut User) {
    Linux::new(user).fork(|_| ()).unwrap();
}
