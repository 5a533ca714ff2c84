//! Recipes for calls about files and names.

use super::{EINVAL, HERE, NULL, empty_pipe, fill_pipe, n, rewind_directory, rewind_file};
use crate::{DIRECTORY, FILE, FREE, MASTER, OTHER, READER, SLAVE, WRITER};
use hal::hosted::User;
use testkit::Linux;
use testkit::pointers::Give::{Both, In, Out, OutSome, Text, Unread, Words};
use testkit::pointers::{Give, Recipe, recipe, words, zeros};

/// The unique number of the first mount there is.
const FIRST_MOUNT: usize = (1 << 31) + 1;

fn path_of(name: &'static str) -> [Give; 2] {
    [HERE, Text(name)]
}

/// Calls whose first two registers are a directory and a path.
fn at(call: &'static str, path: &'static str, rest: impl IntoIterator<Item = Give>) -> Recipe {
    let gives: Vec<Give> = path_of(path).into_iter().chain(rest).collect();
    recipe(call, gives)
}

fn vectors() -> Give {
    Words(vec![Out(32), n(32), Out(32), n(32)])
}

fn vectors_to_write() -> Give {
    Words(vec![In(vec![b'v'; 32]), n(32), In(vec![b'v'; 32]), n(32)])
}

/// A `struct file_handle` with eight bytes.
fn handle(kind: u8) -> Vec<u8> {
    [8, 0, 0, 0, kind, 0, 0, 0]
        .into_iter()
        .chain([0xff; 8])
        .collect()
}

