//! Disks that fail, and images that make no sense.

use base::Error;
use mem::transfer::Source;
use object::File;

use super::kit::*;
use crate::{Fat, Options};

#[test]
fn a_disk_that_fails_gives_errors_and_the_rest_goes_on() {
    let image = make_image(8192, &["-F", "16", "-s", "2"]);
    on_machine(move || {
        let disk = disk(image);
        let fat = fails_to_read(&disk, &mounting);
        fails_to_write(&disk, &fat);
        fat.finish().unwrap();
        assert_clean(&disk.contents());
    });
}

#[test]
fn a_disk_that_is_gone_gives_errors_and_the_mount_ends() {
    let image = make_image(8192, &["-F", "16", "-s", "2"]);
    on_machine(move || {
        let disk = disk(image);
        // The mark that it is in use stays, as after a loss of power.
        vanishes(&disk, &mounting);
    });
}

#[test]
fn after_a_commit_that_failed_the_next_fdatasync_makes_up_for_it() {
    let image = make_image(8192, &["-F", "16", "-s", "2"]);
    on_machine(move || catches_up(&disk(image), &mounting));
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
        for seed in 0..rounds("SCARLET_IMAGES", 160) / 4 {
            let mut image = image.clone();
            let mut random = Random::new(seed * 4 + which as u64 + 1);
            mutate(&mut image, &mut random, |random| {
                let sector = records[random.below(records.len())];
                sector * 512 + random.below(if sector == 0 { 90 } else { 512 })
            });
            on_machine(move || {
                let options = Options {
                    read_only: seed % 4 == 0,
                    stop_on_errors: seed % 3 == 0,
                    ..Options::new()
                };
                if let Ok(fat) = Fat::mount(disk(image), options) {
                    stir(fat);
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
        let fat = mounting(&disk(circles));
        stir(fat.clone());
        let context = filesystem_testkit::context(&fat);
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
            let [file, other] = ["/one", "/two"].map(|path| context.touch(path).unwrap());
            file.write_at(1, &mut Source::kernel(b"2")).unwrap();
            other.truncate(0).unwrap();
            assert_eq!(context.error("/many"), Some(Error::InputOutput));
            // What was changed before never gets there.
            for _ in 0..2 {
                assert_eq!(file.sync(true).err(), error);
                assert_eq!(other.sync(true).err(), error);
            }
            assert_eq!(context.put("/x", b"x").err(), error);
            assert_eq!(context.get("/one").unwrap().len(), 2);
            drop(context);
            fat.unmount().unwrap();
            assert_eq!(disk.contents()[37] & 1, 1, "in use still");
        });
    }
}

#[test]
fn what_a_mapping_changes_again_is_stored() {
    let image = make_image(8192, &["-F", "16", "-s", "2"]);
    on_machine(move || stores_what_mappings_change(&disk(image), &mounting));
}
