//! The power goes at any moment, in order and with what lies between two flushes in any order: e2fsck repairs what is
//! left by itself, and what was brought to the disk is there.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use device::block::MemoryDisk;
use hal::user::Access;
use mem::MemoryObject;
use mem::transfer::Source;
use object::{File, FileKind, SeekFrom, SpaceChange};
use vfs::{FileSystem, FsContext, OpenFile, RenameFlags};

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
    /// Files that have lost their last name.
    held: Vec<Arc<OpenFile>>,
    /// Directories move and names are exchanged, too.
    gaps: bool,
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

    /// Promises that ended hold on, each also under a new path, which has the bytes of `moved` if it was another's.
    fn hold_on(&mut self, ended: Vec<Promise>, old: &str, new: &str, bytes: &[u8]) {
        for mut promise in ended
            .into_iter()
            .filter(|promise| promise.either.len() == 1 && !is_attribute(promise))
        {
            let (path, kept) = promise.either[0].clone();
            let there = if path == old { kept } else { bytes.to_vec() };
            promise.either.push((new.to_string(), there));
            // The operation itself may have begun to write.
            self.open.push(Promise {
                until: usize::MAX,
                since: promise.until,
                ..promise
            });
        }
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
        match self.random.below(33) {
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
                self.hold_on(ended, &old, &new, &bytes);
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
                    self.hold_on(ended, &old, &new, &bytes);
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
            22 if self.random.below(3) == 0 => {
                ext2.sync().unwrap();
            }
            23 => self.sync_all(ext2),
            24 => self.keep_and_replace(context),
            25 | 26 => self.name_late(context),
            27 => {
                let Some(path) = self.some_file() else { return };
                self.touch(&[&path]);
                let bytes = self.files.get_mut(&path).unwrap();
                let begin = self.random.below(bytes.len() + 1);
                let end = bytes.len().min(begin + self.random.below(9000));
                bytes[begin..end].fill(0);
                let file = context.touch(&path).unwrap();
                let length = (end - begin) as u64;
                if length > 0 {
                    file.change_space(begin as u64, length, SpaceChange::Punch)
                        .unwrap();
                }
            }
            28 => {
                let Some(path) = self.some_file() else { return };
                self.touch(&[&path]);
                self.held.push(context.touch(&path).unwrap());
                context.remove(&path).unwrap();
                self.files.remove(&path);
            }
            29 if !self.held.is_empty() => {
                let place = self.random.below(self.held.len());
                self.held.remove(place);
            }
            30 => self.write_through_mapping(context),
            31 if self.gaps => self.move_directory(context),
            32 if self.gaps => self.exchange(context),
            _ => {}
        }
    }

    /// Everything is on the disk, in whatever way.
    fn sync_all(&mut self, ext2: &Ext2) {
        ext2.sync().unwrap();
        let files = self.files.clone();
        for (path, bytes) in files {
            self.touch(&[&path]);
            self.promise(vec![(path, bytes)]);
        }
    }

    /// As editors do: what was there is kept under a second name, and replaced.
    fn keep_and_replace(&mut self, context: &FsContext) {
        let (Some(old), Some(other)) = (self.some_file(), self.some_file()) else {
            return;
        };
        let kept = self.new_path();
        if old == other || self.files.contains_key(&kept) {
            return;
        }
        let ended = self.touch(&[&old]);
        let file = context.touch(&old).unwrap();
        if context.link(file.path(), None, kept.as_bytes()).is_err() {
            return;
        }
        let bytes = self.files[&old].clone();
        self.files.insert(kept.clone(), bytes.clone());
        self.hold_on(ended, &old, &kept, &bytes);
        // Who replaces it may be under either name; who was, under the second now.
        let ended = self.touch(&[&other]);
        context.move_to(&other, &old).unwrap();
        let bytes = self.files.remove(&other).unwrap();
        self.files.insert(old.clone(), bytes.clone());
        self.hold_on(ended, &other, &old, &bytes);
    }

    /// A file that gets a name when it has its bytes, at once or behind a commit.
    fn name_late(&mut self, context: &FsContext) {
        let path = self.new_path();
        if self.files.contains_key(&path) {
            return;
        }
        let Ok(file) = context.nameless("/") else {
            return;
        };
        let length = self.random.below(20_000);
        let bytes = self.random.bytes(length);
        if file.write(&mut Source::kernel(&bytes)) != Ok(length) {
            return;
        }
        let first = self.random.below(3) == 0;
        if first {
            file.sync(true).unwrap();
        }
        if context.link(file.path(), None, path.as_bytes()).is_err() {
            return;
        }
        self.files.insert(path.clone(), bytes.clone());
        if self.random.below(2) == 0 {
            file.sync(first).unwrap();
            self.promise(vec![(path, bytes)]);
        }
    }

    /// A program writes to a page that it has mapped, and has it stored (`msync`).
    fn write_through_mapping(&mut self, context: &FsContext) {
        let Some(path) = self.some_file() else { return };
        if self.files[&path].is_empty() {
            return;
        }
        self.touch(&[&path]);
        let at = self.random.below(self.files[&path].len());
        let file = context.touch(&path).unwrap();
        let cache = file.path().inode().page_cache().unwrap();
        let Ok(frame) = cache.page((at / 4096) as u64, Access::Write) else {
            return;
        };
        frame.write(at % 4096, &[0xee]);
        self.files.get_mut(&path).unwrap()[at] = 0xee;
        if self.random.below(2) == 0 {
            file.sync(false).unwrap();
            let bytes = self.files[&path].clone();
            self.promise(vec![(path, bytes)]);
        }
    }

    /// A directory goes to another one, with all that is in it.
    fn move_directory(&mut self, context: &FsContext) {
        let count = self.directories.len();
        let (from, to) = (self.random.below(count), self.random.below(count));
        let (old, into) = (self.directories[from].clone(), self.directories[to].clone());
        if old.is_empty() || into.starts_with(&old) {
            return;
        }
        let new = format!("{into}/m{}", self.history.length());
        let inside = |path: &String| path.starts_with(&format!("{old}/"));
        let moved: Vec<String> = self
            .files
            .keys()
            .filter(|path| inside(path))
            .cloned()
            .collect();
        let ended: Vec<_> = moved.iter().map(|path| self.touch(&[path])).collect();
        let outcome = context.move_to(&old, &new);
        let place = match outcome {
            Ok(()) => new,
            Err(_) => old.clone(),
        };
        for (path, ended) in moved.iter().zip(ended) {
            let bytes = self.files.remove(path).unwrap();
            let later = format!("{place}{}", &path[old.len()..]);
            self.hold_on(ended, path, &later, &bytes);
            self.files.insert(later, bytes);
        }
        for directory in &mut self.directories {
            if *directory == old || directory.starts_with(&format!("{old}/")) {
                *directory = format!("{place}{}", &directory[old.len()..]);
            }
        }
    }

    fn exchange(&mut self, context: &FsContext) {
        let (Some(one), Some(two)) = (self.some_file(), self.some_file()) else {
            return;
        };
        if one == two {
            return;
        }
        let [first, second] = [&one, &two].map(|path| self.touch(&[path]));
        let [one_bytes, two_bytes] = [&one, &two].map(|path| self.files[path].clone());
        context
            .move_with(&one, &two, RenameFlags::EXCHANGE)
            .unwrap();
        self.hold_on(first, &one, &two, &one_bytes);
        self.hold_on(second, &two, &one, &two_bytes);
        self.files.insert(one, two_bytes);
        self.files.insert(two, one_bytes);
    }
}

