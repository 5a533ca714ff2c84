//! The power goes at any moment, in order and with what lies between two flushes in any order: e2fsck repairs what is
//! left by itself, and what was brought to the disk is there.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use device::block::MemoryDisk;
use mem::transfer::Source;
use object::{File, SeekFrom};
use vfs::{FileSystem, FsContext};

use super::kit::*;
use crate::Ext2;

/// From one write to another, one of these files has these bytes.
#[derive(Clone)]
pub(super) struct Promise {
    pub(super) since: usize,
    pub(super) until: usize,
    pub(super) either: Vec<(String, Vec<u8>)>,
}

/// A workload, what it wrote, and what it was promised.
struct Work {
    random: Random,
    disk: Arc<MemoryDisk>,
    history: History,
    files: BTreeMap<String, Vec<u8>>,
    directories: Vec<String>,
    open: Vec<Promise>,
    kept: Vec<Promise>,
}

impl Work {
    /// Promises about these paths end here; gives those that ended.
    fn touch(&mut self, paths: &[&String]) -> Vec<Promise> {
        let now = self.history.collect(&self.disk);
        let concerns = |promise: &Promise| {
            promise.either.iter().any(|(path, _)| {
                let file = path.split('@').next().unwrap_or_default();
                paths.iter().any(|one| one.as_str() == file)
            })
        };
        let (ended, open): (Vec<_>, Vec<_>) = self.open.drain(..).partition(concerns);
        self.open = open;
        let ended: Vec<Promise> = ended
            .into_iter()
            .map(|promise| Promise {
                until: now,
                ..promise
            })
            .collect();
        self.kept.extend(ended.iter().cloned());
        ended
    }

    fn promise(&mut self, either: Vec<(String, Vec<u8>)>) {
        let since = self.history.collect(&self.disk);
        self.open.push(Promise {
            since,
            until: usize::MAX,
            either,
        });
    }

    fn some_file(&mut self) -> Option<String> {
        let place = self.random.below(self.files.len());
        self.files.keys().nth(place).cloned()
    }

    fn new_path(&mut self) -> String {
        let place = self.random.below(self.directories.len());
        let name = self.random.below(30);
        let filler = "y".repeat(self.random.below(90));
        format!("{}/f{name}{filler}", self.directories[place])
    }

    fn step(&mut self, context: &FsContext, ext2: &Ext2) {
        match self.random.below(23) {
            0..6 => {
                let path = self.new_path();
                let length = self.random.below(20_000);
                let bytes = self.random.bytes(length);
                self.touch(&[&path]);
                if context.put(&path, &bytes).is_ok() {
                    self.files.insert(path, bytes);
                } else if let Ok(bytes) = context.get(&path) {
                    self.files.insert(path, bytes);
                }
            }
            6..9 => {
                let Some(path) = self.some_file() else { return };
                self.touch(&[&path]);
                context.touch(&path).unwrap().sync(true).unwrap();
                self.promise(vec![(path.clone(), self.files[&path].clone())]);
            }
            9 => {
                let Some(path) = self.some_file() else { return };
                self.touch(&[&path]);
                let file = context.touch(&path).unwrap();
                file.seek(SeekFrom::End(0)).unwrap();
                let bytes = self.random.bytes(3000);
                let done = file.write(&mut Source::kernel(&bytes)).unwrap_or(0);
                file.sync(false).unwrap();
                self.files.get_mut(&path).unwrap().extend(&bytes[..done]);
                self.promise(vec![(path.clone(), self.files[&path].clone())]);
            }
            10 => {
                let Some(path) = self.some_file() else { return };
                self.touch(&[&path]);
                let length = self.random.below(15_000);
                context
                    .touch(&path)
                    .unwrap()
                    .truncate(length as u64)
                    .unwrap();
                self.files.get_mut(&path).unwrap().resize(length, 0);
            }
            11..13 => {
                let Some(path) = self.some_file() else { return };
                self.touch(&[&path]);
                context.remove(&path).unwrap();
                self.files.remove(&path);
            }
            13..16 => {
                let Some(old) = self.some_file() else { return };
                let new = if self.random.below(2) == 0 {
                    self.new_path()
                } else {
                    self.some_file().unwrap_or_default()
                };
                if old == new {
                    return;
                }
                let ended = self.touch(&[&old, &new]);
                if context.move_to(&old, &new).is_err() {
                    return;
                }
                let bytes = self.files.remove(&old).unwrap();
                self.files.insert(new.clone(), bytes.clone());
                // Where one file was promised it is under its old name or its new one; and who was replaced is
                // there until the new one is.
                for mut promise in ended
                    .into_iter()
                    .filter(|promise| promise.either.len() == 1 && !is_attribute(promise))
                {
                    let (path, kept) = promise.either[0].clone();
                    promise
                        .either
                        .push((new.clone(), if path == old { kept } else { bytes.clone() }));
                    // The operation itself may have begun to write.
                    self.open.push(Promise {
                        until: usize::MAX,
                        since: promise.until,
                        ..promise
                    });
                }
            }
            16 => {
                let Some(old) = self.some_file() else { return };
                let new = self.new_path();
                let file = context.touch(&old).unwrap();
                self.touch(&[&new]);
                if context.link(file.path(), None, new.as_bytes()).is_ok() {
                    // Two names for the same bytes would need a model of their own: the old one goes.
                    let ended = self.touch(&[&old]);
                    context.remove(&old).unwrap();
                    let bytes = self.files.remove(&old).unwrap();
                    self.files.insert(new.clone(), bytes.clone());
                    for mut promise in ended
                        .into_iter()
                        .filter(|promise| promise.either.len() == 1 && !is_attribute(promise))
                    {
                        promise.either.push((new.clone(), bytes.clone()));
                        self.open.push(Promise {
                            until: usize::MAX,
                            since: promise.until,
                            ..promise
                        });
                    }
                }
            }
            17 => {
                let path = format!(
                    "{}/d{}",
                    self.directories[self.directories.len() / 2],
                    self.history.length()
                );
                if context.make_directory(&path).is_ok() {
                    self.directories.push(path);
                }
            }
            18 => {
                let Some(place) = self
                    .directories
                    .len()
                    .checked_sub(1)
                    .filter(|place| *place > 2)
                else {
                    return;
                };
                if context
                    .rmdir(None, self.directories[place].as_bytes())
                    .is_ok()
                {
                    self.directories.remove(place);
                }
            }
            19..22 => {
                let Some(path) = self.some_file() else { return };
                let length = [10, 60, 300, 700][self.random.below(4)];
                let value = vec![self.random.below(4) as u8; length];
                let file = context.touch(&path).unwrap();
                // A promise about an attribute ends with the file's others.
                self.touch(&[&path]);
                let name = ["user.a", "user.b"][self.random.below(2)];
                let place = file.path();
                let any = Default::default();
                let set = context.set_extended_attribute(place, name.as_bytes(), &value, any);
                if set.is_ok() && self.random.below(2) == 0 {
                    file.sync(true).unwrap();
                    self.promise(vec![(format!("{path}@{name}"), value)]);
                }
            }
            _ => {
                if self.random.below(3) == 0 {
                    ext2.sync().unwrap();
                }
            }
        }
    }
}

