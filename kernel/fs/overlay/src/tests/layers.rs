//! What is seen, what is copied up, what is hidden.

use base::Error;
use mem::transfer::{Sink, Source};
use object::{File, Timestamp};
use vfs::{OpenFile, OpenOptions, ResolveFlags, SetTime};

use super::kit::*;

const FOLLOW: ResolveFlags = ResolveFlags::empty();

#[test]
fn the_topmost_file_is_seen_and_directories_are_merged() {
    on_machine(|| {
        let root = ground();
        for path in ["/low/d", "/low2/d", "/up/d"] {
            root.make_directory(path).unwrap();
        }
        root.put("/low2/d/only", b"2").unwrap();
        root.put("/low2/d/both", b"2").unwrap();
        root.put("/low/d/both", b"1").unwrap();
        root.put("/up/d/top", b"0").unwrap();
        root.put("/low/wins", b"file").unwrap();
        root.make_directory("/low2/wins").unwrap();
        mount(&root, "lowerdir=/low:/low2,upperdir=/up,workdir=/staging");
        assert_eq!(list(&root, "/all"), ["d", "wins"]);
        assert_eq!(list(&root, "/all/d"), ["both", "only", "top"]);
        assert_eq!(root.get("/all/d/both").unwrap(), b"1");
        assert_eq!(root.get("/all/wins").unwrap(), b"file");
        assert_eq!(root.error("/all/none"), Some(Error::NotFound));
        assert_eq!(root.status("/all/d").unwrap().links, 1);
    });
}

#[test]
fn writing_copies_up_and_leaves_the_lower_file() {
    on_machine(|| {
        let root = usual();
        root.chown(None, b"/low/dir/a", Some(7), Some(8), FOLLOW)
            .unwrap();
        root.chmod(None, b"/low/dir/a", 0o640, FOLLOW).unwrap();
        root.chmod(None, b"/low/dir", 0o711, FOLLOW).unwrap();
        set_attribute(&root, "/low/dir/a", "user.note", "kept").unwrap();
        let before = root.status("/all/dir/a").unwrap();
        let file = root
            .open(
                b"/all/dir/a",
                &OpenOptions {
                    write: true,
                    ..Default::default()
                },
            )
            .unwrap();
        file.write(&mut Source::kernel(b"x")).unwrap();
        assert_eq!(root.get("/all/dir/a").unwrap(), b"x");
        assert_eq!(root.get("/up/dir/a").unwrap(), b"x");
        assert_eq!(root.get("/low/dir/a").unwrap(), b"a");
        let after = root.status("/all/dir/a").unwrap();
        assert_eq!((after.inode, after.device), (before.inode, before.device));
        assert_eq!((after.mode, after.uid, after.gid), (0o640, 7, 8));
        assert_eq!(attribute(&root, "/up/dir/a", "user.note").unwrap(), b"kept");
        assert_eq!(root.status("/up/dir").unwrap().mode, 0o711);
        assert!(root.error("/up/dir/b").is_some());
        assert_clean(&root);
    });
}

#[test]
fn times_holes_and_sizes_come_along() {
    on_machine(|| {
        let root = usual();
        let file = root.touch("/low/sparse").unwrap();
        file.write_at(1 << 20, &mut Source::kernel(b"end")).unwrap();
        file.truncate(3 << 20).unwrap();
        let time = |seconds| {
            SetTime::To(Timestamp {
                seconds,
                nanoseconds: 5,
            })
        };
        root.set_times(None, b"/low/sparse", time(100), time(200), FOLLOW)
            .unwrap();
        root.chmod(None, b"/all/sparse", 0o600, FOLLOW).unwrap();
        let status = root.status("/up/sparse").unwrap();
        assert_eq!(status.size, 3 << 20);
        assert_eq!(status.blocks, 8);
        assert_eq!(status.access_time.seconds, 100);
        assert_eq!(status.modification_time.seconds, 200);
        assert_eq!(status.mode, 0o600);
        let mut end = [0; 3];
        file.read_at(1 << 20, &mut Sink::kernel(&mut end)).unwrap();
        assert_eq!(&end, b"end");
    });
}