pub fn all() -> Vec<Recipe> {
    let mut all = Vec::new();
    let names = ["user.a", "user.b", "user.c"];
    let by = |call: &str| [call.into(), format!("l{call}"), format!("f{call}")];
    // The third of each kin takes a descriptor.
    let target = |index: usize| if index == 2 { n(FILE) } else { Text("file") };
    let kin = |call: &str, gives: &dyn Fn(usize) -> Vec<Give>| -> Vec<Recipe> {
        let calls = by(call).into_iter().enumerate();
        calls
            .map(|(index, call)| {
                let gives: Vec<Give> = [target(index)].into_iter().chain(gives(index)).collect();
                recipe(call.leak(), gives)
            })
            .collect()
    };
    all.extend(kin("setxattr", &|index| {
        vec![Text(names[index]), In(vec![b'v'; 4]), n(4), n(0)]
    }));
    all.extend(kin("getxattr", &|index| {
        vec![Text(names[index]), OutSome(8), n(8)]
    }));
    all.extend(kin("listxattr", &|_| vec![OutSome(64), n(64)]));
    all.extend(kin("removexattr", &|index| vec![Text(names[index])]));
    all.extend([
        recipe("getcwd", [OutSome(64), n(64)]),
        at("mknodat", "node", [n(0o100_644), n(0)]),
        at("mkdirat", "made", [n(0o755)]),
        at("unlinkat", "made", [n(0x200)]),
        recipe("symlinkat", [Text("target"), HERE, Text("symbolic")]),
        at("linkat", "file", [HERE, Text("linked"), n(0)]),
        at("renameat2", "linked", [HERE, Text("renamed"), n(0)]),
        recipe("umount2", [Text("/tmp/mounted"), n(0)]).after(own_mounts),
        recipe(
            "mount",
            [
                Text("source").or_null(),
                Text("/tmp/mount"),
                Text("tmpfs"),
                n(0),
                Text("size=1m").or_null(),
            ],
        )
        .or(EINVAL, "without a type there is no file system"),
        recipe("pivot_root", [Text("/tmp/mounted"), Text("/tmp/mounted")]).after(own_mounts),
        at("open_tree", "/tmp/mounted", [n(1)]),
        at(
            "move_mount",
            "/tmp/mounted",
            [HERE, Text("/tmp/mount"), n(0)],
        )
        .after(own_mounts),
        recipe("fsopen", [Text("tmpfs"), n(0)]),
        recipe("fsconfig", [n(FREE), n(1), Text("size"), Text("1m"), n(0)])
            .after(configuration)
            .or(EINVAL, NULL),
        at("fspick", "/tmp/mounted", [n(0)]),
        at(
            "mount_setattr",
            "/tmp/mounted",
            [n(0), words(&[2, 0, 0, 0]), n(32)],
        ),
        // The machine's first mount.
        recipe(
            "statmount",
            [words(&[32, FIRST_MOUNT, 2, 0]), Out(512), n(512), n(0)],
        )
        .or(EINVAL, NULL),
        recipe(
            "listmount",
            [words(&[32, usize::MAX, 0, 0]), OutSome(64), n(8), n(0)],
        ),
        recipe("statfs", [Text("file"), Out(120)]),
        recipe("fstatfs", [n(FILE), Out(120)]),
        recipe("truncate", [Text("other"), n(100)]),
        at("faccessat", "file", [n(4)]),
        at("faccessat2", "file", [n(4), n(0)]),
        recipe("chdir", [Text("/tmp")]),
        recipe("chroot", [Text("/")]),
        at("fchmodat", "file", [n(0o644)]),
        at("fchmodat2", "file", [n(0o644), n(0)]),
        at("fchownat", "file", [n(0), n(0), n(0)]),
        at("openat", "file", [n(0), n(0)]),
        at("openat2", "file", [zeros(24), n(24)]),
        recipe("pipe2", [Out(8), n(0)]),
        recipe("getdents64", [n(DIRECTORY), OutSome(512), n(512)]).after(rewind_directory),
        recipe("read", [n(FILE), Out(64), n(64)])
            .partial()
            .after(rewind_file),
        recipe("write", [n(FILE), In(vec![b'w'; 64]), n(64)]).partial(),
        recipe("read", [n(READER), Out(64), n(64)])
            .partial()
            .after(fill_pipe),
        recipe("write", [n(WRITER), In(vec![b'w'; 64]), n(64)])
            .partial()
            .after(empty_pipe),
        recipe("readv", [n(FILE), vectors(), n(2)])
            .partial()
            .after(rewind_file),
        recipe("writev", [n(FILE), vectors_to_write(), n(2)]).partial(),
        recipe("pread64", [n(FILE), Out(64), n(64), n(0)]).partial(),
        recipe("pwrite64", [n(FILE), In(vec![b'w'; 64]), n(64), n(0)]).partial(),
        recipe("preadv", [n(FILE), vectors(), n(2), n(0), n(0)]).partial(),
        recipe("pwritev", [n(FILE), vectors_to_write(), n(2), n(0), n(0)]).partial(),
        recipe("preadv2", [n(FILE), vectors(), n(2), n(0), n(0), n(0)]).partial(),
        recipe(
            "pwritev2",
            [n(FILE), vectors_to_write(), n(2), n(0), n(0), n(0)],
        )
        .partial(),
        recipe(
            "sendfile",
            [n(OTHER), n(FILE), Both(vec![0; 8]).or_null(), n(16)],
        )
        .after(rewind_file),
        recipe(
            "splice",
            [
                n(FILE),
                Both(vec![0; 8]).or_null(),
                n(WRITER),
                Unread(0, "a pipe has none"),
                n(4),
                n(0),
            ],
        )
        .after(empty_pipe),
        recipe("vmsplice", [n(WRITER), vectors_to_write(), n(2), n(0)])
            .partial()
            .after(empty_pipe),
        recipe(
            "splice",
            [
                n(READER),
                Unread(0, "a pipe has none"),
                n(FILE),
                Both(vec![0; 8]).or_null(),
                n(4),
                n(0),
            ],
        )
        .after(fill_pipe),
        recipe(
            "copy_file_range",
            [
                n(FILE),
                Both(vec![0; 8]).or_null(),
                n(OTHER),
                Both(vec![0; 8]).or_null(),
                n(4),
                n(0),
            ],
        ),
        at("readlinkat", "link", [OutSome(64), n(64)]),
        at("newfstatat", "file", [Out(128), n(0)]),
        recipe("fstat", [n(FILE), Out(128)]),
        at("utimensat", "file", [zeros(32).or_null(), n(0)]),
        at("statx", "file", [n(0), n(0x7ff), Out(256)]),
        recipe("memfd_create", [Text("name"), n(0)]),
        at("name_to_handle_at", "file", [Both(handle(0)), Out(4), n(0)]),
        recipe("open_by_handle_at", [HERE, In(handle(1)), n(0)])
            .fails(116, "no file has this number"),
    ]);
    all
}

