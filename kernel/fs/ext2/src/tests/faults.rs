//! Disks that fail, and images that make no sense.

use std::sync::Arc;

use base::Error;
use device::block::{Operation, SECTOR};
use mem::transfer::{Sink, Source};
use object::{File, FileKind};
use vfs::{FileSystem, FsContext, Inode, Name, NewInode, Ownership, RenameFlags};

use super::kit::*;
use crate::Ext2;

#[test]
fn a_disk_that_fails_gives_errors_and_the_rest_goes_on() {
    let image = make_image(4096, &["-b", "1024"]);
    on_machine(move || {
        let disk = disk(image);
        let ext2 = mount(&disk);
        let context = context(&ext2);
        context.put("/good", &[1; 3000]).unwrap();
        context.put("/bad", &[2; 300_000]).unwrap();
        ext2.sync().unwrap();
        drop(context);
        ext2.unmount().unwrap();
        drop(ext2);
        // Every sector of the large file but the first ones fails to be read.
        let contents = disk.contents();
        let bad = contents
            .chunks(1024)
            .rposition(|block| block == [2; 1024])
            .unwrap() as u64
            * 2;
        disk.fail(Operation::Read, bad - 100..bad);
        let ext2 = mount(&disk);
        let context = self::context(&ext2);
        assert_eq!(context.get("/good"), Ok(vec![1; 3000]));
        let file = context.touch("/bad").unwrap();
        let mut bytes = vec![0; 4096];
        assert_eq!(file.read_at(0, &mut Sink::kernel(&mut bytes)), Ok(4096));
        let read = file.read_at(280_000, &mut Sink::kernel(&mut bytes));
        assert_eq!(read, Err(Error::InputOutput));
        disk.heal();
        assert_eq!(context.get("/bad").unwrap(), vec![2; 300_000]);
        // Nothing can be written: what was there is still read, and later it goes on.
        disk.fail(Operation::Write, 0..1 << 20);
        context.put("/late", &[3; 5000]).unwrap();
        assert_eq!(
            context.touch("/late").unwrap().sync(true),
            Err(Error::InputOutput)
        );
        assert_eq!(ext2.sync(), Err(Error::InputOutput));
        assert_eq!(context.get("/late").unwrap(), vec![3; 5000]);
        disk.heal();
        context.touch("/late").unwrap().sync(true).unwrap();
        drop((file, context));
        ext2.unmount().unwrap();
        assert_clean(&disk.contents());
    });
}

#[test]
fn a_disk_that_does_not_flush_promises_nothing() {
    let image = make_image(4096, &["-b", "1024"]);
    on_machine(move || {
        let disk = disk(image);
        let ext2 = mount(&disk);
        let context = context(&ext2);
        context.put("/file", b"x").unwrap();
        disk.fail(Operation::Flush, 0..1 << 20);
        // The disk in memory has no sector for a flush; a failing write stands for it.
        disk.fail(Operation::Write, 2..4);
        assert_eq!(
            context.touch("/file").unwrap().sync(true),
            Err(Error::InputOutput)
        );
        disk.heal();
        ext2.sync().unwrap();
        drop(context);
        ext2.unmount().unwrap();
        assert_clean(&disk.contents());
    });
}

/// Looks at everything and changes a bit of everything; whatever comes out, it ends.
pub(super) fn stir(ext2: &Arc<Ext2>) {
    let mut left = 200;
    walk(&ext2.root(), &mut left, 0);
    let context: FsContext = context(ext2);
    for name in ["/new", "/empty", "/one", "/a/new", "/many/new"] {
        let _ = context.put(name, &[7; 9000]);
    }
    let _ = context.make_directory("/dir");
    let _ = context.move_to("/new", "/dir/new");
    let _ = context.move_with("/one", "/a", RenameFlags::EXCHANGE);
    let _ = context.remove("/double");
    let _ = context.remove("/indirect");
    if let Ok(file) = context.touch("/triple") {
        let _ = file.write_at(200 << 20, &mut Source::kernel(b"far"));
        let _ = file.truncate(5);
        let _ = file.sync(true);
    }
    let _ = ext2.sync();
    let _ = ext2.statistics();
}

