//! What others have written is read whole.

use std::collections::BTreeSet;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;

use base::Error;
use device::block::{BlockCache, BlockDevice};
use mem::transfer::Sink;
use object::FileKind;
use vfs::{FileSystem, FsContext};

use super::kit::*;
use crate::Ext2;

/// A tree on the host with a bit of everything that needs no privileges.
pub(super) fn build_tree(root: &Path, files: usize) {
    let mut random = Random::new(7);
    std::fs::create_dir(root).unwrap();
    for (name, size) in [
        ("empty", 0),
        ("one", 1),
        ("block", 4096),
        ("direct", 12 * 1024),
        ("indirect", 300 * 1024),
        ("double", 1_200_000),
    ] {
        std::fs::write(root.join(name), random.bytes(size)).unwrap();
    }
    let many = root.join("many");
    std::fs::create_dir(&many).unwrap();
    for number in 0..files {
        let name = format!("a name of some length, so that there are many blocks {number}");
        std::fs::write(many.join(name), number.to_string()).unwrap();
    }
    let deep = root.join("a/b/c/d/e");
    std::fs::create_dir_all(&deep).unwrap();
    symlink("../../../../one", deep.join("..fast")).unwrap();
    symlink("/".repeat(100) + "one", root.join("slow")).unwrap();
    std::fs::hard_link(root.join("one"), root.join("a/other")).unwrap();
    std::fs::set_permissions(root.join("block"), PermissionsExt::from_mode(0o4751)).unwrap();
    // A file with holes.
    let sparse = std::fs::File::create(root.join("sparse")).unwrap();
    std::os::unix::fs::FileExt::write_at(&sparse, b"here", 3_000_000).unwrap();
    std::os::unix::fs::FileExt::write_at(&sparse, b"there", 100_000).unwrap();
}

/// Whether everything below a place is as it is on the host.
pub(super) fn compare(context: &FsContext, host: &Path, here: &str) {
    let status = context.link_status(here).unwrap();
    let metadata = host.symlink_metadata().unwrap();
    assert_eq!(status.mode, metadata.mode() & 0o7777, "{here}");
    if here != "/" {
        // mke2fs makes lost+found in the root.
        assert_eq!(status.modification_time.seconds, metadata.mtime(), "{here}");
    }
    if metadata.is_dir() {
        let mut there: BTreeSet<String> = std::fs::read_dir(host)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        if here == "/" {
            there.insert("lost+found".into());
        }
        let names: Vec<String> = context
            .names(here)
            .unwrap()
            .into_iter()
            .filter(|name| name != "." && name != "..")
            .collect();
        assert_eq!(names.len(), there.len(), "{here}");
        assert_eq!(
            names.iter().cloned().collect::<BTreeSet<_>>(),
            there,
            "{here}"
        );
        for name in names.iter().filter(|name| *name != "lost+found") {
            compare(
                context,
                &host.join(name),
                &format!("{}/{name}", here.trim_end_matches('/')),
            );
        }
    } else if metadata.is_symlink() {
        let body = context.readlink(None, here.as_bytes()).unwrap();
        assert_eq!(
            body,
            std::fs::read_link(host)
                .unwrap()
                .as_os_str()
                .as_encoded_bytes()
        );
    } else {
        assert_eq!(u64::from(status.links), metadata.nlink(), "{here}");
        assert_eq!(status.size, metadata.len(), "{here}");
        assert!(
            context.get(here).unwrap() == std::fs::read(host).unwrap(),
            "{here}"
        );
    }
}

fn round(arguments: &[&str], read_only: bool) {
    let tree = Scratch::new("tree");
    build_tree(&tree.0, 400);
    let mut all = vec!["-d", tree.0.to_str().unwrap()];
    all.extend(arguments);
    let image = make_image(16 * 1024, &all);
    on_machine(move || {
        let disk = disk(image.clone());
        let ext2 = Ext2::mount(disk.clone(), read_only).unwrap();
        let context = context(&ext2);
        compare(&context, &tree.0, "/");
        if read_only {
            assert_eq!(context.touch("/new").err(), Some(Error::ReadOnlyFileSystem));
            assert_eq!(
                context.remove("/one").err(),
                Some(Error::ReadOnlyFileSystem)
            );
        }
        drop(context);
        ext2.unmount().unwrap();
        if read_only {
            assert!(disk.contents() == image, "a read-only mount writes nothing");
        }
        assert_clean(&disk.contents());
    });
}

#[test]
fn trees_of_every_block_size_are_read_whole() {
    for size in ["1024", "2048", "4096"] {
        for inode in ["128", "256"] {
            round(&["-b", size, "-I", inode], size == "2048");
        }
    }
}

#[test]
fn trees_without_and_with_features_are_read_whole() {
    round(&["-O", "none", "-b", "1024"], false);
    round(&["-r", "0", "-b", "1024"], false);
    round(&["-O", "^dir_index,^filetype", "-b", "4096"], false);
    round(
        &[
            "-O",
            "sparse_super,^resize_inode",
            "-b",
            "1024",
            "-g",
            "2048",
        ],
        true,
    );
}

