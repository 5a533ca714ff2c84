//! What is written here is in order for e2fsck, and is there after the next mount.

use std::sync::Arc;

use base::Error;
use device::block::{MemoryDisk, Recorded};
use hal::user::Access;
use mem::MemoryObject;
use mem::transfer::{Sink, Source};
use object::{File, FileKind, SeekFrom, SpaceChange};
use vfs::{FileSystem, FsContext, NewInode, OpenOptions, Prompt, RenameFlags, ResolveFlags};

use super::kit::*;
use crate::{Ext2, Family, How};

/// Works on a fresh image, unmounts it, lets e2fsck judge, mounts it again and looks.
fn round(
    kibibytes: u64,
    arguments: &[&str],
    work: impl FnOnce(&FsContext, &Arc<Ext2>, &Arc<MemoryDisk>) + 'static,
    look: impl FnOnce(&FsContext) + 'static,
) {
    let image = make_image(kibibytes, arguments);
    on_machine(move || {
        let disk = disk(image);
        let ext2 = mount(&disk);
        let worker = context(&ext2);
        work(&worker, &ext2, &disk);
        drop(worker);
        ext2.unmount().unwrap();
        drop(ext2);
        assert_clean(&disk.contents());
        let ext2 = mount(&disk);
        look(&context(&ext2));
        ext2.unmount().unwrap();
        assert_clean(&disk.contents());
    });
}

const SIZES: [&[&str]; 5] = [
    &["-b", "1024"],
    &["-b", "2048"],
    &["-b", "4096"],
    &["-b", "1024", "-O", "none"],
    &["-b", "4096", "-O", "^filetype", "-I", "128"],
];

#[test]
fn a_tree_is_there_after_the_next_mount() {
    for arguments in SIZES {
        round(
            8 * 1024,
            arguments,
            |context, _, _| {
                context.make_directory("/d").unwrap();
                context.make_directory("/d/e").unwrap();
                context.put("/d/file", b"hello").unwrap();
                let body: Vec<u8> = (0..900_000_u32).map(|number| (number / 7) as u8).collect();
                context.put("/d/e/large", &body).unwrap();
                context.make_link("file", "/d/short").unwrap();
                context.make_link(&"x/".repeat(200), "/d/long").unwrap();
                let file = context.touch("/d/file").unwrap();
                context.link(file.path(), None, b"/other").unwrap();
                let root = context.root.inode().clone();
                let owner = vfs::Ownership {
                    mode: 0o640,
                    uid: 70_000,
                    gid: 5,
                };
                for (name, new) in [
                    ("fifo", NewInode::Fifo),
                    ("socket", NewInode::Socket),
                    (
                        "disk",
                        NewInode::Device {
                            kind: FileKind::BlockDevice,
                            major: 254,
                            minor: 16,
                        },
                    ),
                    (
                        "wide",
                        NewInode::Device {
                            kind: FileKind::CharacterDevice,
                            major: 300,
                            minor: 70_000,
                        },
                    ),
                ] {
                    root.create(vfs::Name::new(name.as_bytes()).unwrap(), &new, owner)
                        .unwrap();
                }
                assert_eq!(context.make_directory("/d").err(), Some(Error::Exists));
            },
            |context| {
                assert_eq!(context.get("/d/file"), Ok(b"hello".to_vec()));
                assert_eq!(context.get("/d/short"), Ok(b"hello".to_vec()));
                assert_eq!(context.status("/other").unwrap().links, 2);
                let body = context.get("/d/e/large").unwrap();
                assert!(
                    body.iter()
                        .enumerate()
                        .all(|(at, byte)| *byte == (at / 7) as u8)
                );
                assert_eq!(body.len(), 900_000);
                let long = context.readlink(None, b"/d/long").unwrap();
                assert_eq!(long, "x/".repeat(200).as_bytes());
                let wide = context.status("/wide").unwrap();
                assert_eq!((wide.device_major, wide.device_minor), (300, 70_000));
                assert_eq!((wide.uid, wide.gid, wide.mode), (70_000, 5, 0o640));
                let disk = context.status("/disk").unwrap();
                assert_eq!((disk.device_major, disk.device_minor), (254, 16));
                assert_eq!(context.status("/fifo").unwrap().kind, FileKind::Fifo);
                assert_eq!(context.status("/d").unwrap().links, 3);
            },
        );
    }
}

