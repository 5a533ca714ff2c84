//! Random operations, on the real tree and on the model: every result and the whole tree agree.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use vfs::{FsContext, OpenOptions, RenameFlags, ResolveFlags};

use super::kit::{Short, context, on_machine};
use super::model::{Model, Node, ROOT};
use object::FileKind;

#[derive(Clone, Debug)]
enum Operation {
    Mkdir(String),
    Create(String, bool),
    Symlink(String, String),
    Link(String, String),
    Unlink(String),
    Rmdir(String),
    Rename(String, String, RenameFlags),
    Status(String, bool),
    List(String),
}

/// Few names, so that paths meet.
fn path() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => Just("a"), 4 => Just("b"), 3 => Just("c"), 1 => Just("d"), 1 => Just("."), 2 => Just("..")
    ];
    let slash = prop_oneof![6 => Just(""), 1 => Just("/")];
    let start = prop_oneof![1 => Just(""), 3 => Just("/")];
    (start, proptest::collection::vec(part, 0..5), slash)
        .prop_map(|(start, parts, slash)| format!("{start}{}{slash}", parts.join("/")))
}

fn operation() -> impl Strategy<Value = Operation> {
    let flags = prop_oneof![
        4 => Just(RenameFlags::empty()),
        1 => Just(RenameFlags::NO_REPLACE),
        1 => Just(RenameFlags::EXCHANGE),
    ];
    prop_oneof![
        5 => path().prop_map(Operation::Mkdir),
        3 => (path(), any::<bool>()).prop_map(|(path, exclusive)| Operation::Create(path, exclusive)),
        2 => (path(), path()).prop_map(|(target, path)| Operation::Symlink(target, path)),
        2 => (path(), path()).prop_map(|(old, new)| Operation::Link(old, new)),
        2 => path().prop_map(Operation::Unlink),
        2 => path().prop_map(Operation::Rmdir),
        5 => (path(), path(), flags).prop_map(|(old, new, flags)| Operation::Rename(old, new, flags)),
        2 => (path(), any::<bool>()).prop_map(|(path, follow)| Operation::Status(path, follow)),
        1 => path().prop_map(Operation::List),
    ]
}

fn kind(node: &Node) -> FileKind {
    match node {
        Node::File => FileKind::Regular,
        Node::Directory { .. } => FileKind::Directory,
        Node::Link(_) => FileKind::SymbolicLink,
    }
}

fn both(operation: &Operation, real: &FsContext, model: &mut Model) {
    match operation {
        Operation::Mkdir(path) => assert_eq!(real.make_directory(path), model.mkdir(path)),
        Operation::Create(path, exclusive) => {
            let options = OpenOptions {
                create: true,
                write: true,
                exclusive: *exclusive,
                mode: 0o644,
                ..OpenOptions::default()
            };
            let made = real.open(path.as_bytes(), &options).map(drop);
            assert_eq!(made, model.create(path, *exclusive));
        }
        Operation::Symlink(target, path) => {
            assert_eq!(real.make_link(target, path), model.symlink(target, path));
        }
        Operation::Link(old, new) => {
            let linked = real
                .resolve(None, old.as_bytes(), ResolveFlags::NO_FOLLOW)
                .and_then(|target| real.link(&target, None, new.as_bytes()));
            assert_eq!(linked, model.link(old, new));
        }
        Operation::Unlink(path) => {
            assert_eq!(real.unlink(None, path.as_bytes()), model.unlink(path));
        }
        Operation::Rmdir(path) => {
            assert_eq!(real.rmdir(None, path.as_bytes()), model.rmdir(path));
        }
        Operation::Rename(old, new, flags) => {
            assert_eq!(
                real.move_with(old, new, *flags),
                model.rename(old, new, *flags)
            );
        }
        Operation::Status(path, follow) => {
            let found = if *follow {
                real.status(path)
            } else {
                real.link_status(path)
            };
            let expected = model.resolve(path, *follow).map(|id| kind(model.node(id)));
            assert_eq!(found.map(|status| status.kind), expected);
        }
        Operation::List(path) => {
            let listed = real.names(path).map(|mut names| {
                names.retain(|name| name != "." && name != "..");
                names.sort();
                names
            });
            let expected = model
                .resolve(path, true)
                .and_then(|id| Ok(model.entries(id)?.keys().cloned().collect::<Vec<_>>()));
            assert_eq!(listed, expected);
        }
    }
}

/// Compares the trees, the hard links and the numbers of links.
fn compare(real: &FsContext, model: &Model) {
    let mut inodes = std::collections::HashMap::new();
    let mut names = std::collections::HashMap::new();
    let mut todo = vec![(ROOT, String::new())];
    while let Some((id, path)) = todo.pop() {
        let directories = model
            .entries(id)
            .unwrap()
            .values()
            .filter(|&&child| matches!(model.node(child), Node::Directory { .. }))
            .count();
        let status = real.link_status(&format!("{path}/")).unwrap();
        assert_eq!(status.links as usize, directories + 2, "links of {path}");
        let mut listed = real.names(&format!("{path}/")).unwrap();
        listed.retain(|name| name != "." && name != "..");
        assert_eq!(listed.len(), model.entries(id).unwrap().len());
        for (name, &child) in model.entries(id).unwrap() {
            let path = format!("{path}/{name}");
            let status = real.link_status(&path).unwrap();
            let node = model.node(child);
            assert_eq!(status.kind, kind(node), "{path}");
            assert_eq!(
                *inodes.entry(child).or_insert(status.inode),
                status.inode,
                "{path}"
            );
            match node {
                Node::Directory { .. } => todo.push((child, path.clone())),
                Node::Link(body) => {
                    assert_eq!(
                        real.readlink(None, path.as_bytes()).unwrap(),
                        body.as_bytes()
                    );
                }
                Node::File => {}
            }
            if !matches!(node, Node::Directory { .. }) {
                names.entry(child).or_insert((0, status.links)).0 += 1;
            }
        }
    }
    for (count, links) in names.into_values() {
        assert_eq!(count, links, "names and links of one file");
    }
}

pub(super) fn check<T: core::fmt::Debug + 'static>(
    cases: u32,
    strategy: impl Strategy<Value = T> + 'static,
    test: impl Fn(T) + 'static,
) {
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let result = TestRunner::new(config).run(&strategy, |input| {
        test(input);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

#[test]
fn the_tree_is_as_the_model() {
    on_machine(|| {
        check(
            150,
            proptest::collection::vec(operation(), 1..60),
            |operations| {
                let real = context();
                let mut model = Model::new();
                for operation in &operations {
                    both(operation, &real, &mut model);
                }
                compare(&real, &model);
            },
        );
    });
}

/// Any bytes at all are an error or a place, and nothing else.
#[test]
fn any_path_is_walked() {
    on_machine(|| {
        check(
            300,
            proptest::collection::vec(any::<u8>(), 0..300),
            |bytes| {
                let real = context();
                real.make_directory("/a").unwrap();
                real.make_link("../a", "/a/b").unwrap();
                let _ = real.stat(None, &bytes, ResolveFlags::empty());
                let _ = real.mkdir(None, &bytes, 0o755);
                let _ = real.stat(
                    None,
                    &bytes,
                    ResolveFlags::NO_FOLLOW | ResolveFlags::BENEATH,
                );
            },
        );
    });
}
