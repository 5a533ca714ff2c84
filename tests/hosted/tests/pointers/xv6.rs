//! Recipes for the xv6 table. Every error is -1.

use crate::{FILE, READER, WRITER, check};
use hal::hosted::User;
use testkit::Xv6;
use testkit::elf::Abi;
use testkit::pointers::Give::{In, Number, Out, Text, Words};
use testkit::pointers::{Ground, Line, Recipe, Table, recipe};
use testkit::xv6::O_RDONLY;

const PAGE: usize = 4096;

fn table() -> Table {
    let line = |call: &abi_xv6::table::SystemCall| Line {
        name: call.name,
        number: call.number,
        registers: call
            .arguments
            .iter()
            .map(|argument| (argument.name, Some(is_address(argument.kind))))
            .collect(),
    };
    Table {
        lines: abi_xv6::table::CALLS.iter().map(line).collect(),
        bad_address: None,
        error: |result| ((result as i32) < 0).then_some(1),
        fork: |user, child| Xv6::new(user).fork(move |xv6| child(xv6.user)).is_some(),
        wait: |user| {
            let _ = Xv6::new(user).wait();
        },
        lowest: |user| {
            let mut xv6 = Xv6::new(user);
            let lowest = xv6.dup(FILE).unwrap_or(0);
            let _ = xv6.close(lowest);
            lowest
        },
        own: |user| Xv6::new(user).getpid(),
    }
}

fn is_address(kind: &str) -> bool {
    match kind {
        "int" | "descriptor" => false,
        "string" | "buffer" | "pointer" => true,
        kind => panic!("is a {kind} an address?"),
    }
}

/// The end of the heap is the edge; below the stack is a page that only the kernel may touch.
fn ground(user: &mut User) -> Ground {
    let stack = user.stack_pointer();
    let mut xv6 = Xv6::new(user);
    let heap = xv6.sbrk(2 * PAGE as isize).unwrap();
    let edge = heap + 2 * PAGE;
    Ground {
        edge,
        unreadable: vec![
            ("behind the heap", edge + 16),
            ("far behind the heap", 1 << 30),
            ("the page below the stack", stack - stack % PAGE - 16),
            ("xv6's trampoline", (1 << 38) - PAGE),
            ("xv6's trap frame", (1 << 38) - 2 * PAGE),
        ],
        unwritable: Vec::new(),
        code: vec![("code", 0), ("in the code", 8)],
    }
}

#[test]
fn xv6() {
    let n = Number;
    let text = || Text("true");
    let arguments = || Words(vec![text(), n(0)]);
    let all: Vec<Recipe> = vec![
        recipe("wait", [Out(4).or_null()]).after(zombie),
        recipe("pipe", [Out(8)]),
        recipe("read", [n(FILE), Out(64), n(64)]).partial(),
        recipe("read", [n(READER), Out(64), n(64)])
            .partial()
            .after(fill_pipe),
        recipe("write", [n(FILE), In(vec![b'w'; 64]), n(64)]).partial(),
        recipe("write", [n(WRITER), In(vec![b'w'; 64]), n(64)])
            .partial()
            .after(fill_pipe),
        recipe("exec", [Text("/true"), arguments()]).leaves(),
        recipe("fstat", [n(FILE), Out(24)]),
        recipe("chdir", [Text("/tmp")]),
        recipe("open", [Text("file"), n(O_RDONLY)]),
        recipe("mknod", [Text("node"), n(1), n(0)]),
        recipe("unlink", [Text("node")]),
        recipe("link", [Text("file"), Text("linked")]),
        recipe("mkdir", [Text("made")]),
    ];
    check(Abi::Xv6, table(), ground, all);
}

/// A new pipe with something in it, at the numbers of the old one.
fn fill_pipe(user: &mut User) {
    let mut xv6 = Xv6::new(user);
    let _ = (xv6.close(READER), xv6.close(WRITER));
    assert_eq!(xv6.pipe(), Some((READER, WRITER)));
    assert_eq!(xv6.write(WRITER, &[b'p'; 128]), Some(128));
}

fn zombie(user: &mut User) {
    Xv6::new(user).fork(|_| ()).unwrap();
}
