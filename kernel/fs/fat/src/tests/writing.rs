//! Files and directories are written, and fsck.fat finds nothing.

use base::Error;
use device::block::MemoryDisk;
use mem::transfer::{Sink, Source};
use object::{File, FileKind, Timestamp};
use vfs::{FileSystem, FsContext, NewInode, RenameFlags, ResolveFlags, SetTime};

use super::kit::*;
use crate::format::boot::Kind;
use crate::{Fat, Options};

fn bytes(length: usize, seed: u64) -> Vec<u8> {
    Random::new(seed).bytes(length)
}

#[test]
fn the_kinds_are_told_apart() {
    let kinds = [Kind::Fat12, Kind::Fat16, Kind::Fat32, Kind::Fat12];
    for ((arguments, size), kind) in KINDS.into_iter().zip(kinds) {
        let image = make_image(size, arguments);
        on_machine(move || {
            let fat = mount(&disk(image));
            assert_eq!(fat.kind(), kind);
            assert_eq!(context(&fat).names("/").unwrap(), [".", ".."]);
        });
    }
}

#[test]
fn what_was_written_is_there() {
    on_every_kind(
        |fat, context| {
            context.make_directory("/a").unwrap();
            context.make_directory("/a/b").unwrap();
            context
                .put("/a/b/A long name with spaces.text", &bytes(70_000, 1))
                .unwrap();
            context.put("/SHORT.TXT", b"short").unwrap();
            context.put("/empty", b"").unwrap();
            let free = fat.statistics().blocks_free;
            context.put("/gone", &bytes(30_000, 2)).unwrap();
            assert!(fat.statistics().blocks_free < free);
            context.remove("/gone").unwrap();
            assert_eq!(fat.statistics().blocks_free, free);
            let status = context.status("/a").unwrap();
            assert_eq!(
                (status.links, status.mode, status.kind),
                (3, 0o755, FileKind::Directory)
            );
        },
        |context| {
            let names = context.names("/").unwrap();
            assert_eq!(names, [".", "..", "a", "SHORT.TXT", "empty"]);
            assert_eq!(
                context.get("/a/b/A long name with spaces.text").unwrap(),
                bytes(70_000, 1)
            );
            assert_eq!(context.get("/SHORT.TXT").unwrap(), b"short");
            assert_eq!(context.status("/a/b/").unwrap().links, 2);
            assert_eq!(context.error("/gone"), Some(Error::NotFound));
            context.remove("/a/b/A long name with spaces.text").unwrap();
            context.rmdir(None, b"/a/b").unwrap();
        },
    );
}

#[test]
fn files_grow_shrink_and_have_no_holes() {
    on_every_kind(
        |fat, context| {
            let file = context.touch("/file").unwrap();
            file.write_at(20_000, &mut Source::kernel(b"end")).unwrap();
            let mut expected = vec![0; 20_000];
            expected.extend(b"end");
            assert_eq!(context.get("/file").unwrap(), expected);
            file.truncate(10).unwrap();
            file.write_at(0, &mut Source::kernel(&[7; 10])).unwrap();
            fat.sync().unwrap();
            file.truncate(9000).unwrap();
            fat.sync().unwrap();
            file.truncate(8).unwrap();
            file.truncate(5000).unwrap();
            let mut expected = vec![7; 8];
            expected.resize(5000, 0);
            assert_eq!(context.get("/file").unwrap(), expected);
        },
        |context| {
            let mut expected = vec![7; 8];
            expected.resize(5000, 0);
            assert_eq!(context.get("/file").unwrap(), expected);
            let status = context.status("/file").unwrap();
            assert_eq!(
                status.blocks,
                5000u64.div_ceil(status.block_size.into()) * u64::from(status.block_size) / 512
            );
        },
    );
}

#[test]
fn names_move() {
    on_every_kind(
        |fat, context| {
            context.make_directory("/one").unwrap();
            context.make_directory("/two").unwrap();
            context.make_directory("/one/inner").unwrap();
            context.put("/one/inner/file", b"file").unwrap();
            context.put("/a", b"a").unwrap();
            context.put("/b", &bytes(9000, 3)).unwrap();
            fat.sync().unwrap();
            let inode = context.status("/a").unwrap().inode;
            context.move_to("/a", "/b").unwrap();
            assert_eq!(context.status("/b").unwrap().inode, inode);
            context
                .move_to("/one/inner", "/two/moved here with a longer name")
                .unwrap();
            assert_eq!(context.status("/one").unwrap().links, 2);
            assert_eq!(context.status("/two").unwrap().links, 3);
            // On Linux too, this is one name already.
            context.move_to("/b", "/B").unwrap();
            assert_eq!(
                context.move_to("/two", "/two/moved here with a longer name/x"),
                Err(Error::InvalidArgument)
            );
            assert_eq!(context.move_to("/one", "/two"), Err(Error::NotEmpty));
            context.put("/two/x", b"x").unwrap();
            context
                .move_with("/two/x", "/one", RenameFlags::EXCHANGE)
                .unwrap();
            assert_eq!(context.status("/two/x").unwrap().kind, FileKind::Directory);
            assert_eq!(context.get("/one").unwrap(), b"x");
            let taken = context.move_with("/b", "/one", RenameFlags::NO_REPLACE);
            assert_eq!(taken, Err(Error::Exists));
        },
        |context| {
            assert_eq!(context.get("/b").unwrap(), b"a");
            assert_eq!(
                context
                    .get("/two/moved here with a longer name/file")
                    .unwrap(),
                b"file"
            );
            assert_eq!(context.names("/").unwrap(), [".", "..", "one", "two", "b"]);
            let above = context
                .status("/two/moved here with a longer name/..")
                .unwrap();
            assert_eq!(above.inode, context.status("/two").unwrap().inode);
        },
    );
}