#[test]
fn names_come_and_go() {
    for arguments in SIZES {
        round(
            8 * 1024,
            arguments,
            |context, ext2, _| {
                context.make_directory("/a").unwrap();
                context.make_directory("/b").unwrap();
                for number in 0..500 {
                    context.put(&format!("/a/file {number}"), b"x").unwrap();
                }
                for number in (0..500).step_by(2) {
                    context.remove(&format!("/a/file {number}")).unwrap();
                }
                ext2.sync().unwrap();
                for number in (1..500).step_by(4) {
                    context
                        .move_to(&format!("/a/file {number}"), &format!("/b/moved {number}"))
                        .unwrap();
                }
                context.make_directory("/a/inner").unwrap();
                context.put("/a/inner/file", b"inside").unwrap();
                context.move_to("/a/inner", "/b/inner").unwrap();
                context.put("/new", b"new").unwrap();
                context.put("/old", b"old").unwrap();
                context.move_to("/new", "/old").unwrap();
                context.make_directory("/x").unwrap();
                context.make_directory("/b/y").unwrap();
                context.put("/x/one", b"1").unwrap();
                context.put("/b/y/two", b"2").unwrap();
                context
                    .move_with("/x", "/b/y", RenameFlags::EXCHANGE)
                    .unwrap();
                context
                    .move_with("/x", "/old", RenameFlags::EXCHANGE)
                    .unwrap();
                assert_eq!(context.rmdir(None, b"/b").err(), Some(Error::NotEmpty));
                context.make_directory("/gone").unwrap();
                context.rmdir(None, b"/gone").unwrap();
                context.make_directory("/over").unwrap();
                context.make_directory("/under").unwrap();
                context.move_to("/over", "/under").unwrap();
            },
            |context| {
                assert_eq!(context.names("/a").unwrap().len(), 2 + 125);
                assert_eq!(context.names("/b").unwrap().len(), 2 + 125 + 2);
                assert_eq!(context.get("/b/inner/file"), Ok(b"inside".to_vec()));
                assert_eq!(context.get("/x"), Ok(b"new".to_vec()));
                assert_eq!(context.get("/old/two"), Ok(b"2".to_vec()));
                assert_eq!(context.get("/b/y/one"), Ok(b"1".to_vec()));
                assert_eq!(context.get("/b/y/../moved 1"), Ok(b"x".to_vec()));
                assert_eq!(context.error("/new"), Some(Error::NotFound));
                assert_eq!(context.error("/over"), Some(Error::NotFound));
                assert_eq!(context.status("/b").unwrap().links, 4);
            },
        );
    }
}

#[test]
fn holes_take_no_room_and_truncation_gives_it_back() {
    for arguments in SIZES {
        round(
            8 * 1024,
            arguments,
            |context, ext2, _| {
                let before = ext2.statistics().blocks_free;
                let file = context.touch("/sparse").unwrap();
                for at in [0, 100_000, 5_000_000, 400_000_000] {
                    file.write_at(at, &mut Source::kernel(b"data")).unwrap();
                }
                assert!(file.status().unwrap().blocks < 100);
                let data = file.seek(SeekFrom::Data(8192)).unwrap();
                assert!((95_000..=100_000).contains(&data), "{data}");
                assert!(file.seek(SeekFrom::Hole(100_000)).unwrap() < 110_000);
                ext2.sync().unwrap();
                file.truncate(5_000_002).unwrap();
                file.truncate(6_000_000).unwrap();
                let mut tail = [9; 4];
                file.read_at(5_000_000, &mut Sink::kernel(&mut tail))
                    .unwrap();
                assert_eq!(&tail, b"da\0\0");
                context.put("/whole", &vec![7; 700_000]).unwrap();
                ext2.sync().unwrap();
                context.touch("/whole").unwrap().truncate(0).unwrap();
                context.put("/gone", &vec![7; 700_000]).unwrap();
                context.remove("/gone").unwrap();
                drop(file);
                ext2.sync().unwrap();
                ext2.sync().unwrap();
                assert!(before - ext2.statistics().blocks_free < 20);
            },
            |context| {
                let bytes = context.get("/sparse").unwrap();
                assert_eq!(bytes.len(), 6_000_000);
                assert_eq!(&bytes[100_000..100_005], b"data\0");
                assert_eq!(&bytes[4_999_999..5_000_003], b"\0da\0");
                assert!(bytes[5_000_002..].iter().all(|byte| *byte == 0));
                assert_eq!(context.status("/whole").unwrap().blocks, 0);
            },
        );
    }
}

