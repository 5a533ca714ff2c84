//! Layers on a disk: what is written is there after the next mount, and e2fsck has no complaint.

use std::sync::Arc;

use base::Error;
use device::block::MemoryDisk;
use filesystem_testkit::{History, Random, Scratch, judged_by, tool};
use fs_ext2::Ext2;
use mem::transfer::Source;
use object::File;
use vfs::{FileMarks, FileSystem, FsContext, MountFlags, OpenOptions, Prompt, ResolveFlags};

use super::kit::*;

fn image() -> Vec<u8> {
    let scratch = Scratch::new("overlay-image");
    let path = scratch.0.to_str().unwrap();
    let made = tool(
        "e2fsprogs",
        "mke2fs",
        &["-q", "-F", "-t", "ext2", path, "4096k"],
    );
    assert!(made.status.success());
    std::fs::read(path).unwrap()
}

fn assert_in_order(image: &[u8]) {
    let scratch = Scratch::new("overlay-check");
    std::fs::write(&scratch.0, image).unwrap();
    let path = scratch.0.to_str().unwrap();
    let checked = tool("e2fsprogs", "e2fsck", &["-f", "-n", path]);
    let words = String::from_utf8_lossy(&checked.stdout);
    assert!(checked.status.success(), "{words}");
}

/// Mounts the disk on `/disk`.
fn attach(root: &FsContext, disk: &Arc<MemoryDisk>) -> Arc<Ext2> {
    let ext2 = Ext2::mount(disk.clone(), false).unwrap();
    let filesystem: Arc<dyn FileSystem> = ext2.clone();
    root.view
        .mount(&filesystem, &place(root, "/disk"), MountFlags::empty())
        .unwrap();
    ext2
}

const ON_DISK: &str = "lowerdir=/low,upperdir=/disk/up,workdir=/disk/staging";

#[test]
fn an_upper_layer_on_a_disk_lasts() {
    on_machine(|| {
        let disk = MemoryDisk::new("test", 0, image());
        let root = ground();
        root.make_directory("/disk").unwrap();
        root.make_directory("/low/dir").unwrap();
        for name in ["/low/dir/a", "/low/dir/b", "/low/file"] {
            root.put(name, &[7; 70_000]).unwrap();
        }
        let ext2 = attach(&root, &disk);
        root.make_directory("/disk/up").unwrap();
        root.make_directory("/disk/staging").unwrap();
        mount(&root, ON_DISK);
        let before = root.status("/all/dir/a").unwrap();
        root.put("/all/dir/a", b"changed").unwrap();
        let after = root.status("/all/dir/a").unwrap();
        // Several file systems: the number and device of the lower file stay with the copy.
        assert_eq!((before.inode, before.device), (after.inode, after.device));
        let directory = root.status("/all/dir").unwrap();
        assert_eq!(directory.device, root.status("/all").unwrap().device);
        root.move_to("/all/file", "/all/moved").unwrap();
        root.remove("/all/dir/b").unwrap();
        root.make_directory("/all/new").unwrap();
        root.put("/all/new/x", b"x").unwrap();
        root.make_directory("/low/gone").unwrap();
        root.put("/low/gone/below", b"").unwrap();
        root.remove("/all/gone/below").unwrap();
        root.rmdir(None, b"/all/gone").unwrap();
        root.make_directory("/all/gone").unwrap();
        unmount(&root);
        root.view.unmount(place(&root, "/disk"), false).unwrap();
        drop(ext2);
        assert_in_order(&disk.contents());
        attach(&root, &disk);
        mount(&root, ON_DISK);
        assert_eq!(list(&root, "/all"), ["dir", "gone", "moved", "new"]);
        assert_eq!(list(&root, "/all/dir"), ["a"]);
        assert_eq!(root.get("/all/dir/a").unwrap(), b"changed");
        assert_eq!(root.get("/all/moved").unwrap(), [7; 70_000]);
        assert_eq!(list(&root, "/all/new"), ["x"]);
        assert_eq!(list(&root, "/all/gone"), [""; 0]);
        assert_eq!(list(&root, "/disk/staging/work"), [""; 0]);
    });
}