#[test]
fn an_open_file_sees_the_copy_and_a_removed_one_stays() {
    on_machine(|| {
        let root = usual();
        let reader = root.open(b"/all/file", &OpenOptions::reading()).unwrap();
        root.put("/all/file", b"new").unwrap();
        let mut bytes = [0; 3];
        reader.read_at(0, &mut Sink::kernel(&mut bytes)).unwrap();
        assert_eq!(&bytes, b"new");
        let held = root.open(b"/all/dir/a", &OpenOptions::reading()).unwrap();
        root.remove("/all/dir/a").unwrap();
        assert_eq!(root.error("/all/dir/a"), Some(Error::NotFound));
        assert!(is_whiteout(&root, "/up/dir/a"));
        assert_clean(&root);
        held.read_at(0, &mut Sink::kernel(&mut bytes)).unwrap();
    });
}

#[test]
fn a_removed_lower_file_cannot_be_changed() {
    on_machine(|| {
        let root = usual();
        let change = |held: &OpenFile| {
            let mode = root.set_mode(held.path(), 0o600);
            let options = OpenOptions {
                write: true,
                truncate: true,
                ..Default::default()
            };
            let opened = root.open_place(held.path().clone(), &options);
            assert_eq!(held.status().unwrap().mode, 0o666);
            assert_eq!(opened.err(), mode.err());
            mode.err()
        };
        let open = |path: &[u8]| root.open(path, &OpenOptions::reading()).unwrap();
        // Hidden; made anew; replaced; gone with its directory.
        let removed = open(b"/all/file");

        root.remove("/all/file").unwrap();
        assert_eq!(change(&removed), Some(Error::Exists));
        root.put("/all/file", b"anew").unwrap();
        assert_eq!(change(&removed), Some(Error::Exists));
        let replaced = open(b"/all/dir/a");
        root.move_to("/all/file", "/all/dir/a").unwrap();
        assert_eq!(change(&replaced), Some(Error::Exists));
        assert_eq!(root.get("/all/dir/a").unwrap(), b"anew");
        let deep = open(b"/all/dir/b");
        root.remove("/all/dir/a").unwrap();
        root.remove("/all/dir/b").unwrap();
        assert_eq!(change(&deep), Some(Error::Exists));
        root.rmdir(None, b"/all/dir").unwrap();
        assert_eq!(change(&deep), Some(Error::NotFound));
        assert_eq!(list(&root, "/all"), [""; 0]);
        assert_clean(&root);
    });
}

#[test]
fn removing_hides_and_making_again_does_not_merge() {
    on_machine(|| {
        let root = usual();
        root.remove("/all/file").unwrap();
        assert!(is_whiteout(&root, "/up/file"));
        assert_eq!(root.error("/all/file"), Some(Error::NotFound));
        assert_eq!(list(&root, "/all"), ["dir"]);
        assert_eq!(root.rmdir(None, b"/all/dir").err(), Some(Error::NotEmpty));
        root.remove("/all/dir/a").unwrap();
        root.remove("/all/dir/b").unwrap();
        root.rmdir(None, b"/all/dir").unwrap();
        assert!(is_whiteout(&root, "/up/dir"));
        assert_eq!(list(&root, "/all"), [""; 0]);
        root.make_directory("/all/dir").unwrap();
        assert!(is_opaque(&root, "/up/dir"));
        assert_eq!(list(&root, "/all/dir"), [""; 0]);
        root.put("/all/file", b"again").unwrap();
        assert_eq!(root.get("/up/file").unwrap(), b"again");
        assert_eq!(root.get("/low/file").unwrap(), b"low");
        root.make_directory("/all/fresh").unwrap();
        assert_clean(&root);
        // It is all there after the next mount.
        unmount(&root);
        mount(&root, USUAL);
        assert_eq!(list(&root, "/all"), ["dir", "file", "fresh"]);
        assert_eq!(list(&root, "/all/dir"), [""; 0]);
    });
}