#[test]
fn a_hash_index_is_read_and_given_up_when_a_name_is_entered() {
    let tree = Scratch::new("tree");
    build_tree(&tree.0, 1500);
    let image = make_image(16 * 1024, &["-b", "1024", "-d", tree.0.to_str().unwrap()]);
    // e2fsck -D builds the indices.
    let (code, words, image) = check(&image, "-yD");
    assert!(code <= 1, "{words}");
    on_machine(move || {
        let disk = disk(image);
        let ext2 = mount(&disk);
        let context = context(&ext2);
        let name =
            |number| format!("/many/a name of some length, so that there are many blocks {number}");
        assert_eq!(context.get(&name(1234)), Ok(b"1234".to_vec()));
        assert_eq!(context.names("/many").unwrap().len(), 1502);
        context.remove(&name(77)).unwrap();
        for number in 0..300 {
            context.put(&format!("/many/new {number}"), b"x").unwrap();
        }
        assert_eq!(context.error(&name(77)), Some(Error::NotFound));
        assert_eq!(context.names("/many").unwrap().len(), 1801);
        drop(context);
        ext2.unmount().unwrap();
        assert_clean(&disk.contents());
    });
}

#[test]
fn what_is_not_known_is_refused() {
    let refused = |arguments: &[&str]| {
        let image = make_image(8 * 1024, arguments);
        on_machine(move || {
            let disk = disk(image);
            assert_eq!(Ext2::mount(disk, false).err(), Some(Error::InvalidArgument));
        });
    };
    refused(&["-t", "ext4"]);
    refused(&["-O", "meta_bg,^resize_inode"]);
    on_machine(|| {
        let nothing = Ext2::mount(disk(vec![0; 1 << 20]), false).err();
        assert_eq!(nothing, Some(Error::InvalidArgument));
        let short = Ext2::mount(disk(vec![0; 512]), false).err();
        assert_eq!(short, Some(Error::InvalidArgument));
    });
    // Features that forbid writing only.
    let image = make_image(8 * 1024, &["-O", "huge_file"]);
    on_machine(move || {
        let ext2 = mount(&disk(image));
        assert!(ext2.is_read_only());
        assert_eq!(
            context(&ext2).touch("/x").err(),
            Some(Error::ReadOnlyFileSystem)
        );
    });
}

#[test]
fn what_the_file_system_takes_for_itself_is_no_room() {
    // With and without room for more descriptors, copies everywhere or in some groups, written down or counted.
    for features in [
        "sparse_super",
        "sparse_super,^resize_inode",
        "^sparse_super,^resize_inode",
    ] {
        let mut image = make_image(64 * 1024, &["-b", "1024", "-O", features]);
        let overhead = 1024 + 0x248;
        let written = u32::from_le_bytes(image[overhead..overhead + 4].try_into().unwrap());
        assert_ne!(written, 0, "mke2fs writes it down");
        image[overhead..overhead + 4].fill(0);
        on_machine(move || {
            let all = mount(&disk(image)).statistics();
            assert_eq!(all.blocks, 64 * 1024 - u64::from(written), "{features}");
        });
    }
}

#[test]
fn statistics_are_what_dumpe2fs_says() {
    let image = make_image(8 * 1024, &["-b", "1024"]);
    on_machine(move || {
        let ext2 = mount(&disk(image));
        let all = ext2.statistics();
        assert_eq!(
            (all.block_size, all.inodes, all.magic),
            (1024, 2048, 0xef53)
        );
        assert_eq!(all.inodes_free, 2048 - 11);
        assert!(all.blocks_free < all.blocks && all.blocks_available < all.blocks_free);
        // Of an empty file system only the root directory, `lost+found` and one block of the inode that
        // keeps room for more descriptors are not free.
        assert_eq!(all.blocks - all.blocks_free, 1 + 12 + 1);
        assert_eq!(
            context(&ext2).status("/").unwrap().kind,
            FileKind::Directory
        );
    });
}

#[test]
fn who_reads_the_disk_after_an_unmount_sees_what_was_written_to_it() {
    on_machine(|| {
        let disk = disk(make_image(1024, &["-b", "1024"]));
        let ext2 = mount(&disk);
        let device: Arc<dyn BlockDevice> = disk.clone();
        let node = BlockCache::of(&device).unwrap();
        let read = || {
            let mut bytes = vec![0; 1024 * 1024];
            let done = node.pages().read_at(0, &mut Sink::kernel(&mut bytes));
            assert_eq!(done, Ok(bytes.len()));
            bytes
        };
        // As blkid does while it is mounted.
        read();
        context(&ext2).put("/file", b"written").unwrap();
        ext2.unmount().unwrap();
        drop(ext2);
        assert!(read() == disk.contents());
        drop(node);
        BlockCache::forget(&device).unwrap();
    });
}
