//! Disks that fail, and images that make no sense.

use std::sync::Arc;

use base::Error;
use device::block::Operation;
use mem::transfer::{Sink, Source};
use object::{File, FileKind};
use vfs::{FileSystem, Inode, Name, NewInode, Ownership, RenameFlags};

use super::kit::*;
use crate::{Fat, Options};

#[test]
fn a_disk_that_fails_gives_errors_and_the_rest_goes_on() {
    let image = make_image(8192, &["-F", "16", "-s", "2"]);
    on_machine(move || {
        let disk = disk(image);
        let fat = mount(&disk);
        let context = context(&fat);
        context.put("/good", &[1; 3000]).unwrap();
        context.put("/bad", &[2; 300_000]).unwrap();
        fat.sync().unwrap();
        drop(context);
        fat.unmount().unwrap();
        drop(fat);
        let contents = disk.contents();
        let bad = contents
            .chunks(512)
            .rposition(|sector| sector == [2; 512])
            .unwrap() as u64;
        disk.fail(Operation::Read, bad - 100..bad);
        let fat = mount(&disk);
        let context = self::context(&fat);
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
        assert_eq!(fat.sync(), Err(Error::InputOutput));
        assert_eq!(context.get("/late").unwrap(), vec![3; 5000]);
        disk.heal();
        context.touch("/late").unwrap().sync(true).unwrap();
        drop((file, context));
        fat.unmount().unwrap();
        assert_clean(&disk.contents());
    });
}

/// Looks at everything and changes a bit of everything; whatever comes out, it ends.
fn stir(fat: &Arc<Fat>) {
    let mut left = 200;
    walk(&fat.root(), &mut left, 0);
    let context = context(fat);
    for name in ["/new and long", "/empty", "/one", "/a/new", "/many/new"] {
        let _ = context.put(name, &[7; 9000]);
    }
    let _ = context.make_directory("/dir");
    let _ = context.move_to("/new and long", "/dir/new");
    let _ = context.move_with("/one", "/a", RenameFlags::EXCHANGE);
    let _ = context.remove("/two");
    let _ = context.rmdir(None, b"/a/b/c");
    if let Ok(file) = context.touch("/three") {
        let _ = file.write_at(600_000, &mut Source::kernel(b"far"));
        let _ = file.truncate(5);
        let _ = file.sync(true);
    }
    let _ = fat.sync();
    let _ = fat.statistics();
}

fn walk(inode: &Arc<dyn Inode>, left: &mut usize, depth: usize) {
    if *left == 0 || depth > 12 {
        return;
    }
    *left -= 1;
    let _ = inode.status();
    if inode.kind() == FileKind::Directory {
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
    } else {
        let mut bytes = [0; 5000];
        let size = inode.status().map_or(0, |status| status.size);
        for offset in [0, 12 * 1024, 300_000, size.saturating_sub(100)] {
            let _ = inode.read_at(offset, &mut Sink::kernel(&mut bytes));
        }
        let _ = inode.write_at(size / 2, &mut Source::kernel(&bytes));
    }
}

/// An image with a bit of everything in it.
fn sample(kibibytes: u64, arguments: &[&str]) -> Vec<u8> {
    let image = make_image(kibibytes, arguments);
    let (send, receive) = std::sync::mpsc::channel();
    on_machine(move || {
        let disk = disk(image);
        let fat = mount(&disk);
        let context = context(&fat);
        for path in ["/a", "/a/b", "/a/b/c", "/many"] {
            context.make_directory(path).unwrap();
        }
        let mut random = Random::new(3);
        for (name, size) in [
            ("/one", 1),
            ("/empty", 0),
            ("/two", 100_000),
            ("/three", 400_000),
        ] {
            context.put(name, &random.bytes(size)).unwrap();
        }
        for number in 0..40 {
            context.put(&format!("/many/file {number}"), b"x").unwrap();
        }
        drop(context);
        fat.unmount().unwrap();
        send.send(disk.contents()).unwrap();
    });
    receive.recv().unwrap()
}

