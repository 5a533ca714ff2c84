//! Several threads at once, under many schedules: nothing hangs, every lock is taken in order, and the disk is sound.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use base::thread;
use mem::transfer::{Sink, Source};
use object::File;
use vfs::FileSystem;

use super::kit::*;

/// Each thread lives with files of its own in directories that all share, and with one file that all write to.
fn live(number: usize, seed: u64, context: &vfs::FsContext, ext2: &crate::Ext2) {
    let mut random = Random::new(seed * 131 + number as u64);
    let shared = context.touch("/shared").unwrap();
    let mine = |name: usize| format!("/d{}/{number}-{name}", name % 3);
    let mut contents: Vec<Option<Vec<u8>>> = vec![None; 6];
    for _ in 0..40 {
        let name = random.below(contents.len());
        match random.below(8) {
            0..3 => {
                let length = random.below(20_000);
                let bytes = random.bytes(length);
                context.put(&mine(name), &bytes).unwrap();
                contents[name] = Some(bytes);
            }
            3 => {
                if contents[name].take().is_some() {
                    context.remove(&mine(name)).unwrap();
                }
            }
            4 => {
                let other = random.below(contents.len());
                if other != name && contents[name].is_some() {
                    context.move_to(&mine(name), &mine(other)).unwrap();
                    contents[other] = contents[name].take();
                }
            }
            5 => {
                let at = random.below(200_000) as u64;
                shared
                    .write_at(at, &mut Source::kernel(&[number as u8; 3000]))
                    .unwrap();
                let mut bytes = [0; 3000];
                shared.read_at(at, &mut Sink::kernel(&mut bytes)).unwrap();
                if random.below(4) == 0 {
                    shared.truncate(at / 2).unwrap();
                }
            }
            6 => {
                if contents[name].is_some() {
                    context.touch(&mine(name)).unwrap().sync(true).unwrap();
                }
            }
            _ => {
                if random.below(3) == 0 {
                    ext2.sync().unwrap();
                }
                let _ = context.names("/d1").unwrap();
            }
        }
    }
    for (name, bytes) in contents.iter().enumerate() {
        match bytes {
            Some(bytes) => assert!(context.get(&mine(name)).as_ref() == Ok(bytes), "{name}"),
            None => assert!(context.error(&mine(name)).is_some()),
        }
    }
}

#[test]
fn several_threads_at_once_agree() {
    let image = make_image(4096, &["-b", "1024"]);
    for seed in 1..=6 {
        let image = image.clone();
        on_machine_with(seed, 4, move || {
            let disk = disk(image);
            let ext2 = mount(&disk);
            let context = Arc::new(context(&ext2));
            for name in ["/d0", "/d1", "/d2"] {
                context.make_directory(name).unwrap();
            }
            let threads: Vec<_> = (0..4)
                .map(|number| {
                    let (context, ext2) = (context.clone(), ext2.clone());
                    thread::spawn("worker", move || live(number, seed, &context, &ext2)).unwrap()
                })
                .collect();
            threads.iter().for_each(|thread| thread.join());
            drop(threads);
            drop(context);
            ext2.unmount().unwrap();
            assert_clean(&disk.contents());
        });
    }
}

/// What a removed file occupied is there for the next, also where the file was being stored when it lost its name.
#[test]
fn room_comes_back_from_a_file_that_is_being_stored() {
    let image = make_image(512, &["-b", "1024"]);
    for seed in 1..=20 {
        let image = image.clone();
        on_machine_with(seed, 2, move || {
            let disk = disk(image);
            let ext2 = mount(&disk);
            let context = context(&ext2);
            let over = Arc::new(AtomicBool::new(false));
            let storing = {
                let (ext2, over) = (ext2.clone(), over.clone());
                thread::spawn("storing", move || {
                    while !over.load(Ordering::Relaxed) {
                        ext2.sync().unwrap();
                    }
                })
                .unwrap()
            };
            for _ in 0..4 {
                let large = context.touch("/large").unwrap();
                let piece = vec![7; 64 << 10];
                let mut at = 0;
                while let Ok(done) = large.write_at(at, &mut Source::kernel(&piece)) {
                    at += done as u64;
                }
                drop(large);
                context.remove("/large").unwrap();
                context.put("/small", &[1; 3000]).unwrap();
                context.make_directory("/directory").unwrap();
                context.rmdir(None, b"/directory").unwrap();
                context.remove("/small").unwrap();
            }
            over.store(true, Ordering::Relaxed);
            storing.join();
            drop((context, storing));
            ext2.unmount().unwrap();
            assert_clean(&disk.contents());
        });
    }
}