#[test]
fn a_file_may_be_larger_than_4_gib() {
    round(
        8 * 1024,
        &["-b", "1024", "-O", "none"],
        |context, _, _| {
            let file = context.touch("/large").unwrap();
            file.write_at(5 << 30, &mut Source::kernel(b"far")).unwrap();
            file.write_at(70 << 20, &mut Source::kernel(b"triple"))
                .unwrap();
            let most = u64::from(u32::MAX) * 1024;
            let too_far = file.write_at(most, &mut Source::kernel(b"x"));
            assert_eq!(too_far, Err(Error::FileTooLarge));
        },
        |context| {
            let file = context.touch("/large").unwrap();
            assert_eq!(file.status().unwrap().size, (5 << 30) + 3);
            let mut bytes = [0; 3];
            file.read_at(5 << 30, &mut Sink::kernel(&mut bytes))
                .unwrap();
            assert_eq!(&bytes, b"far");
            file.truncate(71 << 20).unwrap();
        },
    );
}

#[test]
fn a_full_disk_says_so_and_goes_on() {
    for arguments in SIZES {
        round(
            1024,
            arguments,
            |context, ext2, _| {
                context.put("/kept", b"kept").unwrap();
                let file = context.touch("/fill").unwrap();
                let bytes = [5; 10_000];
                let mut written = 0;
                let refused = loop {
                    match file.write(&mut Source::kernel(&bytes)) {
                        Ok(done) => written += done,
                        Err(error) => break error,
                    }
                };
                assert_eq!(refused, Error::NoSpace);
                assert!(written > 500_000, "{written}");
                assert_eq!(file.status().unwrap().size as usize, written);
                assert_eq!(ext2.statistics().blocks_free, 0);
                assert_eq!(context.make_directory("/d").err(), Some(Error::NoSpace));
                assert_eq!(context.get("/kept"), Ok(b"kept".to_vec()));
                drop(file);
                context.remove("/fill").unwrap();
                // What was freed is there at once for whoever needs it.
                context.put("/again", &vec![6; 500_000]).unwrap();
                context.make_directory("/d").unwrap();
            },
            |context| {
                assert_eq!(context.get("/again").unwrap(), vec![6; 500_000]);
            },
        );
    }
}

#[test]
fn a_file_takes_the_place_of_a_new_one_without_waiting_for_the_disk() {
    on_machine(|| {
        let disk = disk(make_image(2048, &[]));
        let ext2 = mount(&disk);
        let on = context(&ext2);
        on.touch("/old").unwrap();
        ext2.sync().unwrap();
        disk.record();
        for _ in 0..50 {
            on.touch("/a").unwrap();
            on.touch("/b").unwrap();
            on.move_to("/a", "/b").unwrap();
            on.remove("/b").unwrap();
        }
        assert_eq!(disk.record(), []);
        // What is on the disk is replaced by what is there too.
        on.touch("/a").unwrap();
        on.move_to("/a", "/old").unwrap();
        assert_ne!(disk.record(), []);
        drop(on);
        ext2.unmount().unwrap();
        assert_clean(&disk.contents());
    });
}

#[test]
fn a_full_table_of_inodes_says_so_and_goes_on() {
    round(
        1024,
        &["-b", "1024", "-N", "32"],
        |context, _, _| {
            let mut made = 0;
            let refused = loop {
                match context.touch(&format!("/{made}")) {
                    Ok(_) => made += 1,
                    Err(error) => break error,
                }
            };
            assert_eq!(refused, Error::NoSpace);
            assert!(made > 16, "{made}");
            context.remove("/3").unwrap();
            context.touch("/more").unwrap();
        },
        |context| assert!(context.error("/more").is_none()),
    );
}

