//! What calls do, and that it is on the disk when they return.

use base::Error;
use mem::transfer::Source;
use object::{File, FileKind};
use vfs::{FileSystem, NewInode, RenameFlags, ResolveFlags};

use super::kit::*;
use crate::Xv6Fs;
use crate::format::inode::LENGTH_MAX;

#[test]
fn what_is_written_is_on_the_disk_when_the_call_returns() {
    on_image(usual(), |disk, context| {
        context.make_directory("/d").unwrap();
        context.put("/d/file", &[7; 20_000]).unwrap();
        context.move_to("/d/file", "/there").unwrap();
        // Nobody has asked for a sync, and nothing was unmounted.
        let copy = copy(disk);
        assert_clean(&copy.contents());
        let other: std::sync::Arc<dyn FileSystem> = Xv6Fs::mount(copy, true).unwrap();
        let other = super::kit::context(&other);
        assert_eq!(other.get("/there"), Ok(vec![7; 20_000]));
        assert_eq!(other.error("/d/file"), Some(Error::NotFound));
        assert_eq!(other.put("/new", b"x"), Err(Error::ReadOnlyFileSystem));
    });
}

#[test]
fn everything_is_roots_and_may_be_executed() {
    on_image(usual(), |_, context| {
        context.put("/file", b"x").unwrap();
        context.make_directory("/d").unwrap();
        let status = context.status("/file").unwrap();
        assert_eq!((status.mode, status.uid, status.links), (0o755, 0, 1));
        let status = context.status("/d").unwrap();
        assert_eq!((status.mode, status.links), (0o755, 2));
        assert_eq!(context.status("/").unwrap().links, 3);
        let chmod = |mode| context.chmod(None, b"/file", mode, ResolveFlags::empty());
        assert_eq!(chmod(0o755), Ok(()));
        assert_eq!(chmod(0o600), Err(Error::NotPermitted));
        assert_eq!(context.make_link("file", "/link"), Err(Error::NotPermitted));
        assert_eq!(context.mkdir(None, b"/d", 0o700).err(), Some(Error::Exists));
    });
}

#[test]
fn links_and_devices() {
    on_image(usual(), |disk, context| {
        context.put("/one", b"bytes").unwrap();
        let one = context
            .resolve(None, b"/one", ResolveFlags::empty())
            .unwrap();
        context.link(&one, None, b"/two").unwrap();
        assert_eq!(context.status("/two").unwrap().links, 2);
        context.remove("/one").unwrap();
        assert_eq!(context.get("/two"), Ok(b"bytes".to_vec()));
        let console = |major, minor| NewInode::Device {
            kind: FileKind::CharacterDevice,
            major,
            minor,
        };
        context
            .mknod(None, b"/console", console(5, 1), 0o666)
            .unwrap();
        context
            .mknod(None, b"/other", console(240, 0x703), 0o666)
            .unwrap();
        assert_eq!(
            context.mknod(None, b"/null", console(1, 3), 0o666).err(),
            Some(Error::InvalidArgument)
        );
        let status = context.status("/console").unwrap();
        assert_eq!((status.device_major, status.device_minor), (5, 1));
        let status = context.status("/other").unwrap();
        assert_eq!((status.device_major, status.device_minor), (240, 0x703));
        // On the disk the console is device 1, as xv6 wants it.
        let image = disk.contents();
        let devices: Vec<&[u8]> = image
            .chunks(64)
            .skip(32 * 16)
            .take(200)
            .filter(|inode| inode[0] == 3)
            .map(|inode| &inode[2..6])
            .collect();
        assert_eq!(devices, [[1, 0, 0, 0], [7, 0, 3, 0]]);
    });
}

#[test]
fn names_move_replace_and_are_exchanged() {
    on_image(usual(), |_, context| {
        for path in ["/a", "/b", "/a/sub", "/b/empty"] {
            context.make_directory(path).unwrap();
        }
        context.put("/a/file", b"a").unwrap();
        context.put("/b/file", b"b").unwrap();
        context.move_to("/a/file", "/b/file").unwrap();
        assert_eq!(context.get("/b/file"), Ok(b"a".to_vec()));
        // A directory in the place of an empty one, of another parent.
        context.move_to("/a/sub", "/b/empty").unwrap();
        assert_eq!(context.status("/a").unwrap().links, 2);
        assert_eq!(context.status("/b").unwrap().links, 3);
        context.put("/b/empty/x", b"x").unwrap();
        assert_eq!(context.move_to("/a", "/b/empty"), Err(Error::NotEmpty));
        context.put("/plain", b"p").unwrap();
        context
            .move_with("/plain", "/b/empty", RenameFlags::EXCHANGE)
            .unwrap();
        assert_eq!(context.get("/plain/x"), Ok(b"x".to_vec()));
        assert_eq!(context.get("/b/empty"), Ok(b"p".to_vec()));
        assert_eq!(context.rmdir(None, b"/b"), Err(Error::NotEmpty));
    });
}

#[test]
fn an_open_file_without_a_name_lives_until_it_is_closed() {
    on_machine(|| {
        let disk = disk(usual());
        let filesystem = mount(&disk);
        let context = context(&filesystem);
        context.put("/first", b"x").unwrap();
        let before = filesystem.statistics();
        let file = context.touch("/file").unwrap();
        file.write(&mut Source::kernel(&[5; 50_000])).unwrap();
        context.remove("/file").unwrap();
        file.write(&mut Source::kernel(&[6; 50_000])).unwrap();
        assert_eq!(file.status().unwrap().size, 100_000);
        // The power goes now: the next mount frees it.
        let left = copy(&disk);
        assert_eq!(crate::check::check(&left.contents()).nameless, 1);
        mount(&left).finish().unwrap();
        assert_clean(&left.contents());
        drop(file);
        let after = filesystem.statistics();
        assert_eq!(after.blocks_free, before.blocks_free);
        assert_eq!(after.inodes_free, before.inodes_free);
        drop(context);
        filesystem.finish().unwrap();
        assert_clean(&disk.contents());
    });
}

#[test]
fn a_file_grows_with_zeros_and_ends_at_its_largest() {
    on_image(usual(), |disk, context| {
        let file = context.touch("/file").unwrap();
        file.write_at(5, &mut Source::kernel(b"x")).unwrap();
        file.write_at(3000, &mut Source::kernel(b"y")).unwrap();
        file.truncate(4).unwrap();
        file.truncate(5000).unwrap();
        assert_eq!(context.get("/file"), Ok(vec![0; 5000]));
        let most = LENGTH_MAX as usize;
        let all = vec![9; most + 10];
        assert_eq!(file.write_at(0, &mut Source::kernel(&all)), Ok(most));
        let beyond = file.write_at(most as u64, &mut Source::kernel(b"z"));
        assert_eq!(beyond, Err(Error::FileTooLarge));
        assert_eq!(file.truncate(most as u64 + 1), Err(Error::FileTooLarge));
        assert_clean(&disk.contents());
    });
}
