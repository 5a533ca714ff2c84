//! Recipes for the native table.

use crate::{DIRECTORY, FILE, FREE, READER, SLAVE, WRITER, check};
use hal::hosted::User;
use scarlet_abi::{CURRENT_DIRECTORY, Call, ErrorCode, NONE};
use testkit::Scarlet;
use testkit::elf::Abi;
use testkit::memory::{push, push_words};
use testkit::pointers::Give::{Both, In, Number, Out, OutSome, Unread, Words};
use testkit::pointers::{Give, Ground, Line, Recipe, Table, recipe, words, zeros};

const PAGE: usize = 4096;
const NOTHING: Give = Number(0);
const RANGE: &str = "names a range of the address space; nothing is read or written there";

fn n(number: usize) -> Give {
    Number(number)
}

/// What the contract calls arguments that are addresses. A name that is in neither list is an
/// error.
const ADDRESSES: &[&str] = &[
    "buffer", "record", "handles", "entries", "name", "abi", "address",
];
const NUMBERS: &[&str] = &[
    "handle",
    "length",
    "offset",
    "origin",
    "minimum",
    "rights",
    "flags",
    "size",
    "count",
    "timeout_ns",
    "mode",
    "mask",
    "protection",
    "status",
    "selector",
    "process",
    "event",
    "group",
    "user",
    "action",
    "expected",
    "clock",
    "duration_ns",
    "time_ns",
    "when",
    "view",
    "environment",
];

fn registers(call: &scarlet_abi::call::Description) -> Vec<(&'static str, Option<bool>)> {
    let mut registers = Vec::new();
    for name in call.arguments.split(", ").filter(|name| !name.is_empty()) {
        match name {
            "path" => registers.extend([
                ("directory", Some(false)),
                ("path", Some(true)),
                ("length", Some(false)),
            ]),
            // A handle's new number, or the text of a symbolic link.
            "target" => registers.push((name, Some(call.call == Call::SymbolicLink))),
            name if ADDRESSES.contains(&name) => registers.push((name, Some(true))),
            name if NUMBERS.contains(&name) => registers.push((name, Some(false))),
            name => panic!("{}: is {name} an address?", call.name),
        }
    }
    registers
}

fn table() -> Table {
    let line = |call: &scarlet_abi::call::Description| Line {
        name: call.name,
        number: call.call as usize,
        registers: registers(call),
    };
    Table {
        lines: scarlet_abi::call::CALLS.iter().map(line).collect(),
        bad_address: Some(ErrorCode::BadAddress as usize),
        error: |result| {
            let negative = (result as isize) < 0;
            negative.then(|| (result as isize).unsigned_abs())
        },
        fork: |user, child| {
            let forked = Scarlet::new(user).fork(move |scarlet| child(scarlet.user));
            forked.is_ok()
        },
        wait: |user| {
            let _ = Scarlet::new(user).wait();
        },
        lowest: |user| {
            let mut scarlet = Scarlet::new(user);
            let arguments = [FILE, 0, scarlet_abi::handle::SAME_RIGHTS, 0];
            let lowest = scarlet.call(Call::Duplicate, &arguments).unwrap_or(0);
            let _ = scarlet.close(lowest);
            lowest
        },
        own: |_| 0,
    }
}

/// A record of `Map`.
fn map(
    scarlet: &mut Scarlet<'_>,
    at: usize,
    pages: usize,
    protection: usize,
    file: usize,
) -> usize {
    scarlet.scoped(|scarlet| {
        // Size and flags in the first word: a file is mapped shared and in its place.
        let flags = if at == 0 { 0 } else { 3usize };
        let record = [48 | flags << 32, at, pages * PAGE, protection, file, 0];
        let record = push_words(scarlet.user, &record);
        scarlet.call(Call::Map, &[record]).unwrap()
    })
}

fn ground(user: &mut User) -> Ground {
    let mut scarlet = Scarlet::new(user);
    let base = map(&mut scarlet, 0, 6, 3, NONE);
    scarlet.call(Call::Unmap, &[base + PAGE, PAGE]).unwrap();
    for (page, protection) in [(2, 1), (3, 0)] {
        let arguments = [base + page * PAGE, PAGE, protection];
        scarlet.call(Call::Protect, &arguments).unwrap();
    }
    let flags = scarlet_abi::file::OpenFlags::READ;
    let file = scarlet.open("/tmp/ground", flags).unwrap();
    map(&mut scarlet, base + 4 * PAGE, 2, 1, file);
    scarlet.close(file).unwrap();
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
        code: vec![("code", Abi::Scarlet.base() as usize)],
    }
}

#[test]
fn native() {
    let mut all = streams();
    all.extend(names());
    all.extend(processes());
    all.extend(system());
    check(Abi::Scarlet, table(), ground, all);
}