#[test]
fn a_file_without_names_lives_as_long_as_it_is_open() {
    round(
        4096,
        &["-b", "1024"],
        |context, ext2, disk| {
            let before = ext2.statistics();
            let files: Vec<_> = (0..5)
                .map(|number| {
                    let path = format!("/file {number}");
                    context.put(&path, &vec![number; 100_000]).unwrap();
                    let file = context.touch(&path).unwrap();
                    context.remove(&path).unwrap();
                    file
                })
                .collect();
            ext2.sync().unwrap();
            // As the disk is now, without the power: they are cleared away, by e2fsck and by us.
            let cut = disk.contents();
            let (code, words, _) = check(&cut, "-p");
            assert!(code <= 1, "{words}");
            let other = MemoryDisk::new("other", 1, cut);
            let mounted = mount(&other);
            assert_eq!(mounted.statistics().inodes_free, before.inodes_free);
            mounted.unmount().unwrap();
            let (code, words, _) = check(&other.contents(), "-n");
            assert!(code == 0, "{words}");
            // In any order, and one of them changes meanwhile.
            let mut files: Vec<_> = files.into_iter().map(Some).collect();
            files[2].take();
            ext2.sync().unwrap();
            files[0].take();
            files[4].take();
            ext2.sync().unwrap();
            let left = files[3].as_ref().unwrap();
            left.write_at(100_000, &mut Source::kernel(&[9; 50_000]))
                .unwrap();
            let mut bytes = vec![0; 150_000];
            left.read_at(0, &mut Sink::kernel(&mut bytes)).unwrap();
            assert_eq!((bytes[0], bytes[149_999]), (3, 9));
            ext2.sync().unwrap();
            drop(files);
            assert_eq!(ext2.statistics(), before);
            ext2.sync().unwrap();
            ext2.sync().unwrap();
            assert_eq!(ext2.statistics(), before);
        },
        |_| (),
    );
}

/// Who is done with, but lies in the list of orphans before one that is in use, makes no room yet.
#[test]
fn a_full_disk_is_not_stored_for_what_makes_no_room() {
    round(
        1024,
        &["-b", "1024", "-N", "32"],
        |context, ext2, disk| {
            let ended = context.touch("/ended").unwrap();
            let living = context.touch("/living").unwrap();
            context.remove("/ended").unwrap();
            context.remove("/living").unwrap();
            ext2.sync().unwrap();
            drop(ended);
            ext2.sync().unwrap();
            let left = ext2.statistics().inodes_free;
            for number in 1..left {
                context.touch(&format!("/{number}")).unwrap();
            }
            ext2.sync().unwrap();
            assert_eq!(ext2.statistics().inodes_free, 1);
            disk.record();
            assert_eq!(context.touch("/more").err(), Some(Error::NoSpace));
            assert_eq!(disk.record(), []);
            drop(living);
            context.touch("/more").unwrap();
            context.touch("/most").unwrap();
            assert_eq!(ext2.statistics().inodes_free, 0);
        },
        |_| (),
    );
}

#[test]
fn what_is_written_beyond_the_end_of_a_block_is_zero() {
    // The last block on the disk is full of something; a file that grows shows none of it.
    round(
        4096,
        &["-b", "4096"],
        |context, ext2, _| {
            context.put("/f", &[7; 4096]).unwrap();
            ext2.sync().unwrap();
            let options = OpenOptions {
                write: true,
                ..Default::default()
            };
            context.open(b"/f", &options).unwrap().truncate(10).unwrap();
            ext2.sync().unwrap();
        },
        |context| {
            let file = context.touch("/f").unwrap();
            file.write_at(9000, &mut Source::kernel(b"x")).unwrap();
            let bytes = context.get("/f").unwrap();
            assert!(bytes[10..9000].iter().all(|byte| *byte == 0));
        },
    );
}