#[test]
fn hard_links_are_names_of_the_copy() {
    on_machine(|| {
        let root = usual();
        let file = place(&root, "/all/file");
        root.link(&file, None, b"/all/dir/more").unwrap();
        assert_eq!(root.status("/all/file").unwrap().links, 2);
        root.put("/all/dir/more", b"shared").unwrap();
        assert_eq!(root.get("/all/file").unwrap(), b"shared");
        assert_eq!(root.get("/low/file").unwrap(), b"low");
        root.remove("/all/dir/a").unwrap();
        root.link(&file, None, b"/all/dir/a").unwrap();
        assert_eq!(root.get("/up/dir/a").unwrap(), b"shared");
        drop(file);
        // Of two names of a lower file each gets its own copy.
        unmount(&root);
        let low = place(&root, "/low/dir/b");
        root.link(&low, None, b"/low/dir/c").unwrap();
        drop(low);
        mount(&root, USUAL);
        root.put("/all/dir/b", b"changed").unwrap();
        assert_eq!(root.get("/all/dir/c").unwrap(), b"b");
        assert_clean(&root);
    });
}

#[test]
fn links_nodes_and_fifos_come_up_as_what_they_are() {
    on_machine(|| {
        let root = usual();
        root.make_link("dir/a", "/low/link").unwrap();
        root.mknod(None, b"/low/fifo", vfs::NewInode::Fifo, 0o600)
            .unwrap();
        let no_follow = ResolveFlags::NO_FOLLOW;
        for name in ["/all/link", "/all/fifo"] {
            root.chown(None, name.as_bytes(), Some(3), None, no_follow)
                .unwrap();
        }
        assert_eq!(root.link_status("/up/link").unwrap().uid, 3);
        assert_eq!(root.readlink(None, b"/all/link").unwrap(), b"dir/a");
        assert_eq!(
            root.link_status("/up/fifo").unwrap().kind,
            object::FileKind::Fifo
        );
        assert_eq!(root.get("/all/link").unwrap(), b"a");
    });
}

#[test]
fn without_an_upper_layer_nothing_is_written() {
    on_machine(|| {
        let root = ground();
        root.put("/low/file", b"1").unwrap();
        mount(&root, "lowerdir=/low:/low2");
        assert_eq!(root.get("/all/file").unwrap(), b"1");
        for error in [
            root.touch("/all/new").err(),
            root.touch("/all/file").err(),
            root.remove("/all/file").err(),
            root.chmod(None, b"/all/file", 0, FOLLOW).err(),
        ] {
            assert_eq!(error, Some(Error::ReadOnlyFileSystem));
        }
    });
}

#[test]
fn a_file_without_a_name_gets_one() {
    on_machine(|| {
        let root = usual();
        let file = root.nameless("/all/dir").unwrap();
        file.write(&mut Source::kernel(b"bytes")).unwrap();
        root.link(file.path(), None, b"/all/dir/named").unwrap();
        assert_eq!(root.get("/up/dir/named").unwrap(), b"bytes");
    });
}

#[test]
fn a_full_upper_layer_leaves_everything_as_it_was() {
    on_machine(|| {
        let root = ground();
        let small = fs_ram::Limits { pages: 8, ..LIMITS };
        let upper: std::sync::Arc<dyn vfs::FileSystem> =
            fs_ram::RamFs::with("tmpfs", small, 0o755).unwrap();
        root.make_directory("/small").unwrap();
        root.view
            .mount(&upper, &place(&root, "/small"), vfs::MountFlags::empty())
            .unwrap();
        root.make_directory("/small/up").unwrap();
        root.make_directory("/small/staging").unwrap();
        root.put("/low/big", &vec![7; 100_000]).unwrap();
        mount(
            &root,
            "lowerdir=/low,upperdir=/small/up,workdir=/small/staging",
        );
        assert_eq!(root.touch("/all/big").err(), Some(Error::NoSpace));
        assert_eq!(root.get("/all/big").unwrap().len(), 100_000);
        assert_eq!(list(&root, "/small/staging/work"), [""; 0]);
        // What is cut off first needs no room.
        let options = OpenOptions {
            write: true,
            truncate: true,
            ..Default::default()
        };
        root.open(b"/all/big", &options).unwrap();
        assert_eq!(root.status("/all/big").unwrap().size, 0);
    });
}