/// A string without its terminator.
fn text(text: &str) -> Give {
    In(text.into())
}

/// The three registers of a path.
fn path(name: &str) -> [Give; 3] {
    [n(CURRENT_DIRECTORY), text(name), n(name.len())]
}

fn by_path(call: &'static str, name: &str, rest: impl IntoIterator<Item = Give>) -> Recipe {
    recipe(call, path(name).into_iter().chain(rest).collect::<Vec<_>>())
}

/// A record that the kernel reads, with its size in front and one u32 behind that.
fn sized(size: usize, second: usize, rest: impl IntoIterator<Item = Give>) -> Give {
    let mut record = vec![n(size | second << 32)];
    record.extend(rest);
    assert_eq!(record.len() * 8, size);
    Words(record)
}

fn streams() -> Vec<Recipe> {
    vec![
        recipe("Read", [n(FILE), Out(64), n(64)])
            .partial()
            .after(rewind),
        recipe("Write", [n(FILE), In(vec![b'w'; 64]), n(64)]).partial(),
        recipe("Read", [n(READER), Out(64), n(64)])
            .partial()
            .after(fill_pipe),
        recipe("Write", [n(WRITER), In(vec![b'w'; 64]), n(64)])
            .partial()
            .after(fill_pipe),
        recipe("ReadAt", [n(FILE), Out(64), n(64), n(0)]).partial(),
        recipe("WriteAt", [n(FILE), In(vec![b'w'; 64]), n(64), n(0)]).partial(),
        recipe("HandleInfo", [n(FILE), Out(16), n(16)]),
        recipe("Pipe", [Out(8), n(0)]),
        recipe("Poll", [Both(poll_entry()), n(1), n(0)]).after(fill_pipe),
        recipe("ReadDirectory", [n(DIRECTORY), OutSome(512), n(512)]).after(rewind_directory),
        recipe("HandleStatus", [n(FILE), Out(96), n(96)]),
    ]
}

fn poll_entry() -> Vec<u8> {
    [READER as u32, 1, 0, 0]
        .into_iter()
        .flat_map(u32::to_le_bytes)
        .collect()
}

fn names() -> Vec<Recipe> {
    let pair = |from: &str, to: &str, to_directory: usize| {
        let to = [n(to_directory), text(to), n(to.len())];
        sized(56, 0, path(from).into_iter().chain(to))
    };
    let mode = sized(48, 1, [n(0o644), n(0), n(0), n(0), n(0)]);
    vec![
        by_path("Open", "file", [n(1), n(0)]),
        by_path("Status", "file", [n(0), Out(96), n(96)]),
        by_path("MakeDirectory", "made", [n(0o755)]),
        by_path("Remove", "made", [n(2)]),
        recipe("Link", [pair("file", "linked", CURRENT_DIRECTORY)]),
        recipe("Rename", [pair("linked", "renamed", CURRENT_DIRECTORY)]),
        by_path("SymbolicLink", "symbolic", [text("target"), n(6)]),
        by_path("ReadLink", "link", [OutSome(64), n(64)]),
        by_path("SetAttributes", "file", [n(0), mode]),
        by_path("MakeNode", "node", [sized(24, 1, [n(0o644), n(0)])]),
        by_path("ChangeDirectory", "/tmp", []),
        recipe("CurrentDirectory", [OutSome(64), n(64)]),
        recipe("Bind", [pair("/tmp/mounted", "/tmp/mount", NONE)]),
        recipe(
            "Mount",
            [sized(
                80,
                0,
                [
                    n(NONE),
                    text("/tmp/mount"),
                    n(10),
                    text("tmpfs"),
                    n(5),
                    text("name"),
                    n(4),
                    text("size=1M"),
                    n(7),
                ],
            )],
        ),
        recipe(
            "Unmount",
            [n(NONE)]
                .into_iter()
                .chain(path("/tmp/mount"))
                .chain([n(0)])
                .collect::<Vec<_>>(),
        ),
        by_path("CreateView", "/tmp", []),
        recipe("AttachView", [n(FREE), text("xv6"), n(3)]).after(view),
        recipe(
            "CreateEnvironment",
            [sized(
                56,
                2,
                [text("name"), n(4), text("scarlet"), n(7), n(3), n(PAGE)],
            )],
        ),
        recipe("GiveView", [n(FREE), n(FREE + 1), text("xv6"), n(3)]).after(environment_and_view),
        recipe("EnvironmentInfo", [n(NONE), Out(80), n(80)]),
    ]
}

