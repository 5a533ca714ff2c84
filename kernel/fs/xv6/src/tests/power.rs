//! The power goes after any write, in order and with what lies between two flushes in any order: what is left is in order,
//! and every call that was over has happened.

use std::collections::BTreeMap;

use mem::transfer::Source;
use object::File;

use super::kit::*;
use crate::check::check;

type Tree = BTreeMap<String, Option<Vec<u8>>>;

/// What was there when so many writes had been done, and what one more call makes of it.
struct Moment {
    begun: usize,
    over: usize,
    before: Tree,
    after: Tree,
    /// A file that is written in parts by the call.
    writes: Option<String>,
}

/// Calls, one after the other; what was written meanwhile, and what there was between them.
fn live(seed: u64, kind: (u32, u32, u32)) -> (History, Vec<Moment>) {
    let (send, receive) = std::sync::mpsc::channel();
    on_machine(move || {
        let disk = disk(made(kind));
        let mut history = History::new(&disk, 1024);
        let filesystem = mount(&disk);
        let context = context(&filesystem);
        let mut random = Random::new(seed);
        let mut tree = Tree::new();
        let mut moments = Vec::new();
        for _ in 0..30 {
            let begun = history.collect(&disk);
            let before = tree.clone();
            let mut writes = None;
            let directories: Vec<String> = tree
                .iter()
                .filter(|(_, bytes)| bytes.is_none())
                .map(|(path, _)| path.clone())
                .chain([String::new()])
                .collect();
            let directory = &directories[random.below(directories.len())];
            let fresh = format!("{directory}/{}", random.below(9));
            let some = tree.keys().nth(random.below(tree.len())).cloned();
            match (random.below(8), some) {
                (0..3, _) if tree.get(&fresh).is_none_or(Option::is_some) => {
                    // Making it is a call of its own.
                    if !tree.contains_key(&fresh) {
                        context.touch(&fresh).unwrap();
                        tree.insert(fresh.clone(), Some(Vec::new()));
                        let over = history.collect(&disk);
                        let after = tree.clone();
                        moments.push(Moment {
                            begun,
                            over,
                            before,
                            after,
                            writes: None,
                        });
                        continue;
                    }
                    let length = random.below(30_000) + 1;
                    let bytes = random.bytes(length);
                    let file = context.touch(&fresh).unwrap();
                    let Some(Some(content)) = tree.get_mut(&fresh) else {
                        continue;
                    };
                    let at = random.below(content.len() + 1);
                    let done = file.write_at(at as u64, &mut Source::kernel(&bytes));
                    let done = done.unwrap_or(0);
                    content.resize(content.len().max(at + done), 0);
                    content[at..at + done].copy_from_slice(&bytes[..done]);
                    writes = Some(fresh);
                }
                (3, Some(path)) => {
                    if let Some(Some(content)) = tree.get_mut(&path) {
                        let length = random.below(content.len() + 1);
                        context
                            .touch(&path)
                            .unwrap()
                            .truncate(length as u64)
                            .unwrap();
                        content.truncate(length);
                    }
                }
                (4, Some(path)) => {
                    let removed = match tree[&path] {
                        Some(_) => context.remove(&path),
                        None => context.rmdir(None, path.as_bytes()),
                    };
                    if removed.is_ok() {
                        tree.remove(&path);
                    }
                }
                (5, Some(old)) if tree[&old].is_some() && fresh != old => {
                    if context.move_to(&old, &fresh).is_ok() {
                        let bytes = tree.remove(&old).unwrap();
                        tree.insert(fresh, bytes);
                    }
                }
                (6, _) if context.make_directory(&fresh).is_ok() => {
                    tree.insert(fresh, None);
                }
                _ => continue,
            }
            let over = history.collect(&disk);
            moments.push(Moment {
                begun,
                over,
                before,
                after: tree.clone(),
                writes,
            });
        }
        drop(context);
        filesystem.finish().unwrap();
        history.collect(&disk);
        send.send((history, moments)).unwrap();
    });
    receive.recv().unwrap()
}

/// What is on a disk.
fn read_tree(image: Vec<u8>) -> Tree {
    let (send, receive) = std::sync::mpsc::channel();
    on_machine(move || {
        let disk = disk(image);
        let filesystem = mount(&disk);
        let context = context(&filesystem);
        let mut tree = Tree::new();
        let mut left = vec![String::new()];
        while let Some(directory) = left.pop() {
            let here = if directory.is_empty() {
                "/"
            } else {
                &directory
            };
            for name in context.names(here).unwrap() {
                if name == "." || name == ".." {
                    continue;
                }
                let path = format!("{directory}/{name}");
                let bytes = context.get(&path).ok();
                if bytes.is_none() {
                    left.push(path.clone());
                }
                tree.insert(path, bytes);
            }
        }
        drop(context);
        filesystem.finish().unwrap();
        drop(filesystem);
        // What was without names is gone, too.
        assert_clean(&disk.contents());
        send.send(tree).unwrap();
    });
    receive.recv().unwrap()
}

/// Whether a file is on its way from one content to the other: new bytes up to somewhere, and old ones behind.
fn is_between(found: &[u8], before: &[u8], after: &[u8]) -> bool {
    let same = found
        .iter()
        .zip(after)
        .take_while(|(one, other)| one == other)
        .count();
    found.len() >= before.len() && found.len() <= after.len() && {
        let rest = found.len() - same;
        rest == 0 || found[same..] == before[before.len().min(same)..]
    }
}

fn judge(at: usize, image: Vec<u8>, moments: &[Moment]) {
    let report = check(&image);
    assert!(
        report.damage.is_empty(),
        "before write {at}: {:#?}",
        report.damage
    );
    let mut found = read_tree(image);
    let Some(moment) = moments.iter().find(|moment| at <= moment.over) else {
        return;
    };
    // A write is in parts.
    if let Some(path) = &moment.writes
        && moment.begun < at
        && let (Some(Some(before)), Some(Some(after)), Some(Some(now))) = (
            moment.before.get(path),
            moment.after.get(path),
            found.get(path),
        )
    {
        assert!(is_between(now, before, after), "{path} before write {at}");
        found.insert(path.clone(), Some(before.clone()));
    }
    let whole = at == moment.over && moment.writes.is_none();
    assert!(
        !whole && found == moment.before
            || found == moment.after
            || at <= moment.begun && found == moment.before,
        "before write {at}, begun {} over {}: {:?} is neither {:?} nor {:?}",
        moment.begun,
        moment.over,
        found.keys(),
        moment.before.keys(),
        moment.after.keys(),
    );
}

#[test]
fn whenever_the_power_goes_every_call_that_was_over_has_happened() {
    for seed in 1..=rounds("SCARLET_ROUNDS", 1) {
        for kind in [(500, 60, 30), (500, 60, 11)] {
            let (history, moments) = live(seed, kind);
            let mut random = Random::new(seed + 9);
            for at in 0..=history.length() {
                judge(at, history.cut(at, || true), &moments);
                if at % 3 == 0 {
                    judge(at, history.cut(at, || random.below(2) == 0), &moments);
                }
            }
        }
    }
}