#[test]
fn a_hole_gives_its_room_back() {
    for arguments in SIZES {
        round(
            8 * 1024,
            arguments,
            |context, ext2, _| {
                let free = ext2.statistics().blocks_free;
                let body: Vec<u8> = (0..2_000_000_u32).map(|number| number as u8 | 1).collect();
                context.put("/file", &body).unwrap();
                let file = context.touch("/file").unwrap();
                let before = file.status().unwrap().blocks;
                let hole = |offset, length| file.change_space(offset, length, SpaceChange::Punch);
                hole(5000, 1_700_000).unwrap();
                let status = file.status().unwrap();
                assert_eq!(status.size, 2_000_000);
                assert!(status.blocks <= before - 1_690_000 / 512);
                let size = ext2.statistics().block_size;
                assert_eq!(
                    file.seek(SeekFrom::Hole(0)),
                    Ok(5000_u64.next_multiple_of(size))
                );
                assert_eq!(file.seek(SeekFrom::Data(8192)), Ok(1_705_000 / size * size));
                // What was a hole can be filled again, and all of a file can be one.
                file.write_at(900_000, &mut Source::kernel(b"island"))
                    .unwrap();
                context.put("/whole", &body).unwrap();
                let whole = context.touch("/whole").unwrap();
                whole.change_space(0, 1 << 40, SpaceChange::Punch).unwrap();
                assert_eq!(whole.status().unwrap().blocks, 0);
                context.unlink(None, b"/whole").unwrap();
                drop(whole);
                ext2.sync().unwrap();
                assert!(ext2.statistics().blocks_free > free - 400);
                let promise = SpaceChange::Allocate { keep_size: true };
                assert_eq!(file.change_space(0, 1, promise), Err(Error::Unsupported));
            },
            |context| {
                let bytes = context.get("/file").unwrap();
                for (at, &byte) in bytes.iter().enumerate() {
                    let expected = match at {
                        900_000..900_006 => b"island"[at - 900_000],
                        5000..1_705_000 => 0,
                        _ => at as u8 | 1,
                    };
                    assert_eq!(byte, expected, "at {at}");
                }
            },
        );
    }
}

#[test]
fn holes_smaller_than_a_page_stay_holes() {
    for size in [1024, 2048] {
        let block = &size.to_string()[..];
        round(
            8 * 1024,
            &["-b", block],
            move |context, ext2, _| {
                let file = context.touch("/file").unwrap();
                // Where there is data: by blocks, in memory as on the disk.
                let blocks = || {
                    let look = || {
                        let status = file.status().unwrap();
                        let data: Vec<u64> = (0..status.size.div_ceil(size))
                            .filter(|block| {
                                file.seek(SeekFrom::Data(block * size)) == Ok(block * size)
                            })
                            .collect();
                        (data, status.blocks)
                    };
                    let before = look();
                    ext2.sync().unwrap();
                    assert_eq!(look(), before);
                    let far = before.0.iter().any(|&block| block >= 12);
                    let expected = before.0.len() as u64 + u64::from(far);
                    assert_eq!(before.1, expected * size / 512);
                    before.0
                };
                let write = |at: u64| file.write_at(at, &mut Source::kernel(&[7; 100])).unwrap();
                let punch = |at, length| file.change_space(at, length, SpaceChange::Punch).unwrap();
                file.truncate(3 * 4096).unwrap();
                write(size);
                assert_eq!(blocks(), [1]);
                write(4096);
                write(3 * 4096 - 100);
                let last = 3 * 4096 / size - 1;
                assert_eq!(blocks(), [1, 4096 / size, last]);
                // Growing from within a hole takes nothing.
                file.truncate(5 * 4096 + size + 10).unwrap();
                write(6 * 4096);
                assert_eq!(blocks(), [1, 4096 / size, last, 6 * 4096 / size]);
                punch(size - 10, size + 9);
                assert_eq!(blocks(), [1, 4096 / size, last, 6 * 4096 / size]);
                punch(size - 10, size + 10);
                assert_eq!(blocks(), [4096 / size, last, 6 * 4096 / size]);
                punch(4096 + 50, 4096 - 60);
                assert_eq!(blocks(), [4096 / size, last, 6 * 4096 / size]);
                // A shared mapping is given room for all of the page, as far as the file goes.
                let place = context
                    .resolve(None, b"/file", ResolveFlags::empty())
                    .unwrap();
                let cache = place.inode().page_cache().unwrap();
                file.truncate(4096 + size + 1).unwrap();
                cache.page(1, Access::Write).unwrap();
                assert_eq!(blocks(), [4096 / size, 4096 / size + 1]);
                file.truncate(4096 + size).unwrap();
                assert_eq!(blocks(), [4096 / size]);
            },
            move |context| {
                let mut expected = vec![0; 4096 + size as usize];
                expected[4096..4146].fill(7);
                assert_eq!(context.get("/file"), Ok(expected));
            },
        );
    }
}