fn is_attribute(promise: &Promise) -> bool {
    promise.either.iter().any(|(path, _)| path.contains('@'))
}

/// Runs a workload; gives what was written, and the promises.
fn run(seed: u64, steps: usize) -> (History, Vec<Promise>) {
    let inode = if seed.is_multiple_of(2) { "128" } else { "256" };
    let image = make_image(2048, &["-b", "1024", "-N", "256", "-I", inode]);
    let result = Arc::new(Mutex::new(None));
    let given = result.clone();
    on_machine(move || {
        let disk = disk(image);
        let history = History::new(&disk, 1024);
        let ext2 = mount(&disk);
        let context = context(&ext2);
        let mut work = Work {
            random: Random::new(seed),
            disk: disk.clone(),
            history,
            files: BTreeMap::new(),
            directories: vec![String::new(), String::from("/one"), String::from("/two")],
            open: Vec::new(),
            kept: Vec::new(),
        };
        context.make_directory("/one").unwrap();
        context.make_directory("/two").unwrap();
        for _ in 0..steps {
            work.step(&context, &ext2);
        }
        for (path, bytes) in &work.files {
            assert!(context.get(path).as_ref() == Ok(bytes), "{path}");
        }
        drop(context);
        ext2.unmount().unwrap();
        work.history.collect(&disk);
        let open = std::mem::take(&mut work.open);
        work.kept.extend(open);
        *given.lock().unwrap() = Some((work.history, work.kept));
        assert_clean(&disk.contents());
    });
    let ran = result.lock().unwrap().take();
    ran.expect("it ran")
}

/// What is wrong with the disk after a cut behind the first `cut` writes.
pub(super) fn judge(image: &[u8], cut: usize, promises: &[Promise]) -> Option<String> {
    let (code, words, repaired) = check(image, "-p");
    if code > 1 {
        return Some(words);
    }
    let (code, words, _) = check(&repaired, "-n");
    if code != 0 {
        return Some(words);
    }
    let due: Vec<Promise> = promises
        .iter()
        .filter(|promise| promise.since <= cut && cut < promise.until)
        .cloned()
        .collect();
    let broken = Arc::new(Mutex::new(None));
    let found = broken.clone();
    on_machine(move || {
        let ext2 = Ext2::mount(disk(repaired), true).unwrap();
        let context = context(&ext2);
        for promise in due {
            let holds = |(path, bytes): &(String, Vec<u8>)| match path.split_once('@') {
                Some((path, name)) => attribute(&context, path, name).as_ref() == Ok(bytes),
                None => context.get(path).as_ref() == Ok(bytes),
            };
            if !promise.either.iter().any(holds) {
                let paths: Vec<_> = promise
                    .either
                    .iter()
                    .map(|(path, _)| path.clone())
                    .collect();
                *found.lock().unwrap() = Some(format!("lost: {paths:?}"));
            }
        }
    });
    let mut found = broken.lock().unwrap();
    found.take()
}

/// Cuts a workload at so many places. Every second cut also loses some of what was written since the last flush.
fn cut(seed: u64, steps: usize, cuts: usize) {
    let (history, promises) = run(seed, steps);
    let mut random = Random::new(seed ^ 0x55);
    let mut wrong = Vec::new();
    for number in 0..cuts {
        let cut = match cuts > history.length() {
            true => number % history.length(),
            false => random.below(history.length()),
        };
        let left = history.cut(cut, || number % 2 == 0 || random.below(2) == 0);
        // With what is lost between flushes, what was promised since the last flush counts from the next one on; a
        // promise is made behind a flush, so nothing changes.
        if let Some(words) = judge(&left, cut, &promises) {
            wrong.push(format!(
                "seed {seed}, cut {cut} of {} ({number}): {words}",
                history.length()
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {cuts}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn a_loss_of_power_is_repaired_and_loses_nothing_that_was_brought_to_the_disk() {
    let cuts = rounds("SCARLET_CUTS", 25) as usize;
    for seed in 1..=3 {
        cut(seed, 150, cuts);
    }
}