#[test]
fn a_lower_layer_on_a_disk_is_left_as_it_was() {
    on_machine(|| {
        let disk = MemoryDisk::new("test", 0, image());
        let root = ground();
        root.make_directory("/disk").unwrap();
        let ext2 = attach(&root, &disk);
        root.put("/disk/file", &[1; 20_000]).unwrap();
        root.make_directory("/disk/d").unwrap();
        mount(&root, "lowerdir=/disk,upperdir=/up,workdir=/staging");
        ext2.sync().unwrap();
        let before = disk.contents();
        assert_eq!(root.get("/all/file").unwrap(), [1; 20_000]);
        root.put("/all/file", b"2").unwrap();
        root.rmdir(None, b"/all/d").unwrap();
        root.make_directory("/all/d").unwrap();
        assert_eq!(list(&root, "/all"), ["d", "file", "lost+found"]);
        ext2.sync().unwrap();
        assert!(before == disk.contents());
    });
}

/// What is seen under the two names of a rename when the power goes before the write `at`.
fn after_a_cut(image: &[u8], at: usize) -> [Option<Vec<u8>>; 2] {
    let (code, words, image) = judged_by("e2fsprogs", "e2fsck", &["-f", "-p"], image);
    assert!(code < 4, "before write {at}: {words}");
    let root = ground();
    root.make_directory("/disk").unwrap();
    root.put("/low/file", b"low").unwrap();
    let ext2 = attach(&root, &MemoryDisk::new("test", 0, image));
    mount(&root, ON_DISK);
    let seen = ["/all/file", "/all/other"].map(|name| root.get(name).ok());
    unmount(&root);
    root.view.unmount(place(&root, "/disk"), false).unwrap();
    drop(ext2);
    seen
}

#[test]
fn a_rename_over_a_file_never_shows_what_lies_below() {
    on_machine(|| {
        let disk = MemoryDisk::new("test", 0, image());
        let root = ground();
        root.make_directory("/disk").unwrap();
        root.put("/low/file", b"low").unwrap();
        let ext2 = attach(&root, &disk);
        root.make_directory("/disk/up").unwrap();
        root.make_directory("/disk/staging").unwrap();
        mount(&root, ON_DISK);
        root.put("/all/file", b"mine").unwrap();
        root.put("/all/other", b"other").unwrap();
        ext2.sync().unwrap();
        let mut history = History::new(&disk, 4096);
        root.move_to("/all/file", "/all/other").unwrap();
        // It goes on under its new name.
        root.put("/all/other", b"changed").unwrap();
        assert_eq!(root.get("/disk/up/other").unwrap(), b"changed");
        root.put("/all/other", b"mine").unwrap();
        ext2.sync().unwrap();
        let length = history.collect(&disk);
        unmount(&root);
        root.view.unmount(place(&root, "/disk"), false).unwrap();
        drop(ext2);
        let mut done = 0;
        for at in 0..=length {
            let [file, other] = after_a_cut(&history.cut(at, || true), at);
            let mine = |seen: &Option<Vec<u8>>| {
                let words: [&[u8]; 3] = [b"mine", b"changed", b""];
                seen.as_ref()
                    .is_some_and(|bytes| words.contains(&&bytes[..]))
            };
            assert_ne!(file.as_deref(), Some(&b"low"[..]), "before write {at}");
            assert!(file.is_none() || mine(&file), "before write {at}: {file:?}");
            assert!(mine(&file) || mine(&other), "before write {at}: {other:?}");
            done += usize::from(file.is_none() && mine(&other));
        }
        assert!(done > 0);
    });
}

