//! Several threads at once, under many schedules: nothing hangs, every lock is taken in order, and the disk is sound.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use base::thread;
use hal::PAGE_SIZE;
use hal::user::Access;
use mem::transfer::{Sink, Source};
use object::{File, SpaceChange};
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

/// The file system is unmounted, and what it leaves on the disk is sound.
fn end(ext2: Arc<crate::Ext2>, slow: &SlowDisk, disk: &device::block::MemoryDisk) {
    ext2.unmount().unwrap();
    drop(ext2);
    slow.end();
    assert_clean(&disk.contents());
}

/// Ends of files wander, and holes come and go, while they are stored.
fn cut_and_punch(seed: u64, context: &vfs::FsContext) {
    let mut random = Random::new(seed);
    for round in 0..60 {
        let file = context.touch(&format!("/cut{}", round % 3)).unwrap();
        let at = random.below(20_000) as u64;
        let length = random.below(9000) as u64;
        match random.below(4) {
            0 => file.truncate(at).unwrap(),
            1 => file
                .change_space(at, length + 1, SpaceChange::Punch)
                .unwrap(),
            _ => {
                let bytes = random.bytes(length as usize);
                file.write_at(at, &mut Source::kernel(&bytes)).unwrap();
                let mut there = vec![0; bytes.len()];
                file.read_at(at, &mut Sink::kernel(&mut there)).unwrap();
                assert!(there == bytes);
            }
        }
    }
}

/// All files in the root and in its directories, with their contents.
fn everything(context: &vfs::FsContext) -> Vec<(String, Vec<u8>)> {
    let directories = ["", "/d0", "/d1", "/d2"];
    let paths = directories.iter().flat_map(|directory| {
        let names = context.names(&format!("{directory}/")).unwrap();
        names
            .into_iter()
            .map(move |name| format!("{directory}/{name}"))
    });
    paths
        .filter_map(|path| {
            let bytes = context.get(&path).ok()?;
            Some((path, bytes))
        })
        .collect()
}

/// Blocks that are cut off a page that is on its way to the disk, on a disk so full that the next file has them soon.
#[test]
fn what_is_cut_off_while_it_is_stored_arrives_before_another_has_its_room() {
    let image = make_image(128, &["-b", "1024", "-N", "16"]);
    for seed in 1..=30 {
        let image = image.clone();
        on_machine_with(seed, 2, move || {
            let disk = disk(image);
            let slow = SlowDisk::new(&disk, seed);
            let ext2 = crate::Ext2::mount(slow.clone(), false).unwrap();
            let context = context(&ext2);
            let full = context.touch("/full").unwrap();
            let left = ext2.statistics().blocks_free as usize - 8;
            full.write(&mut Source::kernel(&vec![1; left * 1024]))
                .unwrap();
            full.sync(true).unwrap();
            let over = Arc::new(AtomicBool::new(false));
            let storing = {
                let (ext2, over) = (ext2.clone(), over.clone());
                thread::spawn("storing", move || {
                    while !over.load(Ordering::Relaxed) {
                        ext2.sync().unwrap();
                        thread::yield_now();
                    }
                })
                .unwrap()
            };
            let mut random = Random::new(seed);
            for round in 0..30_u8 {
                let file = context.touch("/cut").unwrap();
                let _ = file.write_at(0, &mut Source::kernel(&[round | 0x80; 4096]));
                for _ in 0..random.below(60) {
                    thread::yield_now();
                }
                match round % 2 {
                    0 => file.truncate(1024).unwrap(),
                    _ => file.change_space(1024, 3072, SpaceChange::Punch).unwrap(),
                }
                let name = format!("/other{}", round % 2);
                let other = context.touch(&name).unwrap();
                other.truncate(0).unwrap();
                let bytes = vec![round | 0x40; 3072];
                if other.write_at(0, &mut Source::kernel(&bytes)) != Ok(3072) {
                    continue;
                }
                other.sync(true).unwrap();
                for _ in 0..random.below(200) {
                    thread::yield_now();
                }
                // As the disk has it.
                let place = context
                    .resolve(None, name.as_bytes(), Default::default())
                    .unwrap();
                place.inode().page_cache().unwrap().drop_clean(0, 1);
                assert!(
                    context.get(&name) == Ok(bytes),
                    "seed {seed}, round {round}"
                );
            }
            over.store(true, Ordering::Relaxed);
            storing.join();
            drop((context, storing, full));
            end(ext2, &slow, &disk);
        });
    }
}