fn is_attribute(promise: &Promise) -> bool {
    promise.either.iter().any(|(path, _)| path.contains('@'))
}

/// Runs a workload; gives what was written, and the promises.
fn run(seed: u64, steps: usize, gaps: bool) -> (History, Vec<Promise>) {
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
            held: Vec::new(),
            gaps,
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
        work.held.clear();
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

/// All files below a directory.
fn files_below(context: &FsContext, directory: &str, found: &mut Vec<Vec<u8>>) {
    for name in context.names(&format!("{directory}/")).unwrap() {
        let path = format!("{directory}/{name}");
        match context.link_status(&path).unwrap().kind {
            FileKind::Directory if name != "." && name != ".." => {
                files_below(context, &path, found);
            }
            FileKind::Regular => found.extend(context.get(&path)),
            _ => {}
        }
    }
}

/// What is wrong with the disk after a cut behind the first `cut` writes; e2fsck is asked `how`. If that is `-y`, what
/// was promised may be anywhere.
pub(super) fn judge(image: &[u8], how: &str, cut: usize, promises: &[Promise]) -> Option<String> {
    let (code, words, repaired) = check(image, how);
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
    let anywhere = how == "-y";
    on_machine(move || {
        let ext2 = Ext2::mount(disk(repaired), true).unwrap();
        let context = context(&ext2);
        let mut all = Vec::new();
        if anywhere {
            files_below(&context, "", &mut all);
        }
        for promise in due {
            if anywhere && promise.either.iter().any(|(_, bytes)| all.contains(bytes)) {
                continue;
            }
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
fn cut(seed: u64, steps: usize, cuts: usize, gaps: bool) {
    let (history, promises) = run(seed, steps, gaps);
    let how = if gaps { "-y" } else { "-p" };
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
        if let Some(words) = judge(&left, how, cut, &promises) {
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
    for seed in seeds(3) {
        cut(seed, 150, cuts, false);
    }
}

/// Directories that move and names that are exchanged are what e2fsck has to be asked about; nothing is lost.
#[test]
fn a_loss_of_power_among_moving_directories_loses_nothing_either() {
    let cuts = rounds("SCARLET_CUTS", 25) as usize;
    for seed in seeds(2) {
        cut(seed ^ 0x1000, 150, cuts, true);
    }
}

/// So many seeds, those behind `SCARLET_SEED`.
fn seeds(count: u64) -> std::ops::Range<u64> {
    let first = rounds("SCARLET_SEED", 1);
    first..first + count
}