/// fcntl, ioctl and prctl: one recipe for each command that takes an address.
pub fn controls() -> Vec<Recipe> {
    let mut all = Vec::new();
    for command in [5, 36] {
        all.push(recipe("fcntl", [n(FILE), n(command), Both(vec![0; 32])]));
    }
    all.push(recipe("fcntl", [n(FILE), n(15), zeros(8)]));
    all.push(recipe("fcntl", [n(FILE), n(16), Out(8)]));
    for command in [6, 7, 37, 38] {
        all.push(recipe("fcntl", [n(FILE), n(command), zeros(32)]));
    }
    let terminal_settings = [
        (0x5401, 36, [0x5402, 0x5403, 0x5404]),
        (0x802c_542a, 44, [0x402c_542b, 0x402c_542c, 0x402c_542d]),
    ];
    for (get, size, set) in terminal_settings {
        all.push(recipe("ioctl", [n(SLAVE), n(get), Out(size)]));
        for request in set {
            all.push(recipe("ioctl", [n(SLAVE), n(request), zeros(size)]));
        }
    }
    all.push(recipe("ioctl", [n(SLAVE), n(0x5405), Out(18)]));
    for request in [0x5406, 0x5407, 0x5408] {
        all.push(recipe("ioctl", [n(SLAVE), n(request), zeros(18)]));
    }
    let written = [
        (SLAVE, 0x540f),       // TIOCGPGRP
        (SLAVE, 0x5429),       // TIOCGSID
        (SLAVE, 0x5411),       // TIOCOUTQ
        (SLAVE, 0x8004_5432),  // TIOCGDEV
        (SLAVE, 0x541b),       // FIONREAD
        (MASTER, 0x8004_5430), // TIOCGPTN
        (MASTER, 0x8004_5439), // TIOCGPTLCK
        (READER, 0x541b),      // FIONREAD
        (FILE, 0x541b),        // FIONREAD
        (FILE, 2),             // FIGETBSZ
    ];
    for (file, request) in written {
        all.push(recipe("ioctl", [n(file), n(request), Out(4)]));
    }
    all.extend([
        recipe("ioctl", [n(SLAVE), n(0x5413), Out(8)]),
        recipe("ioctl", [n(SLAVE), n(0x5414), zeros(8)]),
        recipe("ioctl", [n(SLAVE), n(0x5412), In(vec![b'x'])]),
        recipe("ioctl", [n(MASTER), n(0x4004_5431), zeros(4)]),
        recipe("ioctl", [n(READER), n(0x5421), zeros(4)]),
        recipe("ioctl", [n(READER), n(0x5452), zeros(4)]),
        recipe("ioctl", [n(SLAVE), n(0x5410), group_of_tester()]).after(own_group),
    ]);
    let prctl = |option, give| recipe("prctl", [n(option), give, n(0), n(0), n(0)]);
    all.extend([
        prctl(15, Text("a name")),
        prctl(16, Out(16)),
        prctl(2, Out(4)),
        prctl(37, Out(4)),
        prctl(40, Out(8)),
    ]);
    all
}

fn group_of_tester() -> Give {
    // The group of the process that made the session: the second process of the machine.
    In(vec![2, 0, 0, 0])
}

fn own_group(user: &mut User) {
    // SIGTTOU is ignored: a background process may then set the foreground group.
    Linux::new(user).set_action(22, 1, 0).unwrap();
}

/// Mounts of one's own: what is done to them nobody else sees.
fn own_mounts(user: &mut User) {
    Linux::new(user).call(97, &[0x20000]).unwrap();
}

/// A tmpfs that is being configured, in the first free slot.
fn configuration(user: &mut User) {
    let mut linux = Linux::new(user);
    let _ = linux.close(FREE);
    linux.scoped(|linux| {
        let kind = testkit::memory::push(linux.user, b"tmpfs\0");
        assert_eq!(linux.call(430, &[kind, 0]), Ok(FREE));
    });
}