#[test]
fn what_many_files_have_is_on_its_way_at_once() {
    for block in ["1024", "4096"] {
        let image = make_image(8192, &["-b", block]);
        on_machine(move || {
            let disk = disk(image);
            let slow = SlowDisk::new(&disk, 1);
            let ext2 = crate::Ext2::mount(slow.clone(), false).unwrap();
            let context = context(&ext2);
            for number in 0..200 {
                let bytes = vec![number as u8; 100 + number * 30];
                context.put(&format!("/{number}"), &bytes).unwrap();
            }
            assert!(slow.longest_queue() < 10);
            ext2.sync().unwrap();
            assert!(slow.longest_queue() > 20, "{}", slow.longest_queue());
            drop(context);
            end(ext2, &slow, &disk);
            let ext2 = mount(&disk);
            for number in 0..200 {
                let expected = vec![number as u8; 100 + number * 30];
                let found = super::kit::context(&ext2).get(&format!("/{number}"));
                assert_eq!(found, Ok(expected));
            }
        });
    }
}

#[test]
fn several_threads_at_once_agree() {
    let image = make_image(4096, &["-b", "1024"]);
    for seed in 1..=6 {
        let image = image.clone();
        on_machine_with(seed, 4, move || {
            let disk = disk(image);
            let slow = SlowDisk::new(&disk, seed);
            let ext2 = match seed % 2 {
                0 => mount(&disk),
                _ => crate::Ext2::mount(slow.clone(), false).unwrap(),
            };
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
            cut_and_punch(seed, &context);
            threads.iter().for_each(|thread| thread.join());
            drop(threads);
            let before = everything(&context);
            drop(context);
            end(ext2, &slow, &disk);
            let after = everything(&super::kit::context(&mount(&disk)));
            assert!(before == after, "other bytes on the disk than in memory");
        });
    }
}

/// A disk is filled, the file removed, and its room used at once, while another thread stores what is dirty in this way.
fn fill_and_remove_while(store: fn(&crate::Ext2)) {
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
                        store(&ext2);
                    }
                })
                .unwrap()
            };
            let holes = context.touch("/holes").unwrap();
            holes.truncate(4 * PAGE_SIZE as u64).unwrap();
            for _ in 0..4 {
                let large = context.touch("/large").unwrap();
                let piece = vec![7; 64 << 10];
                let mut at = 0;
                while let Ok(done) = large.write_at(at, &mut Source::kernel(&piece)) {
                    at += done as u64;
                }
                drop(large);
                context.remove("/large").unwrap();
                let mapped = holes.memory_object().unwrap();
                for index in 0..4 {
                    mapped.page(index, Access::Write).unwrap();
                }
                holes.truncate(0).unwrap();
                holes.truncate(4 * PAGE_SIZE as u64).unwrap();
                context.put("/small", &[1; 3000]).unwrap();
                context.make_directory("/directory").unwrap();
                context.rmdir(None, b"/directory").unwrap();
                context.remove("/small").unwrap();
            }
            over.store(true, Ordering::Relaxed);
            storing.join();
            drop((holes, context, storing));
            ext2.unmount().unwrap();
            assert_clean(&disk.contents());
        });
    }
}

/// What a removed file occupied is there for the next, also where the file was being stored when it lost its name.
#[test]
fn room_comes_back_from_a_file_that_is_being_stored() {
    fill_and_remove_while(|ext2| ext2.sync().unwrap());
}

/// The same where it was memory, not the file system, that wanted it stored.
#[test]
fn room_comes_back_from_a_file_that_memory_is_stored_from() {
    fill_and_remove_while(|_| {
        // Every page that is dirty now; the file may be gone meanwhile.
        let _ = mem::store_everything();
        thread::yield_now();
    });
}