fn walk(inode: &Arc<dyn Inode>, left: &mut usize, depth: usize) {
    if *left == 0 || depth > 12 {
        return;
    }
    *left -= 1;
    let _ = inode.status();
    match inode.kind() {
        FileKind::Directory => {
            let mut names = Vec::new();
            let _ = inode.read_directory(0, &mut |entry| {
                names.push(entry.name.to_vec());
                names.len() < 300
            });
            for name in names {
                let Ok(name) = Name::new(&name) else { continue };
                if let Ok(below) = inode.lookup(name) {
                    walk(&below, left, depth + 1);
                }
            }
            let owner = Ownership {
                mode: 0o644,
                uid: 0,
                gid: 0,
            };
            let name = Name::new(b"made here").unwrap();
            let _ = inode.create(name, &NewInode::File, owner);
            let _ = inode.unlink(name);
        }
        FileKind::SymbolicLink => {
            let _ = inode.read_link();
        }
        FileKind::Regular => {
            let mut bytes = [0; 5000];
            let size = inode.status().map_or(0, |status| status.size);
            for offset in [0, 12 * 1024, 300_000, size.saturating_sub(100)] {
                let _ = inode.read_at(offset, &mut Sink::kernel(&mut bytes));
            }
            let _ = inode.next_extent(0, true);
        }
        _ => {}
    }
}

#[test]
fn images_that_make_no_sense_end_in_errors() {
    let rounds = std::env::var("SCARLET_IMAGES")
        .ok()
        .and_then(|rounds| rounds.parse().ok());
    let tree = Scratch::new("tree");
    std::fs::create_dir_all(tree.0.join("a/b/c")).unwrap();
    std::fs::create_dir(tree.0.join("many")).unwrap();
    let mut random = Random::new(3);
    for (name, size) in [
        ("one", 1),
        ("empty", 0),
        ("indirect", 100_000),
        ("double", 400_000),
    ] {
        std::fs::write(tree.0.join(name), random.bytes(size)).unwrap();
    }
    for number in 0..60 {
        std::fs::write(tree.0.join(format!("many/file {number}")), b"x").unwrap();
    }
    std::os::unix::fs::symlink("x/".repeat(50), tree.0.join("a/slow")).unwrap();
    std::os::unix::fs::symlink("x", tree.0.join("a/fast")).unwrap();
    let image = make_image(
        1024,
        &["-b", "1024", "-N", "128", "-d", tree.0.to_str().unwrap()],
    );
    // Where the records are: all blocks up to the end of the inode table, and the directories.
    let records: Vec<usize> = image
        .chunks(1024)
        .enumerate()
        .filter(|(block, bytes)| {
            let begins_directory = bytes[4..12] == [12, 0, 1, 2, b'.', 0, 0, 0];
            (1..44).contains(block) || begins_directory
        })
        .map(|(block, _)| block)
        .collect();
    for seed in 0..rounds.unwrap_or(150) {
        let mut image = image.clone();
        let mut random = Random::new(seed);
        for _ in 0..1 + random.below(20) {
            let block = records[random.below(records.len())];
            let at = block * 1024
                + if block == 1 {
                    random.below(264)
                } else {
                    random.below(1024)
                };
            image[at] = match random.below(4) {
                0 => 0,
                1 => 0xff,
                2 => image[at] ^ (1 << random.below(8)),
                _ => random.below(256) as u8,
            };
        }
        on_machine(move || {
            let read_only = seed % 4 == 0;
            if let Ok(ext2) = Ext2::mount(disk(image), read_only) {
                stir(&ext2);
            }
        });
    }
}

#[test]
fn an_image_that_is_cut_short_is_refused() {
    let mut image = make_image(1024, &["-b", "1024"]);
    image.truncate(512 * SECTOR);
    on_machine(move || {
        assert_eq!(
            Ext2::mount(disk(image), false).err(),
            Some(Error::InvalidArgument)
        );
    });
}

#[test]
fn damage_that_is_found_is_noted_and_ends_writing_where_the_superblock_says_so() {
    for (policy, read_only) in [("continue", false), ("remount-ro", true)] {
        let mut image = make_image(1024, &["-b", "1024", "-e", policy]);
        // The root's entry for lost+found gets a length that is none.
        let root = image
            .chunks(1024)
            .position(|block| block[4..9] == [12, 0, 1, 2, b'.'] && block[..4] == [2, 0, 0, 0])
            .expect("the root");
        image[root * 1024 + 24 + 4] = 3;
        on_machine(move || {
            let disk = disk(image);
            let ext2 = mount(&disk);
            let context = context(&ext2);
            assert_eq!(context.touch("/new").err(), Some(Error::NeedsCleaning));
            let changed = context.chmod(None, b"/", 0o700, vfs::ResolveFlags::empty());
            let refused = read_only.then_some(Error::ReadOnlyFileSystem);
            assert_eq!(changed.err(), refused);
            assert_eq!(context.status("/").map(|status| status.inode), Ok(2));
            drop(context);
            ext2.unmount().unwrap();
            let state = disk.contents()[1024 + 58];
            assert_eq!(state & 3, 2, "in use, and with errors");
        });
    }
}