/// The request of `Spawn` (with handles) and `Execute` (without).
fn program(handles: usize) -> Give {
    let string = |string: &str| [text(string), n(string.len())];
    let strings = || Words(string("a").into_iter().chain(string("bc")).collect());
    let mapping = [1, FILE as u32, u32::MAX, 0];
    let mapping = match handles {
        0 => NOTHING,
        _ => In(mapping.into_iter().flat_map(u32::to_le_bytes).collect()),
    };
    let mut rest = vec![n(CURRENT_DIRECTORY)];
    rest.extend(string("/true"));
    rest.extend([
        strings(),
        n(2),
        strings(),
        n(2),
        mapping,
        n(handles),
        n(CURRENT_DIRECTORY),
    ]);
    rest.extend([NOTHING, NOTHING, NOTHING, NOTHING]);
    sized(120, 0, rest)
}

fn processes() -> Vec<Recipe> {
    let range = || Unread(1 << 30, RANGE);
    let size = size_of::<scarlet_abi::process::ProcessInfo>();
    vec![
        recipe("Map", [sized(48, 0, [n(0), n(PAGE), n(3), n(NONE), n(0)])]),
        recipe("Unmap", [range(), n(PAGE)]),
        recipe("Protect", [range(), n(PAGE), n(1)])
            .fails(ErrorCode::OutOfMemory as usize, "nothing is mapped there"),
        recipe("Spawn", [program(1)]),
        recipe("Execute", [program(0)]).leaves(),
        recipe("Wait", [n(usize::MAX), n(0), Out(32), n(32)]).after(zombie),
        recipe("ProcessInfo", [n(0), Out(size), n(size)]),
        recipe(
            "CreateThread",
            [sized(48, 0, [n(8), n(0), n(0), n(0), n(0)])],
        )
        .leaves(),
        recipe("FutexWait", [zeros(4), n(1), n(0)])
            .fails(ErrorCode::WouldBlock as usize, "the word has another value")
            .or(
                ErrorCode::InvalidArgument as usize,
                "the word is not aligned",
            ),
        recipe("FutexWake", [zeros(4), n(1)]).or(
            ErrorCode::InvalidArgument as usize,
            "the word is not aligned",
        ),
    ]
}

fn system() -> Vec<Recipe> {
    use scarlet_abi::system::{MemoryInfo, SystemInfo};
    let memory = size_of::<MemoryInfo>();
    let system = size_of::<SystemInfo>();
    vec![
        recipe("Clock", [n(0), Out(8)]),
        recipe("Random", [Out(16), n(16)]).partial(),
        recipe("TerminalMode", [n(SLAVE), Out(16), n(16)]),
        recipe("SetTerminalMode", [n(SLAVE), words(&[16, 0]), n(0)]),
        recipe("WindowSize", [n(SLAVE), Out(8), n(8)]),
        recipe("SetWindowSize", [n(SLAVE), words(&[8])]),
        recipe("SystemInfo", [Out(system), n(system)]),
        recipe("MemoryInfo", [Out(memory), n(memory)]),
        recipe("SetHostName", [text("name"), n(4)]),
    ]
}

fn rewind(user: &mut User) {
    let _ = Scarlet::new(user).call(Call::Seek, &[FILE, 0, 0]);
}

fn rewind_directory(user: &mut User) {
    let _ = Scarlet::new(user).call(Call::Seek, &[DIRECTORY, 0, 0]);
}

/// A new pipe with something in it, at the numbers of the old one.
fn fill_pipe(user: &mut User) {
    let mut scarlet = Scarlet::new(user);
    let _ = (scarlet.close(READER), scarlet.close(WRITER));
    assert_eq!(scarlet.pipe(), Ok((READER, WRITER)));
    scarlet.write(WRITER, &[b'p'; 128]).unwrap();
}

/// A view of /tmp, in the first free slot.
fn view(user: &mut User) {
    let mut scarlet = Scarlet::new(user);
    let _ = scarlet.close(FREE);
    scarlet.scoped(|scarlet| {
        let text = push(scarlet.user, b"/tmp");
        let arguments = [CURRENT_DIRECTORY, text, 4];
        assert_eq!(scarlet.call(Call::CreateView, &arguments), Ok(FREE));
    });
}

/// An environment and a view of /tmp, in the first free slots.
fn environment_and_view(user: &mut User) {
    let mut scarlet = Scarlet::new(user);
    let _ = (scarlet.close(FREE), scarlet.close(FREE + 1));
    assert_eq!(scarlet.create_environment(0, 3, 0), Ok(FREE));
    let view = scarlet.call_path(Call::CreateView, &[], "/tmp", &[]);
    assert_eq!(view, Ok(FREE + 1));
}

fn zombie(user: &mut User) {
    Scarlet::new(user).fork(|_| ()).unwrap();
}
