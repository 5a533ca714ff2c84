//! The power goes at any moment, in order and with what lies between two flushes in any order: what is left has no damage
//! but lost room, and what was brought to the disk is there.

use std::collections::BTreeMap;

use mem::transfer::Source;
use object::File;
use vfs::FileSystem;

use super::kit::*;
use crate::Options;

/// From one write to another, a file has these bytes under one of two names.
#[derive(Clone)]
struct Promise {
    since: usize,
    until: usize,
    paths: [String; 2],
    bytes: Vec<u8>,
}

/// Lives on an image; gives what was written, and what was promised.
fn live(seed: u64, image: Vec<u8>) -> (History, Vec<Promise>) {
    let (send, receive) = std::sync::mpsc::channel();
    on_machine(move || {
        let disk = disk(image);
        let mut history = History::new(&disk, 512);
        let fat = mount(&disk);
        let context = context(&fat);
        let mut collect = || history.collect(&disk);
        let mut random = Random::new(seed);
        let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let mut open: BTreeMap<String, Promise> = BTreeMap::new();
        let mut promises = Vec::new();
        let directories = ["", "/d", "/a longer name", "/d/e"];
        for directory in &directories[1..] {
            context.make_directory(directory).unwrap();
        }
        for _ in 0..160 {
            let directory = directories[random.below(directories.len())];
            let filler = "x".repeat(random.below(40));
            let fresh = format!("{directory}/{filler}{}", random.below(12));
            let some = random.below(files.len());
            let some = files.keys().nth(some).cloned();
            let mut end = |path: &String, until: usize| {
                if let Some(promise) = open.remove(path) {
                    promises.push(Promise { until, ..promise });
                }
            };
            match (random.below(10), some) {
                (0..4, _) => {
                    end(&fresh, collect());
                    let length = random.below(9000);
                    let bytes = random.bytes(length);
                    context.put(&fresh, &bytes).unwrap();
                    files.insert(fresh, bytes);
                }
                (4..6, Some(path)) => {
                    end(&path, collect());
                    context.touch(&path).unwrap().sync(true).unwrap();
                    let promise = Promise {
                        since: collect(),
                        until: usize::MAX,
                        paths: [path.clone(), path.clone()],
                        bytes: files[&path].clone(),
                    };
                    open.insert(path, promise);
                }
                (6, Some(path)) => {
                    end(&path, collect());
                    context.remove(&path).unwrap();
                    files.remove(&path);
                }
                (7, Some(path)) => {
                    end(&path, collect());
                    let file = context.touch(&path).unwrap();
                    let bytes = files.get_mut(&path).unwrap();
                    if random.below(2) == 0 {
                        bytes.truncate(random.below(bytes.len()));
                        file.truncate(bytes.len() as u64).unwrap();
                    } else {
                        file.write_at(bytes.len() as u64, &mut Source::kernel(&[1; 3000]))
                            .unwrap();
                        bytes.extend([1; 3000]);
                    }
                }
                (8, Some(old)) if fresh != old => {
                    // What was brought to the disk is under one of the two names, whatever comes.
                    let now = collect();
                    end(&fresh, now);
                    if let Some(promise) = open.remove(&old) {
                        promises.push(Promise {
                            until: now,
                            ..promise.clone()
                        });
                        let moved = Promise {
                            since: now,
                            paths: [promise.paths[1].clone(), fresh.clone()],
                            ..promise
                        };
                        // Only until the next move: three names would be too many.
                        context.move_to(&old, &fresh).unwrap();
                        fat.sync().unwrap();
                        let until = collect();
                        promises.push(Promise {
                            until,
                            ..moved.clone()
                        });
                        let paths = [fresh.clone(), fresh.clone()];
                        open.insert(
                            fresh.clone(),
                            Promise {
                                since: until,
                                paths,
                                ..moved
                            },
                        );
                    } else {
                        context.move_to(&old, &fresh).unwrap();
                    }
                    let bytes = files.remove(&old).unwrap();
                    files.insert(fresh, bytes);
                }
                (9, _) => fat.sync().unwrap(),
                _ => {}
            }
        }
        collect();
        promises.extend(open.into_values());
        drop(context);
        send.send((history, promises)).unwrap();
    });
    receive.recv().unwrap()
}

/// What is promised is there when the power goes before the write `at` and leaves `image`.
fn keep_promises(promises: &[Promise], at: usize, image: Vec<u8>) {
    let due: Vec<Promise> = promises
        .iter()
        .filter(|promise| promise.since <= at && at <= promise.until)
        .cloned()
        .collect();
    on_machine(move || {
        let options = Options {
            read_only: true,
            ..Options::new()
        };
        let fat = mount_with(&disk(image), options);
        let context = context(&fat);
        for promise in &due {
            let kept = |path: &String| context.get(path).as_ref() == Ok(&promise.bytes);
            let found = promise.paths.iter().any(kept);
            assert!(found, "{:?} before write {at}", promise.paths);
        }
    });
}

/// What may be wrong: nobody has left the disk in order, there are clusters that nobody has, and they were not counted.
fn only_room_is_lost(words: &str) {
    let harmless = [
        "Dirty bit",
        "Automatically removing dirty",
        "Reclaimed",
        "Free cluster summary",
        "Auto-",
        "Leaving filesystem",
        "files,",
    ];
    let mut lines = words
        .lines()
        .skip_while(|line| !line.contains("Starting check"));
    lines.next();
    for line in lines {
        let fine = line.is_empty()
            || line.starts_with("Checking")
            || harmless.iter().any(|word| line.contains(word));
        assert!(fine, "{line}\n{words}");
    }
}

#[test]
fn whenever_the_power_goes_only_room_is_lost() {
    for seed in 1..=rounds("SCARLET_ROUNDS", 1) {
        for (kind, (arguments, kibibytes)) in KINDS.into_iter().enumerate().take(3) {
            // FAT32's images are large, and each cut makes one.
            let every = [5, 11, 47][kind];
            let (history, promises) = live(seed, make_image(kibibytes, arguments));
            let mut random = Random::new(seed + 77);
            for at in (1..history.length()).step_by(every) {
                let image = history.cut(at, || true);
                keep_promises(&promises, at, image);
                let image = history.cut(at, || random.below(2) == 0);
                keep_promises(&promises, at, image);
            }
            for at in (1..history.length()).step_by(every * 5) {
                let image = history.cut(at, || random.below(2) == 0);
                let (_, words, _) = check(&image, "-n");
                only_room_is_lost(&words);
            }
        }
    }
}
