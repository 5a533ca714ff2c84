//! Full disks, full directories, and long files.

use base::Error;
use mem::transfer::{Sink, Source};
use object::File;
use vfs::FileSystem;

use super::kit::*;

#[test]
fn a_full_disk_is_an_error_and_the_rest_goes_on() {
    on_every_kind(
        |fat, context| {
            context.put("/small", b"small").unwrap();
            let file = context.touch("/big").unwrap();
            let mut offset = 0;
            let chunk = vec![5; 100_000];
            loop {
                match file.write_at(offset, &mut Source::kernel(&chunk)) {
                    Ok(done) => offset += done as u64,
                    Err(error) => {
                        assert_eq!(error, Error::NoSpace);
                        break;
                    }
                }
            }
            assert_eq!(fat.statistics().blocks_free, 0);
            assert_eq!(file.status().unwrap().size, offset);
            assert_eq!(context.make_directory("/directory"), Err(Error::NoSpace));
            let small = context.touch("/small").unwrap();
            assert_eq!(small.truncate(1 << 20), Err(Error::NoSpace));
            assert_eq!(context.get("/small").unwrap(), b"small");
            // What is freed can be had at once.
            file.truncate(100).unwrap();
            context.put("/other", &vec![6; 500_000]).unwrap();
            fat.sync().unwrap();
            context.remove("/big").unwrap();
            drop(file);
            context.make_directory("/directory").unwrap();
        },
        |context| {
            assert_eq!(context.get("/other").unwrap(), vec![6; 500_000]);
            assert_eq!(context.get("/small").unwrap(), b"small");
        },
    );
}

#[test]
fn the_root_directory_of_small_ones_is_full_some_day() {
    let image = make_image(1440, &["-F", "12", "-r", "64"]);
    on_machine(move || {
        let disk = disk(image);
        let fat = mount(&disk);
        let context = context(&fat);
        for number in 0..64 {
            context.put(&format!("/F{number}"), b"").unwrap();
        }
        assert_eq!(context.put("/MORE", b"").err(), Some(Error::NoSpace));
        context.remove("/F7").unwrap();
        context.remove("/F8").unwrap();
        // A long name of two entries.
        context.put("/more", b"x").unwrap();
        assert_eq!(context.put("/AGAIN", b"").err(), Some(Error::NoSpace));
        assert_eq!(context.names("/").unwrap().len(), 2 + 63);
        drop(context);
        fat.unmount().unwrap();
        assert_clean(&disk.contents());
    });
}

#[test]
fn directories_grow_and_are_used_again() {
    on_every_kind(
        |_, context| {
            context.make_directory("/d").unwrap();
            for round in 0..3 {
                for number in 0..150 {
                    context
                        .put(&format!("/d/a file of round {round}, number {number}"), b"")
                        .unwrap();
                }
                for number in 0..150 {
                    context
                        .remove(&format!("/d/a file of round {round}, number {number}"))
                        .unwrap();
                }
            }
            let size = context.status("/d").unwrap().size;
            // 150 files of 4 entries, and what waits for a commit.
            assert!(size <= 150 * 4 * 32 * 3, "{size}");
            context.put("/d/last", b"last").unwrap();
        },
        |context| {
            assert_eq!(context.names("/d").unwrap(), [".", "..", "last"]);
            assert_eq!(context.get("/d/last").unwrap(), b"last");
        },
    );
}

#[test]
fn places_in_scattered_files_are_found() {
    let image = make_image(34_000, &["-F", "32", "-s", "1"]);
    on_machine(move || {
        let disk = disk(image);
        let fat = mount(&disk);
        let context = context(&fat);
        // Two files, cluster by cluster in turn: 3000 runs each.
        let files = [
            context.touch("/one").unwrap(),
            context.touch("/two").unwrap(),
        ];
        for step in 0..3000u64 {
            for file in &files {
                let bytes = [step as u8; 512];
                file.write_at(step * 512, &mut Source::kernel(&bytes))
                    .unwrap();
            }
        }
        fat.sync().unwrap();
        drop(files);
        drop(context);
        fat.unmount().unwrap();
        drop(fat);
        assert_clean(&disk.contents());
        let fat = mount(&disk);
        let context = self::context(&fat);
        let file = context.touch("/two").unwrap();
        for step in [2999u64, 5, 1500, 2998, 0, 2048] {
            let mut byte = [0; 3];
            file.read_at(step * 512 + 7, &mut Sink::kernel(&mut byte))
                .unwrap();
            assert_eq!(byte, [step as u8; 3], "{step}");
        }
        file.truncate(1000 * 512).unwrap();
        file.write_at(1000 * 512, &mut Source::kernel(&[9; 512]))
            .unwrap();
        drop(file);
        drop(context);
        fat.unmount().unwrap();
        assert_clean(&disk.contents());
    });
}