#[test]
fn a_copy_that_has_its_name_has_its_bytes_whatever_the_power_does() {
    on_machine(|| {
        let disk = MemoryDisk::new("test", 0, image());
        let bytes = Random::new(2).bytes(30_000);
        let ground_with_file = || {
            let root = ground();
            root.make_directory("/disk").unwrap();
            root.make_directory("/low/dir").unwrap();
            root.put("/low/dir/file", &bytes).unwrap();
            root
        };
        let root = ground_with_file();
        let ext2 = attach(&root, &disk);
        root.make_directory("/disk/up").unwrap();
        root.make_directory("/disk/staging").unwrap();
        mount(&root, ON_DISK);
        ext2.sync().unwrap();
        let mut history = History::new(&disk, 4096);
        drop(root.touch("/all/dir/file").unwrap());
        // Brings names there, and no other file's bytes.
        root.touch("/all/other").unwrap().sync(true).unwrap();
        ext2.sync().unwrap();
        let length = history.collect(&disk);
        unmount(&root);
        root.view.unmount(place(&root, "/disk"), false).unwrap();
        drop(ext2);
        let mut random = Random::new(1);
        let mut copied = 0;
        for at in 0..=length {
            // All that was written is there, none of it since the latest flush, and some of it.
            for lost in 0..4 {
                let image = history.cut(at, || match lost {
                    0 => true,
                    1 => false,
                    _ => random.below(2) == 0,
                });
                let (code, words, image) = judged_by("e2fsprogs", "e2fsck", &["-f", "-p"], &image);
                assert!(code < 4, "before write {at}: {words}");
                let root = ground_with_file();
                let ext2 = attach(&root, &MemoryDisk::new("test", 0, image));
                mount(&root, ON_DISK);
                let seen = root.get("/all/dir/file").unwrap();
                assert!(seen == bytes, "before write {at}: {} bytes", seen.len());
                copied += usize::from(root.status("/disk/up/dir/file").is_ok());
                unmount(&root);
                root.view.unmount(place(&root, "/disk"), false).unwrap();
                drop(ext2);
            }
        }
        assert!(copied > 0);
    });
}

#[test]
fn a_rename_that_fails_at_the_old_name_leaves_both_files() {
    on_machine(|| {
        let disk = MemoryDisk::new("test", 0, image());
        let root = ground();
        root.make_directory("/disk").unwrap();
        root.make_directory("/low/dir").unwrap();
        root.put("/low/dir/file", b"low").unwrap();
        let _ext2 = attach(&root, &disk);
        root.make_directory("/disk/up").unwrap();
        root.make_directory("/disk/staging").unwrap();
        mount(&root, ON_DISK);
        root.put("/all/dir/file", b"mine").unwrap();
        root.put("/all/other", b"other").unwrap();
        let directory = place(&root, "/disk/up/dir");
        directory.inode().set_marks(FileMarks::IMMUTABLE).unwrap();
        let refused = root.move_to("/all/dir/file", "/all/other");
        assert_eq!(refused, Err(Error::NotPermitted));
        assert_eq!(root.get("/all/dir/file").unwrap(), b"mine");
        assert_eq!(root.get("/all/other").unwrap(), b"other");
        assert_eq!(root.get("/disk/up/other").unwrap(), b"other");
        assert_eq!(root.status("/all/dir/file").unwrap().links, 1);
        assert_eq!(list(&root, "/disk/staging/work"), [""; 0]);
        directory.inode().set_marks(FileMarks::empty()).unwrap();
        root.move_to("/all/dir/file", "/all/other").unwrap();
        assert_eq!(list(&root, "/all/dir"), [""; 0]);
        assert_eq!(root.get("/all/other").unwrap(), b"mine");
        assert_eq!(list(&root, "/disk/staging/work"), [""; 0]);
        root.put("/all/other", b"changed").unwrap();
        assert_eq!(root.get("/disk/up/other").unwrap(), b"changed");
    });
}

