//! Several threads at once, on a disk that answers late and out of order, and the power goes: what was brought to the disk by
//! one is there, whatever the others were doing.
//!
//! When a promise begins and ends is written to a sector behind the file system, so its place among all writes is known.

use std::sync::{Arc, Mutex};

use base::thread;
use device::block::{MemoryDisk, Operation, SECTOR, Segment, transfer};
use hal::frame::Frame;
use object::File;
use vfs::{FileSystem, FsContext};

use super::kit::*;
use super::power::{Promise, judge};

/// How many KiB the file system has.
const SIZE: u64 = 2048;

/// What was promised: a path, its bytes, and where the promise has its place among all.
type Promises = Vec<(String, Vec<u8>)>;

struct Worker {
    number: usize,
    random: Random,
    disk: Arc<MemoryDisk>,
    context: Arc<FsContext>,
    promises: Promises,
}

impl Worker {
    /// Marks the moment in which a promise begins, or ends.
    fn mark(&self, promise: usize, begins: bool) {
        let frame = Frame::allocate().unwrap();
        frame.write(0, &[1, self.number as u8, promise as u8, u8::from(begins)]);
        let segment = Segment {
            frame,
            offset: 0,
            length: SECTOR,
        };
        let sector = SIZE * 1024 / SECTOR as u64;
        transfer(&*self.disk, Operation::Write, sector, &[segment]).unwrap();
    }

    /// The promise about a file, if there is one, ends here.
    fn touch(&self, promised: &mut [Option<usize>], name: usize) {
        if let Some(promise) = promised[name].take() {
            self.mark(promise, false);
        }
    }

    fn live(&mut self) {
        let mut promised = [None; 5];
        let mut there = [false; 5];
        let path = |number, name| format!("/d{}/{number}-{name}", name % 2);
        for _ in 0..40 {
            let name = self.random.below(5);
            let own = path(self.number, name);
            match self.random.below(5) {
                0..3 => {
                    self.touch(&mut promised, name);
                    let length = self.random.below(9000);
                    let bytes = self.random.bytes(length);
                    self.context.put(&own, &bytes).unwrap();
                    there[name] = true;
                    if self.random.below(2) == 0 {
                        let file = self.context.touch(&own).unwrap();
                        file.sync(self.random.below(2) == 0).unwrap();
                        promised[name] = Some(self.promises.len());
                        self.mark(self.promises.len(), true);
                        self.promises.push((own, bytes));
                    }
                }
                3 if there[name] => {
                    self.touch(&mut promised, name);
                    self.context.remove(&own).unwrap();
                    there[name] = false;
                }
                4 if there[name] => {
                    let other = self.random.below(5);
                    if other != name {
                        self.touch(&mut promised, name);
                        self.touch(&mut promised, other);
                        let later = path(self.number, other);
                        self.context.move_to(&own, &later).unwrap();
                        there[name] = false;
                        there[other] = true;
                    }
                }
                _ => {}
            }
        }
    }
}

/// Runs the storm; gives what was written, and what each thread was promised.
fn storm(seed: u64) -> (History, Vec<Promises>) {
    let mut image = make_image(SIZE, &["-b", "1024", "-N", "256", "-I", "128"]);
    image.resize(image.len() + 1024, 0);
    let result = Arc::new(Mutex::new(None));
    let given = result.clone();
    on_machine_with(seed, 3, move || {
        let disk = disk(image);
        let mut history = History::new(&disk, 1024);
        let slow = SlowDisk::new(&disk, seed);
        let ext2 = crate::Ext2::mount(slow.clone(), false).unwrap();
        let context = Arc::new(context(&ext2));
        for name in ["/d0", "/d1"] {
            context.make_directory(name).unwrap();
        }
        let done = Arc::new(Mutex::new(Vec::new()));
        let threads: Vec<_> = (0..3)
            .map(|number| {
                let mut worker = Worker {
                    number,
                    random: Random::new(seed * 7 + number as u64),
                    disk: disk.clone(),
                    context: context.clone(),
                    promises: Vec::new(),
                };
                let done = done.clone();
                let body = move || {
                    worker.live();
                    let promises = std::mem::take(&mut worker.promises);
                    done.lock().unwrap().push((number, promises));
                };
                thread::spawn("worker", body).unwrap()
            })
            .collect();
        for _ in 0..10 {
            ext2.sync().unwrap();
            thread::yield_now();
        }
        threads.iter().for_each(|thread| thread.join());
        drop((threads, context));
        ext2.unmount().unwrap();
        drop(ext2);
        slow.end();
        history.collect(&disk);
        let mut done = std::mem::take(&mut *done.lock().unwrap());
        done.sort_by_key(|(number, _)| *number);
        let promises = done.into_iter().map(|(_, promises)| promises).collect();
        *given.lock().unwrap() = Some((history, promises));
    });
    result.lock().unwrap().take().expect("it ran")
}

#[test]
fn a_loss_of_power_among_several_threads_loses_nothing_that_was_brought_to_the_disk() {
    let cuts = rounds("SCARLET_CUTS", 12);
    for seed in 1..=rounds("SCARLET_ROUNDS", 3) {
        let (history, promises) = storm(seed);
        let marks = history.marks(SIZE * 1024 / SECTOR as u64);
        let find = |thread: usize, promise: usize, begins: bool| {
            let wanted = [1, thread as u8, promise as u8, u8::from(begins)];
            let found = marks.iter().find(|(_, bytes)| bytes.starts_with(&wanted));
            found.map(|(index, _)| *index)
        };
        let mut all = Vec::new();
        for (thread, promises) in promises.iter().enumerate() {
            for (number, promise) in promises.iter().enumerate() {
                all.push(Promise {
                    since: find(thread, number, true).expect("it was marked"),
                    until: find(thread, number, false).unwrap_or(usize::MAX),
                    either: vec![promise.clone()],
                });
            }
        }
        let mut random = Random::new(seed);
        for number in 0..cuts {
            let cut = random.below(history.length());
            let left = history.cut(cut, || number % 2 == 0 || random.below(2) == 0);
            let words = judge(&left, "-p", cut, &all);
            assert_eq!(
                words,
                None,
                "seed {seed}, cut {cut} of {}",
                history.length()
            );
        }
    }
}