#[test]
fn open_files_live_on_without_a_name() {
    on_every_kind(
        |fat, context| {
            context.put("/file", &bytes(20_000, 4)).unwrap();
            fat.sync().unwrap();
            let free = fat.statistics().blocks_free;
            let file = context.touch("/file").unwrap();
            context.remove("/file").unwrap();
            context.put("/file", b"another").unwrap();
            assert_eq!(file.status().unwrap().links, 0);
            let mut read = vec![0; 20_000];
            file.read_at(0, &mut Sink::kernel(&mut read)).unwrap();
            assert!(read == bytes(20_000, 4));
            file.write_at(20_000, &mut Source::kernel(&[1; 5000]))
                .unwrap();
            fat.sync().unwrap();
            drop(file);
            context.remove("/file").unwrap();
            assert!(fat.statistics().blocks_free > free);
        },
        |context| assert_eq!(context.names("/").unwrap(), [".", ".."]),
    );
}

#[test]
fn what_fat_cannot_do_is_refused() {
    on_every_kind(
        |_, context| {
            context.put("/file", b"x").unwrap();
            let file = context
                .resolve(None, b"/file", ResolveFlags::empty())
                .unwrap();
            assert_eq!(
                context.link(&file, None, b"/other"),
                Err(Error::NotPermitted)
            );
            assert_eq!(
                context.make_link("/file", "/link"),
                Err(Error::NotPermitted)
            );
            let fifo = context.mknod(None, b"/fifo", NewInode::Fifo, 0o600);
            assert_eq!(fifo.err(), Some(Error::NotPermitted));
            let chown = |uid| context.chown(None, b"/file", Some(uid), None, ResolveFlags::empty());
            assert_eq!(chown(0), Ok(()));
            assert_eq!(chown(5), Err(Error::NotPermitted));
            let chmod = |mode| context.chmod(None, b"/file", mode, ResolveFlags::empty());
            assert_eq!(chmod(0o4755), Err(Error::NotPermitted));
            // What does not fit is passed over.
            assert_eq!(chmod(0o644), Ok(()));
            assert_eq!(context.status("/file").unwrap().mode, 0o755);
            assert_eq!(chmod(0o555), Ok(()));
            assert_eq!(context.status("/file").unwrap().mode, 0o555);
            assert_eq!(
                context
                    .touch("/file")
                    .unwrap()
                    .truncate(u64::from(u32::MAX) + 1),
                Err(Error::FileTooLarge)
            );
        },
        |context| {
            assert_eq!(context.status("/file").unwrap().mode, 0o555);
            let chmod = context.chmod(None, b"/file", 0o755, ResolveFlags::empty());
            assert_eq!(chmod, Ok(()));
            assert_eq!(context.status("/file").unwrap().mode, 0o755);
        },
    );
}

fn set_times(context: &FsContext, path: &[u8], seconds: i64) {
    let moment = SetTime::To(Timestamp {
        seconds,
        nanoseconds: 999,
    });
    context
        .set_times(None, path, moment, moment, ResolveFlags::empty())
        .unwrap();
}

#[test]
fn times_are_kept_as_far_as_fat_can() {
    on_every_kind(
        |_, context| {
            context.put("/file", b"x").unwrap();
            context.make_directory("/dir").unwrap();
            // 2001-02-03 04:05:07.
            set_times(context, b"/file", 981_173_107);
            set_times(context, b"/dir", 0);
        },
        |context| {
            let status = context.status("/file").unwrap();
            assert_eq!(status.modification_time.seconds, 981_173_106);
            assert_eq!(status.access_time.seconds, 981_158_400);
            // Before there was FAT.
            let status = context.status("/dir").unwrap();
            assert_eq!(status.modification_time.seconds, 315_532_800);
            assert_eq!(context.status("/").unwrap().modification_time.seconds, 0);
        },
    );
}

#[test]
fn the_disk_says_that_it_is_in_use() {
    let image = make_image(1440, &["-F", "12"]);
    on_machine(move || {
        let disk = disk(image);
        let fat = mount(&disk);
        assert_eq!(disk.contents()[37] & 1, 1);
        context(&fat).put("/x", b"x").unwrap();
        fat.sync().unwrap();
        let cut = disk.contents();
        fat.unmount().unwrap();
        assert_eq!(disk.contents()[37] & 1, 0);
        // One that was not left in order does not become so by being mounted.
        let disk = MemoryDisk::new("cut", 1, cut);
        let fat = mount(&disk);
        assert_eq!(context(&fat).get("/x").unwrap(), b"x");
        fat.unmount().unwrap();
        assert_eq!(disk.contents()[37] & 1, 1);
    });
}

#[test]
fn read_only_means_it() {
    let image = make_image(1440, &["-F", "12"]);
    on_machine(move || {
        let disk = disk(image.clone());
        let options = Options {
            read_only: true,
            ..Options::new()
        };
        let fat: std::sync::Arc<Fat> = mount_with(&disk, options);
        let context = context(&fat);
        assert_eq!(
            context.put("/x", b"").err(),
            Some(Error::ReadOnlyFileSystem)
        );
        drop(context);
        drop(fat);
        assert!(disk.contents() == image);
    });
}