#[test]
fn a_disk_that_is_mounted_to_be_read_is_not_written_until_it_is_changed() {
    let image = make_image(1024, &["-b", "1024"]);
    on_machine(move || {
        let disk = disk(image.clone());
        let late = How {
            late: true,
            ..How::default()
        };
        let ext2 = Ext2::mount_as(disk.clone(), Family::Ext2, late).unwrap();
        let reader = context(&ext2);
        assert!(reader.status("/lost+found").is_ok());
        ext2.sync().unwrap();
        drop(reader);
        ext2.unmount().unwrap();
        drop(ext2);
        assert!(disk.contents() == image);
        // What becomes writable says first that it is in use.
        let ext2 = Ext2::mount_as(disk.clone(), Family::Ext2, late).unwrap();
        let writer = context(&ext2);
        disk.record();
        writer.put("/file", b"bytes").unwrap();
        ext2.sync().unwrap();
        let first = disk.record().into_iter().next();
        assert!(matches!(first, Some(Recorded::Write(2, _))), "{first:?}");
        drop(writer);
        ext2.unmount().unwrap();
        assert_clean(&disk.contents());
    });
}

#[test]
fn a_position_goes_as_far_as_a_file_may_be_long() {
    // What Linux answers for its block maps (ext4_max_bitmap_size).
    for (block, most) in [("1024", 17_247_252_480), ("4096", 2_196_873_666_560)] {
        let image = make_image(2048, &["-b", block]);
        on_machine(move || {
            let ext2 = mount(&disk(image));
            let context = context(&ext2);
            let file = context.touch("/f").unwrap();
            assert_eq!(file.seek(SeekFrom::Start(most)), Ok(most));
            let beyond = file.seek(SeekFrom::Start(most + 1));
            assert_eq!(beyond, Err(Error::InvalidArgument));
            assert_eq!(file.truncate(most + 1), Err(Error::FileTooLarge));
            assert_eq!(file.truncate(most), Ok(()));
            assert_eq!(file.seek(SeekFrom::End(1)), Err(Error::InvalidArgument));
        });
    }
}

/// What a call has changed is on the disk when it returns, if the mount asked for that, whoever syncs when.
#[test]
fn a_prompt_file_system_needs_no_sync() {
    fn lost(prompt: Prompt) -> (bool, Option<Vec<u8>>, bool) {
        let image = make_image(2048, &["-b", "1024"]);
        let (sender, receiver) = std::sync::mpsc::channel();
        on_machine(move || {
            let disk = disk(image);
            let ext2 = mount(&disk);
            let context = context(&ext2);
            let root = context.resolve(None, b"/", ResolveFlags::empty()).unwrap();
            let change = |prompt| root.mount().volume().reconfigure(false, prompt, b"");
            context.put("/old", b"before").unwrap();
            change(Prompt::empty()).unwrap();
            ext2.sync().unwrap();
            change(prompt).unwrap();
            context.unlink(None, b"/old").unwrap();
            context.make_directory("/d").unwrap();
            let file = context.touch("/d/file").unwrap();
            file.write(&mut Source::kernel(b"bytes")).unwrap();
            let left = mount(&MemoryDisk::new("left", 1, disk.contents()));
            let after = self::context(&left);
            let stat = after.stat(None, b"/d", ResolveFlags::empty()).is_ok();
            let old = after.stat(None, b"/old", ResolveFlags::empty()).is_ok();
            sender.send((stat, after.get("/d/file").ok(), old)).unwrap();
        });
        receiver.recv().unwrap()
    }
    let (directory, bytes, old) = lost(Prompt::empty());
    assert_eq!((directory, bytes, old), (false, None, true));
    let (directory, bytes, old) = lost(Prompt::ALL);
    assert_eq!(
        (directory, bytes.as_deref(), old),
        (true, Some(&b"bytes"[..]), false)
    );
    let (directory, bytes, old) = lost(Prompt::NAMES);
    assert_eq!((directory, bytes.is_some(), old), (true, true, false));
    assert_ne!(bytes.as_deref(), Some(&b"bytes"[..]));
}
