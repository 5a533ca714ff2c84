//! Disks that fail, and images that make no sense.

use base::Error;
use device::block::{Operation, SECTOR};
use mem::transfer::Source;
use object::File;
use vfs::FileSystem;

use super::kit::*;
use crate::Ext2;

#[test]
fn a_disk_that_fails_gives_errors_and_the_rest_goes_on() {
    let image = make_image(4096, &["-b", "1024"]);
    on_machine(move || {
        let disk = disk(image);
        let ext2 = fails_to_read(&disk, &mounting);
        fails_to_write(&disk, &ext2);
        ext2.finish().unwrap();
        assert_clean(&disk.contents());
    });
}

#[test]
fn a_disk_that_is_gone_gives_errors_and_the_mount_ends() {
    let image = make_image(4096, &["-b", "1024"]);
    on_machine(move || {
        let disk = disk(image);
        vanishes(&disk, &mounting);
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

#[test]
fn images_that_make_no_sense_end_in_errors() {
    let tree = Scratch::new("tree");
    std::fs::create_dir_all(tree.0.join("a/b/c")).unwrap();
    std::fs::create_dir(tree.0.join("many")).unwrap();
    let mut random = Random::new(3);
    for (name, size) in [
        ("one", 1),
        ("empty", 0),
        ("two", 100_000),
        ("three", 400_000),
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
    for seed in 0..rounds("SCARLET_IMAGES", 150) {
        let mut image = image.clone();
        let mut random = Random::new(seed);
        mutate(&mut image, &mut random, |random| {
            let block = records[random.below(records.len())];
            block * 1024 + random.below(if block == 1 { 264 } else { 1024 })
        });
        on_machine(move || {
            let read_only = seed % 4 == 0;
            if let Ok(ext2) = Ext2::mount(disk(image), read_only) {
                stir(ext2);
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

#[test]
fn after_a_commit_that_failed_the_next_fdatasync_makes_up_for_it() {
    let image = make_image(4096, &["-b", "1024"]);
    on_machine(move || catches_up(&disk(image), &mounting));
}

#[test]
fn what_a_mapping_changes_again_is_stored() {
    let image = make_image(4096, &["-b", "1024"]);
    on_machine(move || stores_what_mappings_change(&disk(image), &mounting));
}

#[test]
fn what_is_lost_because_writing_has_ended_is_an_error() {
    let tree = Scratch::new("tree");
    std::fs::create_dir_all(tree.0.join("sub/inner")).unwrap();
    for name in ["one", "two"] {
        std::fs::write(tree.0.join(name), name).unwrap();
    }
    let tree = tree.0.to_str().unwrap();
    let mut image = make_image(1024, &["-b", "1024", "-e", "remount-ro", "-d", tree]);
    let sub = image
        .chunks(1024)
        .position(|block| block[4..9] == [12, 0, 1, 2, b'.'] && block[32..37] == *b"inner")
        .expect("the directory");
    image[sub * 1024 + 24 + 4] = 3;
    on_machine(move || {
        let disk = disk(image);
        let ext2 = mount(&disk);
        let context = context(&ext2);
        let [one, two] = ["/one", "/two"].map(|path| context.touch(path).unwrap());
        one.write_at(0, &mut Source::kernel(b"changed")).unwrap();
        context.make_directory("/new").unwrap();
        assert_eq!(context.error("/sub/inner"), Some(Error::NeedsCleaning));
        for _ in 0..2 {
            assert_eq!(one.sync(true), Err(Error::ReadOnlyFileSystem));
            assert_eq!(two.sync(true), Err(Error::ReadOnlyFileSystem));
        }
    });
}