/// An upper layer on a file system that is to be prompt: who writes through the overlay need not sync either.
#[test]
fn what_is_prompt_below_is_prompt_through_the_overlay() {
    fn left(prompt: Prompt) -> (Option<Vec<u8>>, u32, Option<Vec<u8>>) {
        let (sender, receiver) = std::sync::mpsc::channel();
        on_machine(move || {
            let disk = MemoryDisk::new("test", 0, image());
            let root = ground();
            root.make_directory("/disk").unwrap();
            root.put("/low/file", b"low").unwrap();
            root.put("/low/cut", b"long").unwrap();
            let ext2 = attach(&root, &disk);
            root.make_directory("/disk/up").unwrap();
            root.make_directory("/disk/staging").unwrap();
            mount(&root, ON_DISK);
            for name in ["/all/file", "/all/cut"] {
                root.put(name, b"before").unwrap();
            }
            ext2.sync().unwrap();
            let volume = place(&root, "/disk").mount().volume().clone();
            volume.reconfigure(false, prompt, b"").unwrap();
            let options = OpenOptions {
                write: true,
                ..OpenOptions::default()
            };
            let file = root.open(b"/all/file", &options).unwrap();
            file.write(&mut Source::kernel(b"behind")).unwrap();
            root.chmod(None, b"/all/file", 0o600, ResolveFlags::empty())
                .unwrap();
            root.truncate(b"/all/cut", 3).unwrap();
            let look = ground();
            look.make_directory("/disk").unwrap();
            let _ext2 = attach(&look, &MemoryDisk::new("left", 1, disk.contents()));
            let mode = look.status("/disk/up/file").unwrap().mode;
            let bytes = |name| look.get(name).ok();
            sender
                .send((bytes("/disk/up/file"), mode, bytes("/disk/up/cut")))
                .unwrap();
        });
        receiver.recv().unwrap()
    }
    let (bytes, mode, cut) = left(Prompt::empty());
    assert_eq!((bytes.as_deref(), mode), (Some(&b"before"[..]), 0o666));
    assert_eq!(cut.as_deref(), Some(&b"before"[..]));
    let (bytes, mode, cut) = left(Prompt::ALL);
    assert_eq!((bytes.as_deref(), mode), (Some(&b"behind"[..]), 0o600));
    assert_eq!(cut.as_deref(), Some(&b"bef"[..]));
}

/// Who makes the upper layer's file system read-only has it left alone by the overlay as well.
#[test]
fn a_file_system_that_became_read_only_is_not_written_through_the_overlay() {
    on_machine(|| {
        let disk = MemoryDisk::new("test", 0, image());
        let root = ground();
        root.make_directory("/disk").unwrap();
        root.put("/low/file", b"low").unwrap();
        let _ext2 = attach(&root, &disk);
        root.make_directory("/disk/up").unwrap();
        root.make_directory("/disk/staging").unwrap();
        mount(&root, ON_DISK);
        let open = root.touch("/all/open").unwrap();
        let volume = place(&root, "/disk").mount().volume().clone();
        let change = |read_only| volume.reconfigure(read_only, Prompt::empty(), b"");
        assert_eq!(change(true), Err(Error::Busy));
        drop(open);
        change(true).unwrap();
        let refused = Error::ReadOnlyFileSystem;
        assert_eq!(root.put("/all/file", b"new"), Err(refused));
        assert_eq!(root.make_directory("/all/dir").err(), Some(refused));
        assert_eq!(root.remove("/all/file"), Err(refused));
        assert_eq!(root.move_to("/all/file", "/all/other"), Err(refused));
        assert_eq!(root.get("/all/file").unwrap(), b"low");
        change(false).unwrap();
        root.put("/all/file", b"new").unwrap();
        assert_eq!(root.get("/disk/up/file").unwrap(), b"new");
    });
}