#[test]
fn images_that_make_no_sense_end_in_errors() {
    let rounds = std::env::var("SCARLET_IMAGES")
        .ok()
        .and_then(|rounds| rounds.parse().ok());
    let rounds: u64 = rounds.unwrap_or(160);
    for (which, (arguments, kibibytes)) in KINDS.into_iter().enumerate() {
        let image = sample(kibibytes, arguments);
        let plain = make_image(kibibytes, arguments);
        // Where the records are: what differs from an empty one and is no file's bytes, and the front.
        let records: Vec<usize> = (0..image.len() / 512)
            .filter(|sector| {
                let bytes = &image[sector * 512..][..512];
                let printable = bytes.iter().filter(|byte| byte.is_ascii_graphic()).count();
                let zeros = bytes.iter().filter(|byte| **byte == 0).count();
                *sector < 2 || (bytes != &plain[sector * 512..][..512] && zeros + printable > 200)
            })
            .collect();
        for seed in 0..rounds / 4 {
            let mut image = image.clone();
            let mut random = Random::new(seed * 4 + which as u64 + 1);
            for _ in 0..1 + random.below(20) {
                let sector = records[random.below(records.len())];
                let at = sector * 512 + random.below(if sector == 0 { 90 } else { 512 });
                image[at] = match random.below(4) {
                    0 => 0,
                    1 => 0xff,
                    2 => image[at] ^ (1 << random.below(8)),
                    _ => random.below(256) as u8,
                };
            }
            on_machine(move || {
                let options = Options {
                    read_only: seed % 4 == 0,
                    stop_on_errors: seed % 3 == 0,
                    ..Options::new()
                };
                if let Ok(fat) = Fat::mount(disk(image), options) {
                    stir(&fat);
                }
            });
        }
    }
}

#[test]
fn an_image_that_is_cut_short_is_refused() {
    for (arguments, kibibytes) in KINDS {
        let mut image = make_image(kibibytes, arguments);
        image.truncate(image.len() / 2);
        on_machine(move || {
            let refused = Fat::mount(disk(image), Options::new()).err();
            assert_eq!(refused, Some(Error::InvalidArgument));
        });
    }
}

#[test]
fn chains_in_a_circle_end() {
    let image = sample(8192, &["-F", "16", "-s", "2"]);
    let word = |at: usize| usize::from(u16::from_le_bytes([image[at], image[at + 1]]));
    let table = word(14) * 512;
    let length = word(22) * 512;
    // Whatever leads somewhere leads back to where it came from.
    let mut circles = image.clone();
    for cluster in 3..2000 {
        let at = table + cluster * 2;
        for at in [at, at + length] {
            if circles[at..at + 2] != [0, 0] {
                circles[at..at + 2].copy_from_slice(&(cluster as u16 - 1).to_le_bytes());
            }
        }
    }
    on_machine(move || {
        let fat = mount(&disk(circles));
        stir(&fat);
        let context = context(&fat);
        assert!(context.names("/").unwrap().len() >= 2);
    });
}

#[test]
fn damage_that_is_found_ends_writing() {
    for (stop_on_errors, error) in [(true, Some(Error::ReadOnlyFileSystem)), (false, None)] {
        let mut image = sample(1440, &["-F", "12", "-s", "1"]);
        // The directory `many` begins nowhere.
        let entry = image
            .windows(11)
            .position(|name| name == b"MANY       ")
            .unwrap();
        image[entry + 26..entry + 28].fill(0xff);
        on_machine(move || {
            let disk = disk(image);
            let options = Options {
                stop_on_errors,
                ..Options::new()
            };
            let fat = mount_with(&disk, options);
            let context = context(&fat);
            assert_eq!(context.error("/many"), Some(Error::InputOutput));
            assert_eq!(context.put("/x", b"x").err(), error);
            assert_eq!(context.get("/one").unwrap().len(), 1);
            drop(context);
            fat.unmount().unwrap();
            assert_eq!(disk.contents()[37] & 1, 1, "in use still");
        });
    }
}
